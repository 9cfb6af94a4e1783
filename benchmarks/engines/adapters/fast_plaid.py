"""fast-plaid, on the CPU, with its own defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253 - the peers' process
from fast_plaid.search import FastPlaid  # type: ignore[import-not-found]
from numpy.typing import NDArray

from benchmarks.engines.adapters import EngineError
from benchmarks.engines.adapters.half import multiply_half_in_single
from benchmarks.engines.vector_set import VectorSet


class FastPlaidEngine:
    """Search through ``FastPlaid.search``, one query a call."""

    _index: FastPlaid

    def build(self, vectors: VectorSet, folder: Path, **options: Any) -> None:
        """Create an index; options are those of ``FastPlaid.create``."""
        documents = [torch.from_numpy(document) for document in vectors.documents()]
        kept = multiply_half_in_single()
        FastPlaid(str(folder), device="cpu").create(documents, **options)
        del kept

    def open(self, vectors: VectorSet, folder: Path, *, threads: int) -> None:  # noqa: ARG002
        """Open the index, which it would make if it were not there."""
        if not (folder / "metadata.json").exists():
            raise EngineError(f"There is no index of fast-plaid in {folder}.")
        torch.set_num_threads(threads)
        self._index = FastPlaid(str(folder), device="cpu")

    def prepare(self, query: NDArray[np.float32]) -> torch.Tensor:
        """Return the query as a batch of one."""
        return torch.from_numpy(query).unsqueeze(0)

    def search(self, query: Any, k: int, **point: Any) -> list[int]:
        """Search; an empty answer is how it reports a failure."""
        (found,) = self._index.search(query, top_k=k, show_progress=False, **point)
        if not found:
            raise EngineError("fast-plaid found nothing: its search failed and did not say why.")
        return [number for number, _ in found]

    def describe(self, folder: Path) -> dict[str, Any]:
        """Return what its metadata say."""
        about = json.loads((folder / "metadata.json").read_text())
        centroids = np.load(folder / "centroids.npy", mmap_mode="r")
        return {"centroids": len(centroids), "bits": about["nbits"]}


ENGINE = FastPlaidEngine
