"""What the files of an index are called and which columns they hold.

The words for it are in FORMAT.md; this is the same table for the program. Nothing here touches
a disk.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "DRAFT",
    "LOCK",
    "MANIFEST",
    "PENDING",
    "SEGMENT_PARTS",
    "CentroidIds",
    "DocumentIds",
    "centroid_dtype",
    "codec_name",
    "contexts_schema",
    "document_dtype",
    "documents_schema",
    "is_file_name",
    "is_ours",
    "postings_schema",
    "segment_name",
    "segment_number",
    "sources_name",
    "sources_schema",
    "tokens_schema",
    "tombstones_name",
    "tombstones_schema",
]

CentroidIds: TypeAlias = NDArray[np.uint16] | NDArray[np.uint32]
DocumentIds: TypeAlias = NDArray[np.uint16] | NDArray[np.uint32]

MANIFEST = "manifest.json"
PENDING = "pending.json"
DRAFT = ".tmp"
LOCK = "writer.lock"
SEGMENT_PARTS = ("documents", "tokens", "contexts", "postings")

_SEGMENT = re.compile(r"segment-([0-9]{6,18})")
_FILE = re.compile(
    r"codec-g[0-9]{6,18}\.arrow|sources-g[0-9]{6,18}\.arrow"
    r"|tombstones-[0-9]{6,18}-g[0-9]{6,18}\.arrow"
)


def segment_name(number: int) -> str:
    """Return the name of a segment's folder."""
    return f"segment-{number:06d}"


def segment_number(name: str) -> int | None:
    """Return the number of a segment's folder, or None if the name is not one."""
    match = _SEGMENT.fullmatch(name)
    return int(match[1]) if match else None


def codec_name(generation: int) -> str:
    """Return the name of the codec file first written for a generation."""
    return f"codec-g{generation:06d}.arrow"


def sources_name(generation: int) -> str:
    """Return the name of the sources file first written for a generation."""
    return f"sources-g{generation:06d}.arrow"


def tombstones_name(segment: str, generation: int) -> str:
    """Return the name of a segment's tombstone file first written for a generation."""
    return f"tombstones-{segment.removeprefix('segment-')}-g{generation:06d}.arrow"


def is_ours(name: str) -> bool:
    """Return whether an entry of an index folder is one that a writer may remove."""
    if name in {PENDING, PENDING + DRAFT, MANIFEST + DRAFT}:
        return True
    return bool(_SEGMENT.fullmatch(name) or _FILE.fullmatch(name))


def is_file_name(name: str) -> bool:
    """Return whether a manifest may name this file; nothing outside the folder passes."""
    folder, slash, part = name.rpartition("/")
    if not slash:
        return _FILE.fullmatch(name) is not None
    return segment_number(folder) is not None and part in {f"{p}.arrow" for p in SEGMENT_PARTS}


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


def contexts_schema(*, dim: int) -> Any:
    """Return the columns of ``contexts.arrow``: a row for each block of tokens of a document."""
    return _schema({"residual": pa.list_(_item(pa.uint8()), dim // 2), "gain": pa.float16()})


def postings_schema(*, n_documents: int) -> Any:
    """Return the column of ``postings.arrow``: a row for each centroid."""
    kind = pa.from_numpy_dtype(document_dtype(n_documents))
    return _schema({"documents": pa.large_list(_item(kind))})


def tombstones_schema() -> Any:
    """Return the column of a tombstone file: a row for each deleted document."""
    return _schema({"document": pa.int32()})


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
