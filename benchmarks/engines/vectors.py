"""The vectors that all engines are measured on: the default student's, over real text.

    python -m benchmarks.engines.vectors DATA WORK

DATA is a folder of collections (BEIR layout, ``<name>/corpus.jsonl.gz``) and ``pairs``. WORK gets a
folder ``short`` and a folder ``long`` with ``tokens.npy`` (float16, a row a token), ``offsets.npy``
(int64), and the same of the queries in ``query_tokens.npy`` and ``query_offsets.npy``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from colmodern.encoder import load_encoder
from colmodern.types import TokenEmbeddings

_SHORT_CHARS = 520
_LONG_CHARS = 13_500
_N_QUERIES = 200
_PAIRS = ("medquad", "debian-descriptions", "policyqa", "pubmedqa", "scitldr", "code-docstring")


def main() -> None:
    """Encode both sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--short", type=int, default=20_000, help="passages")
    parser.add_argument("--long", type=int, default=1_500, help="documents")
    options = parser.parse_args()
    encoder = load_encoder()
    for name, texts, queries in (
        (
            "long",
            islice(long_documents(options.data), options.long),
            citing_sentences(options.data),
        ),
        ("short", short_passages(options.data, options.short), questions(options.data)),
    ):
        folder = options.work / name
        folder.mkdir(parents=True, exist_ok=True)
        save(folder, "query_", encoder.encode_queries(queries))
        save(
            folder,
            "",
            (tokens for batch in batches(texts) for tokens in encoder.encode_documents(batch)),
        )


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the texts in lists of 256."""
    rest = iter(texts)
    while batch := list(islice(rest, 256)):
        yield batch


def save(folder: Path, prefix: str, encoded: Iterable[TokenEmbeddings]) -> None:
    """Write vectors and offsets."""
    parts = [tokens.vectors.astype(np.float16) for tokens in encoded]
    np.save(folder / f"{prefix}tokens.npy", np.concatenate(parts))
    np.save(folder / f"{prefix}offsets.npy", np.cumsum([0, *map(len, parts)]))
    what = "queries" if prefix else "documents"
    print(f"{folder.name}: {len(parts)} {what}, {sum(map(len, parts))} tokens", flush=True)


def long_documents(data: Path) -> Iterator[str]:
    """Yield pieces of papers, about 3,000 tokens each."""
    for row in rows(data / "scisummnet" / "corpus.jsonl.gz"):
        pieces = cut(row["text"], _LONG_CHARS)
        yield from (piece for piece in pieces if len(piece) > _LONG_CHARS * 0.7)


def short_passages(data: Path, n: int) -> list[str]:
    """Return passages of about 120 tokens from several collections, shuffled."""
    texts = [row["text"] for row in rows(data / "scifact" / "corpus.jsonl.gz")]
    for name in _PAIRS:
        texts.extend(row["document"] for row in rows(data / "pairs" / f"{name}.jsonl.gz"))
    pieces = (piece for text in texts for piece in cut(text, _SHORT_CHARS))
    passages = sorted({piece for piece in pieces if len(piece) > _SHORT_CHARS * 0.8})
    random.Random(0).shuffle(passages)
    return passages[:n]


def citing_sentences(data: Path) -> list[str]:
    """Return sentences that cite the papers."""
    queries = [row["text"] for row in rows(data / "scisummnet" / "queries.jsonl.gz")]
    return random.Random(0).sample(queries, _N_QUERIES)


def questions(data: Path) -> list[str]:
    """Return scientific claims and questions about health, half each."""
    claims = sorted({row["text"] for row in rows(data / "scifact" / "queries.jsonl.gz")})
    asked = sorted({row["query"] for row in rows(data / "pairs" / "medquad.jsonl.gz")})
    draw = random.Random(0)
    return draw.sample(claims, _N_QUERIES // 2) + draw.sample(asked, _N_QUERIES // 2)


def cut(text: str, n_chars: int) -> list[str]:
    """Return a text in pieces of at most so many characters, cut at white space."""
    pieces: list[str] = []
    while len(text) > n_chars:
        end = text.rfind(" ", 0, n_chars)
        end = n_chars if end < n_chars // 2 else end
        pieces.append(text[:end])
        text = text[end:].strip()
    return [*pieces, text]


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a compressed JSON lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
