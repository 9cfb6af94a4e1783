"""What is encoded: packs of random texts of equal lengths, and real documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from colmodern.encoder import DEFAULT_NAME
from colmodern.encoder.checkpoint.sources import find_model
from colmodern.eval import Dataset

LENGTHS = (128, 512, 2048, 8192)
TOKENS = 8192
WORDS = 30_000  # ids below this are words of the default student
_MIXED = ("scisummnet", "scifact")

Texts = list[np.ndarray]


@dataclass(frozen=True)
class Load:
    """Texts as token ids, in batches of at most ``TOKENS`` once they are filled up."""

    name: str
    batches: list[Texts]

    @property
    def tokens(self) -> int:
        """How many tokens there are, without any that fill up."""
        return sum(len(text) for batch in self.batches for text in batch)


def equal_load(length: int, tokens: int = TOKENS) -> Load:
    """Return one batch of random texts of a length: as many as have ``tokens``, at least one."""
    rng = np.random.default_rng(1)
    n_texts = max(1, tokens // length)
    return Load(f"{length:,}", [[rng.integers(0, WORDS, length) for _ in range(n_texts)]])


def mixed_load(data: Path, tokens: int) -> Load:
    """Return every n-th document of the two collections, by length, cut at 8,192 tokens.

    Args:
        data: The folder that holds ``scisummnet`` and ``scifact``.
        tokens: About how many tokens the texts have together.
    """
    texts = [text for name in _MIXED for text in _texts_of(data / name)]
    every = max(1, round(sum(len(text) for text in texts) / tokens))
    return Load("real mix", list(_batches(sorted(texts[::every], key=len))))


def _texts_of(collection: Path) -> Texts:
    tokenizer = Tokenizer.from_file(str(find_model(DEFAULT_NAME)[1] / "tokenizer.json"))
    tokenizer.no_truncation()
    texts = [f"{document.title} {document.text}" for document in Dataset.load(collection).documents]
    return [np.array(found.ids[:TOKENS]) for found in tokenizer.encode_batch_fast(texts)]


def _batches(texts: Texts) -> Iterator[Texts]:
    """Yield texts of like lengths; they come sorted, so the last of a batch is the longest."""
    batch: Texts = []
    for text in texts:
        if batch and len(text) * (len(batch) + 1) > TOKENS:
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch
