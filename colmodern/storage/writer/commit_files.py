"""Which small files does a commit add beside the segments? Tombstones and sources."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from colmodern.storage.directory import Directory
from colmodern.storage.format.documents import SourceRecord
from colmodern.storage.format.manifest import CodecRecord, FileRecord, SegmentRecord
from colmodern.storage.format.names import sources_name, tombstones_name
from colmodern.storage.format.schemas import sources_schema, tombstones_schema
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.files import write_table

__all__ = ["write_sources", "write_tombstones"]


def write_tombstones(
    directory: Directory,
    record: SegmentRecord,
    codec: CodecRecord,
    deleted: Iterable[int],
    *,
    generation: int,
) -> SegmentRecord:
    """Delete positions of a segment on top of those deleted before; return its new record."""
    segment = Segment(directory, record, codec)
    live = segment.live.copy()
    live[sorted(deleted)] = False
    positions = np.flatnonzero(~live).astype(np.int32)
    file = write_table(
        directory,
        tombstones_name(record.name, generation),
        tombstones_schema(),
        [pa.array(positions)],
    )
    return dataclasses.replace(
        record,
        n_deleted_documents=len(positions),
        n_deleted_tokens=int(np.diff(segment.token_offsets)[positions].sum()),
        tombstones=file,
    )


def write_sources(
    directory: Directory, records: Sequence[SourceRecord], *, generation: int
) -> FileRecord:
    """Write the list of sources and return the record of its file."""
    schema = sources_schema()
    columns = [
        pa.array([getattr(record, field.name) for record in records], type=field.type)
        for field in schema
    ]
    return write_table(directory, sources_name(generation), schema, columns)
