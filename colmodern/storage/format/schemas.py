"""Which columns do the files of an index hold?

The words for it are in FORMAT.md; this is the same table for the program.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "CentroidIds",
    "DocumentIds",
    "centroid_dtype",
    "contexts_schema",
    "document_dtype",
    "documents_schema",
    "lengths_schema",
    "postings_schema",
    "sources_schema",
    "tokens_schema",
    "tombstones_schema",
    "words_schema",
]

CentroidIds: TypeAlias = NDArray[np.uint16] | NDArray[np.uint32]
DocumentIds: TypeAlias = NDArray[np.uint16] | NDArray[np.uint32]


def centroid_dtype(n_centroids: int) -> DTypeLike:
    """Return the dtype of centroid ids: uint16 up to 65,536 centroids, else uint32."""
    return np.uint16 if n_centroids <= 1 << 16 else np.uint32


def document_dtype(n_documents: int) -> DTypeLike:
    """Return the dtype of the documents in postings: uint16 up to 65,536, else uint32."""
    return np.uint16 if n_documents <= 1 << 16 else np.uint32


def _centroid_type(n_centroids: int) -> Any:
    return pa.from_numpy_dtype(centroid_dtype(n_centroids))


def _item(kind: Any) -> Any:
    return pa.field("item", kind, nullable=False)


def _struct(columns: dict[str, Any]) -> Any:
    return pa.struct([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


def _schema(columns: dict[str, Any]) -> Any:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


@lru_cache(maxsize=8)
def documents_schema() -> Any:
    """Return the columns of ``documents.arrow``: a row for each document."""
    span = _struct({"skip": pa.uint8(), "length": pa.uint8()})
    wide_span = _struct({"token": pa.int32(), "start": pa.int32(), "length": pa.int32()})
    return _schema(
        {
            "id": pa.large_string(),
            "title": pa.large_string(),
            "text": pa.large_string(),
            "metadata": pa.large_string(),
            "source": pa.large_string(),
            "content_hash": pa.large_string(),
            "id_order": pa.int32(),
            "spans": pa.large_list(_item(span)),
            "wide_spans": pa.large_list(_item(wide_span)),
        }
    )


@lru_cache(maxsize=8)
def tokens_schema(*, n_centroids: int, residual_bytes: int) -> Any:
    """Return the columns of ``tokens.arrow``: a row for each token."""
    return _schema(
        {
            "centroid_id": _centroid_type(n_centroids),
            "residual": pa.list_(_item(pa.uint8()), residual_bytes),
            "gain": pa.float16(),
            "norm": pa.float16(),
        }
    )


@lru_cache(maxsize=8)
def contexts_schema(*, dim: int) -> Any:
    """Return the columns of ``contexts.arrow``: a row for each block of tokens of a document."""
    return _schema({"residual": pa.list_(_item(pa.uint8()), dim // 2), "gain": pa.float16()})


@lru_cache(maxsize=8)
def postings_schema(*, n_documents: int) -> Any:
    """Return the column of ``postings.arrow``: a row for each centroid."""
    kind = pa.from_numpy_dtype(document_dtype(n_documents))
    return _schema({"documents": pa.large_list(_item(kind))})


@lru_cache(maxsize=8)
def tombstones_schema() -> Any:
    """Return the column of a tombstone file: a row for each deleted document."""
    return _schema({"document": pa.int32()})


@lru_cache(maxsize=8)
def words_schema(*, n_documents: int) -> Any:
    """Return the columns of a words file: a row for each distinct word of a segment."""
    document = pa.from_numpy_dtype(document_dtype(n_documents))
    posting = _struct({"document": document, "count": pa.uint16()})
    return _schema({"word": pa.large_string(), "postings": pa.large_list(_item(posting))})


@lru_cache(maxsize=8)
def lengths_schema() -> Any:
    """Return the column of a lengths file: a row for each document of a segment."""
    return _schema({"words": pa.uint32()})


@lru_cache(maxsize=8)
def sources_schema() -> Any:
    """Return the columns of a sources file: a row for each source."""
    return _schema(
        {
            "path": pa.large_string(),
            "root": pa.large_string(),
            "size": pa.int64(),
            "mtime_ns": pa.int64(),
            "content_hash": pa.large_string(),
            "extractor": pa.large_string(),
            "document_ids": pa.large_list(_item(pa.large_string())),
        }
    )
