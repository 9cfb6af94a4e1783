"""xtr-warp-rs, on the CPU, with its own defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253 - the peers' process
from numpy.typing import NDArray
from xtr_warp import XTRWarp  # type: ignore[import-not-found]

from benchmarks.engines.adapters import EngineError
from benchmarks.engines.adapters.half import multiply_half_in_single
from benchmarks.engines.vector_set import VectorSet


class XtrWarpEngine:
    """Search through ``XTRWarp.search``, one query a call."""

    _index: XTRWarp
    _threads: int

    def build(self, vectors: VectorSet, folder: Path, **options: Any) -> None:
        """Create an index; options are those of ``XTRWarp.create``."""
        documents = [torch.from_numpy(document) for document in vectors.documents()]
        kept = multiply_half_in_single()
        XTRWarp(str(folder)).create(documents, device="cpu", show_progress=False, **options)
        del kept

    def open(self, vectors: VectorSet, folder: Path, *, threads: int) -> None:  # noqa: ARG002
        """Open the index, memory-mapped."""
        torch.set_num_threads(threads)
        self._threads = threads
        self._index = XTRWarp(str(folder)).load(device="cpu")

    def prepare(self, query: NDArray[np.float32]) -> torch.Tensor:
        """Return the query as a batch of one."""
        return torch.from_numpy(query).unsqueeze(0)

    def search(self, query: Any, k: int, **point: Any) -> list[int]:
        """Search; parameters that ``point`` does not name are those it chooses by itself."""
        (found,) = self._index.search(
            query, top_k=k, num_threads=self._threads, show_progress=False, **point
        )
        if not found:
            raise EngineError("xtr-warp-rs found nothing.")
        return [number for number, _ in found]

    def describe(self, folder: Path) -> dict[str, Any]:
        """Return what its metadata say."""
        about = json.loads((folder / "metadata.json").read_text())
        return {"centroids": about.get("num_centroids", about["num_partitions"])}


ENGINE = XtrWarpEngine
