"""How do texts become training pieces?

A part of the stage ``prepare``. A piece is a run of tokens of one text between its markers. Texts
are cut at lengths drawn from the recipe; the pieces are written once, as one Arrow file, and every
later stage reads that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from colmodern.distill.data.forbidden import Forbidden, forbidden_of
from colmodern.distill.data.rows import find_files, read_column, read_rows, text_of
from colmodern.distill.options.data import PrepareRecipe

logger = logging.getLogger(__name__)

_BATCH = 4096


def prepare_pieces(
    recipe: PrepareRecipe, *, data: Path, tokenizer: Path, seed: int, target: Path
) -> Path:
    """Write all pieces to ``target`` (Arrow, a list of token ids a row) and return it.

    Args:
        recipe: Which texts, how long the pieces.
        data: The folder they lie in.
        tokenizer: The student's ``tokenizer.json``.
        seed: Decides where texts are cut.
        target: The file to write.

    Raises:
        InputError: A source of the recipe matches no file, or a row cannot be read.
    """
    from tokenizers import Tokenizer

    words = Tokenizer.from_file(str(tokenizer))
    words.no_truncation()
    words.no_padding()
    rng = np.random.default_rng(seed)
    lengths = np.asarray(recipe.lengths)
    weights = np.asarray(recipe.length_weights) / sum(recipe.length_weights)
    schema = pa.schema([("ids", pa.list_(pa.int32()))])
    scratch = target.with_suffix(".partial")
    forbidden = forbidden_of(recipe, data)
    n_pieces = n_tokens = 0
    with pa.OSFile(str(scratch), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in _batches(_unique(read_texts(recipe, data, forbidden))):
            pieces: list[list[int]] = []
            for encoding in words.encode_batch(batch, add_special_tokens=False):
                pieces.extend(_cut(encoding.ids, rng, lengths, weights))
            writer.write_batch(pa.record_batch([pa.array(pieces, pa.list_(pa.int32()))], schema))
            n_pieces += len(pieces)
            n_tokens += sum(map(len, pieces))
    scratch.replace(target)
    forbidden.report(target.with_name("decontamination-texts.json"))
    logger.info("prepared %d pieces, %d tokens", n_pieces, n_tokens)
    return target


def load_pieces(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return (ids, offsets) of all pieces, int32 and int64, memory-mapped where possible."""
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    column = table.column("ids").combine_chunks()
    return column.values.to_numpy(), column.offsets.to_numpy().astype(np.int64)


def read_texts(
    recipe: PrepareRecipe, data: Path, forbidden: Forbidden | None = None
) -> Iterator[str]:
    """Yield every text of every source, in the order of the recipe, but the forbidden ones."""
    if forbidden is None:
        forbidden = forbidden_of(recipe, data)
    for source in recipe.sources:
        files = find_files(source.files, data)
        wanted = _ids(source.only_ids_in, source.ids_column, data)
        unwanted = _ids(source.except_ids_in, source.ids_column, data) or set()
        for file in files:
            for row in read_rows(file):
                if (wanted is None or row.get("_id") in wanted) and row.get("_id") not in unwanted:
                    texts = (text_of(row, name, file) for name in source.fields)
                    yield from (text for text in texts if text and text not in forbidden)


def _ids(file: str, column: int, data: Path) -> set[str] | None:
    return read_column(data / file, column) if file else None


def _unique(texts: Iterator[str]) -> Iterator[str]:
    seen: set[int] = set()
    for text in texts:
        key = hash(text)
        if key not in seen:
            seen.add(key)
            yield text


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _cut(
    ids: list[int], rng: np.random.Generator, lengths: np.ndarray, weights: np.ndarray
) -> Iterator[list[int]]:
    start = 0
    while start < len(ids):
        end = start + int(rng.choice(lengths, p=weights))
        yield ids[start:end]
        start = end
