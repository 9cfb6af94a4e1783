"""How does PyLate ask an index? By the shape of its own indexes, without being imported.

>>> index = PyLateIndex(index_folder="indexes", index_name="mine")  # doctest: +SKIP
>>> retrieve.ColBERT(index=index).retrieve(queries_embeddings, k=10)  # doctest: +SKIP

What is expected of it is ``pylate.indexes.base.Base`` of PyLate 1.6, with ``subset`` as in its
``PLAID``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from colmodern.errors import InputError
from colmodern.indexer import Embeddings, Indexer
from colmodern.request import IndexConfig, Scoring, SearchRequest
from colmodern.searcher import Searcher
from colmodern.searcher.checks import found_document
from colmodern.storage import EncoderInfo, IndexReader, exists, open_reader, reconstructed
from colmodern.types import FloatMatrix, TokenEmbeddings


class PyLateIndex:
    """An index of token vectors that PyLate makes; ids are strings."""

    def __init__(
        self,
        index_folder: str | Path = "indexes",
        index_name: str = "colmodern",
        override: bool = False,
        *,
        encoder: EncoderInfo | None = None,
        config: IndexConfig | None = None,
        **options: Any,
    ) -> None:
        """Work on the index ``index_folder/index_name``, which need not exist yet.

        Args:
            index_folder: Where indexes are.
            index_name: The name of this one.
            override: Whether an index that is there is removed first.
            encoder: What the index remembers as the encoder of its vectors; None: nothing.
            config: How a new index is built.
            **options: Fields of ``SearchRequest``, such as ``effort="high"``.
        """
        self._path = Path(index_folder) / index_name
        self._indexer = Indexer(self._path, encoder, config=config)
        how = {"passages": False, "scoring": Scoring.MAXSIM, **options}
        self._request = SearchRequest.of(None, how)
        if override and exists(self._path):
            shutil.rmtree(self._path)
        self._open: Searcher | None = None

    @property
    def is_end_to_end_index(self) -> bool:
        """Whether a call returns the final ranking: yes."""
        return True

    def add_documents(
        self, documents_ids: str | Sequence[str], documents_embeddings: Any, **_: Any
    ) -> Self:
        """Add documents; one whose id is there already takes its place.

        Args:
            documents_ids: Their ids.
            documents_embeddings: A matrix (n_tokens, dim) each: arrays or tensors.

        Raises:
            InputError: There are not as many ids as matrices, or vectors cannot be used.
        """
        ids = [documents_ids] if isinstance(documents_ids, str) else list(documents_ids)
        embeddings = Embeddings.from_matrices(list(_matrices(documents_embeddings)), ids=ids)
        if exists(self._path):
            self._indexer.update_from_embeddings(embeddings)
        else:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._indexer.build_from_embeddings(embeddings)
        return self

    def update_documents(self, documents_ids: Sequence[str], documents_embeddings: Any) -> Self:
        """Do the same as ``add_documents``."""
        return self.add_documents(documents_ids, documents_embeddings)

    def remove_documents(self, documents_ids: Sequence[str]) -> Self:
        """Remove documents; ids that are not there are left out."""
        self._indexer.delete(documents_ids)
        return self

    def __call__(
        self,
        queries_embeddings: Any,
        k: int = 10,
        subset: Sequence[str] | Sequence[Sequence[str]] | None = None,
    ) -> list[list[dict[str, Any]]]:
        """Return for each query the ids and scores of the documents found, best first.

        Args:
            queries_embeddings: A matrix (n_tokens, dim) each, an array of three dimensions, or one
                matrix for one query.
            k: How many documents at most.
            subset: Which documents may be found: ids for all queries, or for each.

        Raises:
            InputError: There is no index yet, or an id of the subset is not in it.
        """
        queries = list(_matrices(queries_embeddings))
        searcher = self._searcher()
        subsets = _subsets(subset, len(queries))
        return [
            self._found(searcher, query, k, only)
            for query, only in zip(queries, subsets, strict=True)
        ]

    def get_documents_embeddings(
        self, documents_ids: Sequence[Sequence[str]]
    ) -> list[list[FloatMatrix]]:
        """Return token vectors of documents, reconstructed from their codes.

        Raises:
            InputError: An id is not in the index.
        """
        with open_reader(self._path) as reader:
            return [[_vectors(reader, one) for one in several] for several in documents_ids]

    def _searcher(self) -> Searcher:
        if self._open is None:
            if not exists(self._path):
                message = f"There is no index in {self._path} yet: add documents first."
                raise InputError(message, code="data_empty")
            self._open = Searcher.open(self._path)
        elif not self._open.is_current():
            self._open = self._open.refresh()
        return self._open

    def _found(
        self, searcher: Searcher, query: FloatMatrix, k: int, only: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        tokens = TokenEmbeddings(query, np.zeros((len(query), 2), np.int32))
        allowed = None if only is None else searcher.masks_of(only)
        hits = searcher.search_embeddings(tokens, self._request, k=k, allowed=allowed)
        return [{"id": hit.doc_id, "score": hit.score} for hit in hits]


def _vectors(reader: IndexReader, doc_id: str) -> FloatMatrix:
    segment, position = found_document(reader, doc_id)
    return reconstructed(reader.codec, segment, position).vectors


def _matrices(given: Any) -> Iterator[FloatMatrix]:
    """Yield each matrix of a list, of an array of three dimensions, or the one that is given."""
    if getattr(given, "ndim", 3) == 2:
        given = [given]
    for one in given:
        array = one.detach().cpu().float().numpy() if hasattr(one, "detach") else np.asarray(one)
        kept = array if array.dtype == np.float16 else array.astype(np.float32, copy=False)
        yield np.ascontiguousarray(kept)


def _subsets(
    subset: Sequence[str] | Sequence[Sequence[str]] | None, n_queries: int
) -> list[Sequence[str] | None]:
    if subset is None or not subset or isinstance(subset[0], str):
        return [subset] * n_queries  # type: ignore[list-item]
    return list(subset)
