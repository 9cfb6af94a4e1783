"""What an index is on disk: FORMAT.md in words, and the code that reads, writes and checks it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colmodern.storage.fit import DRIFT_LIMIT, TrainingRecord, drift
    from colmodern.storage.lock import WriterLock
    from colmodern.storage.manifest import FileRecord, Manifest, SegmentRecord
    from colmodern.storage.pending import Pending, read_pending
    from colmodern.storage.reader import IndexReader
    from colmodern.storage.records import EncoderInfo, SourceRecord, StoredDocument
    from colmodern.storage.segment import Segment
    from colmodern.storage.segment_writer import SegmentWriter
    from colmodern.storage.verification import Problem, verify
    from colmodern.storage.words import SegmentWords
    from colmodern.storage.writer import DEFAULT_SEGMENT_TOKENS, IndexWriter

# Names are imported when they are first used: a search does not wait for what only a writer needs.
_HOMES = {
    "DEFAULT_SEGMENT_TOKENS": "writer",
    "EncoderInfo": "records",
    "DRIFT_LIMIT": "fit",
    "TrainingRecord": "fit",
    "drift": "fit",
    "FileRecord": "manifest",
    "IndexReader": "reader",
    "IndexWriter": "writer",
    "Manifest": "manifest",
    "Pending": "pending",
    "Problem": "verification",
    "Segment": "segment",
    "SegmentRecord": "manifest",
    "SegmentWords": "words",
    "SegmentWriter": "segment_writer",
    "SourceRecord": "records",
    "StoredDocument": "records",
    "WriterLock": "lock",
    "read_pending": "pending",
    "verify": "verification",
}

__all__ = [
    "DEFAULT_SEGMENT_TOKENS",
    "DRIFT_LIMIT",
    "EncoderInfo",
    "FileRecord",
    "IndexReader",
    "IndexWriter",
    "Manifest",
    "Pending",
    "Problem",
    "Segment",
    "SegmentRecord",
    "SegmentWords",
    "SegmentWriter",
    "SourceRecord",
    "StoredDocument",
    "TrainingRecord",
    "WriterLock",
    "drift",
    "read_pending",
    "verify",
]


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
