"""Our own engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines.vector_set import VectorSet
from colmodern import Embeddings, IndexConfig, Indexer, Searcher, SearchRequest
from colmodern.types import TokenEmbeddings


class ColModern:
    """Index and search through the package's front door."""

    _searcher: Searcher
    _threads: int

    def build(self, vectors: VectorSet, folder: Path, **options: Any) -> None:
        """Index arrays on disk; options are those of ``IndexConfig``."""
        data = Embeddings.from_arrays(vectors.tokens_path, vectors.offsets_path)
        Indexer(folder, config=IndexConfig(**options)).build_from_embeddings(data)

    def open(self, vectors: VectorSet, folder: Path, *, threads: int) -> None:  # noqa: ARG002
        """Open the index."""
        self._searcher = Searcher.open(folder)
        self._threads = threads

    def prepare(self, query: NDArray[np.float32]) -> TokenEmbeddings:
        """Return the query with empty spans."""
        return TokenEmbeddings(query, np.zeros((len(query), 2), np.int32))

    def search(self, query: Any, k: int, **point: Any) -> list[int]:
        """Search at an effort."""
        request = SearchRequest(k=k, threads=self._threads, passages=False, **point)
        hits = self._searcher.search_embeddings(query, request)
        return [int(doc_id) for doc_id in hits.doc_ids]

    def describe(self, folder: Path) -> dict[str, Any]:
        """Return what the index says of itself."""
        with Searcher.open(folder) as searcher:
            about = searcher.describe()
        return {name: about[name] for name in ("centroids", "bits", "segments", "kernels")}


ENGINE = ColModern
