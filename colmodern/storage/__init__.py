"""What is an index on disk? FORMAT.md in words, and the code that reads, writes and checks it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colmodern.storage.directory import Directory, IndexLocation, LocalDirectory
    from colmodern.storage.directory.memory import MemoryDirectory
    from colmodern.storage.format.documents import EncoderInfo, SourceRecord, StoredDocument
    from colmodern.storage.format.fit import DRIFT_LIMIT, TrainingRecord, drift
    from colmodern.storage.format.manifest import FileRecord, Manifest, SegmentRecord
    from colmodern.storage.format.pending import Pending
    from colmodern.storage.format.placement import shard_of
    from colmodern.storage.format.shard_set import ShardRecord, ShardSet
    from colmodern.storage.snapshot.files import read_pending
    from colmodern.storage.snapshot.one_shard import ShardReader
    from colmodern.storage.snapshot.reader import IndexReader
    from colmodern.storage.snapshot.reconstruct import reconstructed
    from colmodern.storage.snapshot.segment import Segment
    from colmodern.storage.snapshot.shard_set import (
        ShardSetReader,
        is_shard_set,
        open_reader,
        read_shard_set,
    )
    from colmodern.storage.snapshot.verification import Problem, verify
    from colmodern.storage.snapshot.words import SegmentWords
    from colmodern.storage.writer.locked import LockedIndex
    from colmodern.storage.writer.segment_writer import SegmentWriter
    from colmodern.storage.writer.shard_set import LockedShardSet
    from colmodern.storage.writer.writer import DEFAULT_SEGMENT_TOKENS, IndexWriter

# Names are imported when they are first used: a search does not wait for what only a writer needs.
_HOMES = {
    "DEFAULT_SEGMENT_TOKENS": "writer.writer",
    "DRIFT_LIMIT": "format.fit",
    "Directory": "directory",
    "EncoderInfo": "format.documents",
    "FileRecord": "format.manifest",
    "IndexLocation": "directory",
    "IndexReader": "snapshot.reader",
    "IndexWriter": "writer.writer",
    "LocalDirectory": "directory",
    "LockedIndex": "writer.locked",
    "LockedShardSet": "writer.shard_set",
    "Manifest": "format.manifest",
    "MemoryDirectory": "directory.memory",
    "Pending": "format.pending",
    "Problem": "snapshot.verification",
    "Segment": "snapshot.segment",
    "SegmentRecord": "format.manifest",
    "SegmentWords": "snapshot.words",
    "SegmentWriter": "writer.segment_writer",
    "ShardReader": "snapshot.one_shard",
    "ShardRecord": "format.shard_set",
    "ShardSet": "format.shard_set",
    "ShardSetReader": "snapshot.shard_set",
    "SourceRecord": "format.documents",
    "StoredDocument": "format.documents",
    "TrainingRecord": "format.fit",
    "drift": "format.fit",
    "is_shard_set": "snapshot.shard_set",
    "open_reader": "snapshot.shard_set",
    "read_pending": "snapshot.files",
    "read_shard_set": "snapshot.shard_set",
    "reconstructed": "snapshot.reconstruct",
    "shard_of": "format.placement",
    "verify": "snapshot.verification",
}

__all__ = [
    "DEFAULT_SEGMENT_TOKENS",
    "DRIFT_LIMIT",
    "Directory",
    "EncoderInfo",
    "FileRecord",
    "IndexLocation",
    "IndexReader",
    "IndexWriter",
    "LocalDirectory",
    "LockedIndex",
    "LockedShardSet",
    "Manifest",
    "MemoryDirectory",
    "Pending",
    "Problem",
    "Segment",
    "SegmentRecord",
    "SegmentWords",
    "SegmentWriter",
    "ShardReader",
    "ShardRecord",
    "ShardSet",
    "ShardSetReader",
    "SourceRecord",
    "StoredDocument",
    "TrainingRecord",
    "drift",
    "exists",
    "is_shard_set",
    "open_reader",
    "read_pending",
    "read_shard_set",
    "reconstructed",
    "shard_of",
    "verify",
]


def exists(path: IndexLocation) -> bool:
    """Return whether an index, or a shard set, lies at a path; costs next to nothing."""
    from colmodern.storage.directory import as_directory
    from colmodern.storage.format.names import MANIFEST, set_generation

    directory = as_directory(path)
    if directory.version(MANIFEST) is not None:
        return True
    try:
        return any(map(set_generation, directory.entries()))
    except OSError:
        return False


def __getattr__(name: str) -> object:
    """Import a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
