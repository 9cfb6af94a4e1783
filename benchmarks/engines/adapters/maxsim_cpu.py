"""maxsim-cpu: MaxSim of float vectors with every document, no index."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import maxsim_cpu  # type: ignore[import-not-found]
import numpy as np
from numpy.typing import NDArray

from benchmarks.engines.vector_set import VectorSet

# Queries of more tokens leave its fast path and take ten times as long.
_MOST_TOKENS = 32


class MaxSimCpuEngine:
    """Keeps every vector in memory as float32; on disk they stay float16."""

    _documents: list[NDArray[np.float32]]

    def build(self, vectors: VectorSet, folder: Path, **options: Any) -> None:
        """Copy the vectors: they are the index."""
        assert not options
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(vectors.tokens_path, folder)

    def open(self, vectors: VectorSet, folder: Path, *, threads: int) -> None:  # noqa: ARG002
        """Read and convert all vectors; threads are set by the environment.

        Every document is an array of its own: views of one array end in a segmentation fault.
        """
        tokens = np.load(folder / "tokens.npy", mmap_mode="r")
        offsets = vectors.offsets().tolist()
        self._documents = [tokens[start:end].astype(np.float32) for start, end in pairwise(offsets)]

    def prepare(self, query: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the query in parts of at most 32 tokens; MaxSim is the sum over them."""
        return [
            query[start : start + _MOST_TOKENS].copy()
            for start in range(0, len(query), _MOST_TOKENS)
        ]

    def search(self, query: Any, k: int, **point: Any) -> list[int]:
        """Score all documents and sort them."""
        assert not point
        scores = np.zeros(len(self._documents), np.float32)
        for part in query:
            scores += np.asarray(maxsim_cpu.maxsim_scores_variable(part, self._documents))
        best: list[int] = np.argsort(-scores, kind="stable")[:k].tolist()
        return best

    def describe(self, folder: Path) -> dict[str, Any]:  # noqa: ARG002
        """Return nothing: there are no centroids."""
        return {}


ENGINE = MaxSimCpuEngine
