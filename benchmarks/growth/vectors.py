"""The token vectors of real texts, and more of them by disturbing those.

A collection's vectors are made once and kept in a folder of its name: ``tokens.f16`` (float16, a
row a token), ``offsets.npy`` (int64), and the same of its queries, ``query_tokens.f16`` and
``query_offsets.npy``.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.encoder import load_encoder
from colmodern.types import DocumentEncoder, FloatMatrix, IntVector

DIM = 128
COLLECTIONS = (
    "cacm",
    "cisi",
    "time",
    "cosqa",
    "scifact",
    "leval-long",
    "scisummnet",
    "qmsum-train",
)
PAIRS = "pairs"
_N_QUERIES = 300
_BATCH = 64

Half: TypeAlias = NDArray[np.float16]


def encode(data: Path, work: Path, names: Iterable[str] = (*COLLECTIONS, PAIRS)) -> None:
    """Make the vectors of collections and pairs that are not there yet."""
    encoder = load_encoder()
    for name in names:
        folder = work / name
        if (folder / "tokens.f16").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        if name == PAIRS:
            texts: Iterable[str] = _pair_texts(data / PAIRS)
        else:
            queries = [row["text"] for row in _rows(data / name / "queries.jsonl.gz")]
            random.Random(0).shuffle(queries)
            _write(folder, "query_", encoder, queries[:_N_QUERIES])
            texts = map(_text_of, _rows(data / name / "corpus.jsonl.gz"))
        _write(folder, "", encoder, texts)


def read(folder: Path, prefix: str = "") -> tuple[Half, IntVector]:
    """Return the vectors of a collection, mapped, and where its documents begin."""
    offsets = np.load(folder / f"{prefix}offsets.npy")
    path = folder / f"{prefix}tokens.f16"
    return np.memmap(path, np.float16, "r").reshape(-1, DIM), offsets


def disturbed(rng: np.random.Generator, vectors: Half, noise: float) -> Half:
    """Return unit vectors, each that of a token with noise of a length added."""
    found: FloatMatrix = vectors.astype(np.float32)
    found += rng.standard_normal(found.shape, dtype=np.float32) * np.float32(noise / np.sqrt(DIM))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found.astype(np.float16)


def _write(folder: Path, prefix: str, encoder: DocumentEncoder, texts: Iterable[str]) -> None:
    lengths = []
    unfinished = folder / f"{prefix}tokens.tmp"
    rest = iter(texts)
    with unfinished.open("wb") as file:
        while batch := list(islice(rest, _BATCH)):
            make = encoder.encode_queries if prefix else encoder.encode_documents
            for tokens in make(batch):
                file.write(tokens.vectors.astype(np.float16).tobytes())
                lengths.append(len(tokens))
    np.save(folder / f"{prefix}offsets.npy", np.cumsum([0, *lengths]))
    unfinished.rename(folder / f"{prefix}tokens.f16")
    print(f"{folder.name}: {len(lengths)} {prefix}texts, {sum(lengths)} tokens", flush=True)


def _pair_texts(folder: Path) -> list[str]:
    texts = {row["document"] for path in folder.glob("*.jsonl.gz") for row in _rows(path)}
    shuffled = sorted(texts)
    random.Random(0).shuffle(shuffled)
    return shuffled


def _text_of(row: dict[str, Any]) -> str:
    return f"{row.get('title', '')} {row['text']}".strip() or "-"


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
