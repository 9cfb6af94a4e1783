"""One adapter an engine; each is imported only in the process that measures it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines.vector_set import VectorSet

ADAPTERS = ("colmodern", "fast_plaid", "xtr_warp", "maxsim_cpu")


class EngineError(Exception):
    """An engine did not do what it was asked."""


class Engine(Protocol):
    """What every adapter offers.

    Documents are known by their number in the vector set.
    """

    def build(self, vectors: VectorSet, folder: Path, **options: Any) -> None:
        """Write an index of all documents to ``folder``."""

    def open(self, vectors: VectorSet, folder: Path, *, threads: int) -> None:
        """Open an index that ``build`` wrote; later calls of ``search`` use so many threads."""

    def prepare(self, query: NDArray[np.float32]) -> Any:
        """Return a query, shape (n_tokens, dim), as the engine wants it; not timed."""

    def search(self, query: Any, k: int, **point: Any) -> list[int]:
        """Return the best ``k`` documents for a prepared query, best first."""

    def describe(self, folder: Path) -> dict[str, Any]:
        """Return what there is to know of an index, the number of its centroids in front."""


def load_engine(adapter: str) -> Engine:
    """Import an adapter, and with it the engine."""
    engine: Engine = importlib.import_module(f"{__name__}.{adapter}").ENGINE()
    return engine
