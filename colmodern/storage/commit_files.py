"""The small files that a commit adds beside the segments: tombstones and sources."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from colmodern.storage.layout import (
    sources_name,
    sources_schema,
    tombstones_name,
    tombstones_schema,
)
from colmodern.storage.manifest import CodecRecord, FileRecord, SegmentRecord
from colmodern.storage.records import SourceRecord
from colmodern.storage.segment import Segment
from colmodern.storage.tables import write_table

__all__ = ["write_sources", "write_tombstones"]


def write_tombstones(
    folder: Path,
    record: SegmentRecord,
    codec: CodecRecord,
    deleted: Iterable[int],
    *,
    generation: int,
) -> SegmentRecord:
    """Delete positions of a segment on top of those deleted before; return its new record."""
    segment = Segment(folder, record, codec)
    alive = segment.alive.copy()
    alive[sorted(deleted)] = False
    dead = np.flatnonzero(~alive).astype(np.int32)
    file = write_table(
        folder, tombstones_name(record.name, generation), tombstones_schema(), [pa.array(dead)]
    )
    return dataclasses.replace(
        record,
        n_deleted_documents=len(dead),
        n_deleted_tokens=int(np.diff(segment.token_offsets)[dead].sum()),
        tombstones=file,
    )


def write_sources(folder: Path, records: Sequence[SourceRecord], *, generation: int) -> FileRecord:
    """Write the list of sources and return the record of its file."""
    schema = sources_schema()
    columns = [
        pa.array([getattr(record, field.name) for record in records], type=field.type)
        for field in schema
    ]
    return write_table(folder, sources_name(generation), schema, columns)
