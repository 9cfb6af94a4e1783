"""The exact answer: float32 MaxSim of every query with every document."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines.vector_set import VectorSet
from colmodern import kernels

_BLOCK_TOKENS = 200_000


def exact_scores(vectors: VectorSet, cache: Path) -> NDArray[np.float32]:
    """Return the scores, shape (n_queries, n_documents), float32; computed once."""
    offsets, queries = vectors.offsets(), vectors.queries()
    shape = (len(queries), len(offsets) - 1)
    if cache.exists():
        cached: NDArray[np.float32] = np.load(cache)
        if cached.shape == shape:
            return cached
    print(f"exact scores of {shape[0]} queries and {shape[1]} documents", flush=True)
    tokens, scores = vectors.tokens(), np.empty(shape, np.float32)
    for first, last in pairwise(_blocks(offsets)):
        block = tokens[offsets[first] : offsets[last]].astype(np.float32)
        bounds = offsets[first : last + 1] - offsets[first]
        for row, query in zip(scores, queries, strict=True):
            row[first:last] = kernels.maxsim(query, block, bounds, threads=os.cpu_count() or 1)
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.save(cache, scores)
    return scores


def _blocks(offsets: NDArray[np.int64]) -> list[int]:
    """Return document numbers that cut all documents into blocks of some 200,000 tokens."""
    starts = np.arange(0, offsets[-1], _BLOCK_TOKENS)
    cuts = np.searchsorted(offsets, starts, side="left")
    return list(dict.fromkeys([*cuts.tolist(), len(offsets) - 1]))
