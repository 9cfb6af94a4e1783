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
    from colmodern.storage.snapshot.files import read_pending
    from colmodern.storage.snapshot.reader import IndexReader
    from colmodern.storage.snapshot.segment import Segment
    from colmodern.storage.snapshot.verification import Problem, verify
    from colmodern.storage.snapshot.words import SegmentWords
    from colmodern.storage.writer.locked import LockedIndex
    from colmodern.storage.writer.segment_writer import SegmentWriter
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
    "Manifest": "format.manifest",
    "MemoryDirectory": "directory.memory",
    "Pending": "format.pending",
    "Problem": "snapshot.verification",
    "Segment": "snapshot.segment",
    "SegmentRecord": "format.manifest",
    "SegmentWords": "snapshot.words",
    "SegmentWriter": "writer.segment_writer",
    "SourceRecord": "format.documents",
    "StoredDocument": "format.documents",
    "TrainingRecord": "format.fit",
    "drift": "format.fit",
    "read_pending": "snapshot.files",
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
    "Manifest",
    "MemoryDirectory",
    "Pending",
    "Problem",
    "Segment",
    "SegmentRecord",
    "SegmentWords",
    "SegmentWriter",
    "SourceRecord",
    "StoredDocument",
    "TrainingRecord",
    "drift",
    "exists",
    "read_pending",
    "verify",
]


def exists(path: IndexLocation) -> bool:
    """Return whether an index lies at a path, or in a directory; costs next to nothing."""
    from colmodern.storage.directory import as_directory
    from colmodern.storage.format.names import MANIFEST

    return as_directory(path).version(MANIFEST) is not None


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
