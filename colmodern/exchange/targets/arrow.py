"""What is an exported document in Arrow? Token vectors are lists of lists of fixed length."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from colmodern.exchange.rows import ExportedDocument
from colmodern.storage import IndexReader

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 1_024
_TOKENS = 1 << 17


def schema_of(reader: IndexReader) -> pa.Schema:
    """Return the columns, with what there is to know of the index as metadata of the schema."""
    import pyarrow as pa

    encoder = reader.manifest.encoder
    about = {
        "vectors": "reconstructed",
        "encoder": encoder.name,
        "fingerprint": encoder.fingerprint,
        "bits": reader.codec.bits,
        "generation": reader.manifest.generation,
    }
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("text", pa.large_string()),
            pa.field("title", pa.string()),
            pa.field("source", pa.string()),
            pa.field("metadata", pa.string()),
            pa.field("vectors", pa.list_(pa.list_(pa.float16(), reader.codec.dim))),
            pa.field("spans", pa.list_(pa.list_(pa.int32(), 2))),
        ],
        metadata={"colmodern": json.dumps(about)},
    )


def batches_of(reader: IndexReader, rows: Iterator[ExportedDocument]) -> Iterator[pa.RecordBatch]:
    """Yield rows in batches of ``schema_of``; metadata are JSON, since their fields differ."""
    import pyarrow as pa

    schema = schema_of(reader)
    for some in _several(rows):
        documents = [one.document for one in some]
        columns: list[Any] = [
            pa.array([one.id for one in documents], pa.string()),
            pa.array([one.text for one in documents], pa.large_string()),
            pa.array([one.title for one in documents], pa.string()),
            pa.array([one.source for one in documents], pa.string()),
            pa.array([json.dumps(dict(one.metadata)) for one in documents], pa.string()),
            _lists([one.vectors.astype(np.float16) for one in some]),
            _lists([one.spans for one in some]),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _lists(matrices: Sequence[np.ndarray[Any, Any]]) -> Any:
    """Return matrices of equal width as an array of lists of lists."""
    import pyarrow as pa

    offsets = np.cumsum([0, *map(len, matrices)]).astype(np.int32)
    flat = np.concatenate(matrices)
    inner = pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), flat.shape[1])
    return pa.ListArray.from_arrays(pa.array(offsets), inner)


def _several(rows: Iterator[ExportedDocument]) -> Iterator[Sequence[ExportedDocument]]:
    """Yield rows some at a time: so many documents, or tokens, as a batch may hold."""
    waiting: list[ExportedDocument] = []
    n_tokens = 0
    for row in rows:
        waiting.append(row)
        n_tokens += len(row.vectors)
        if len(waiting) >= _ROWS or n_tokens >= _TOKENS:
            yield waiting
            waiting, n_tokens = [], 0
    if waiting:
        yield waiting
