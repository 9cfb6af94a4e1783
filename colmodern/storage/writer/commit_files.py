"""What does a commit write? Small files beside the segments, and the manifest that names all."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from colmodern.storage.directory import Directory
from colmodern.storage.format.documents import SourceRecord
from colmodern.storage.format.manifest import CodecRecord, FileRecord, Manifest, SegmentRecord
from colmodern.storage.format.manifest_json import program_name
from colmodern.storage.format.names import sources_name, tombstones_name
from colmodern.storage.format.schemas import sources_schema, tombstones_schema
from colmodern.storage.snapshot.checks import FileChecks
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.files import write_table
from colmodern.storage.writer.uncommitted import UncommittedChanges
from colmodern.storage.writer.words_writer import with_words

__all__ = ["next_manifest", "write_sources", "write_tombstones"]


def next_manifest(
    directory: Directory,
    base: Manifest,
    changes: UncommittedChanges,
    *,
    generation: int,
    next_segment: int,
    checks: FileChecks,
) -> Manifest:
    """Write tombstones, words and sources, and return the manifest with the changes.

    Raises:
        IndexCorruptError: Tombstones, or a text of a segment without words, are damaged.
        OSError: The disk is full or refuses; the caller says what that means.
    """
    segments = []
    for record in changes.segments:
        deleted = changes.deleted.get(record.name)
        if deleted:
            changed = write_tombstones(
                directory, record, base.codec, deleted, generation=generation, checks=checks
            )
        else:
            changed = record
        if changed.n_deleted_documents < changed.n_documents:
            segments.append(changed)
    sources = base.sources
    if changes.sources is not None:
        sources = write_sources(directory, changes.sources, generation=generation)
    return dataclasses.replace(
        base,
        generation=generation,
        updated_by=program_name(),
        next_segment=next_segment,
        segments=tuple(
            with_words(directory, record, base.codec, generation=generation, checks=checks)
            for record in segments
        ),
        sources=sources,
    )


def write_tombstones(
    directory: Directory,
    record: SegmentRecord,
    codec: CodecRecord,
    deleted: Iterable[int],
    *,
    generation: int,
    checks: FileChecks,
) -> SegmentRecord:
    """Delete positions of a segment on top of those deleted before; return its new record."""
    segment = Segment(directory, record, codec, checks=checks)
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
    directory: Directory, sources: Sequence[SourceRecord], *, generation: int
) -> FileRecord:
    """Write the list of sources and return the record of its file."""
    schema = sources_schema()
    columns = [
        pa.array([getattr(source, field.name) for source in sources], type=field.type)
        for field in schema
    ]
    return write_table(directory, sources_name(generation), schema, columns)
