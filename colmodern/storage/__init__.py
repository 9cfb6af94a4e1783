"""What an index is on disk: FORMAT.md in words, and the code that reads, writes and checks it."""

from __future__ import annotations

from colmodern.storage.lock import WriterLock
from colmodern.storage.manifest import FileRecord, Manifest, SegmentRecord
from colmodern.storage.reader import IndexReader
from colmodern.storage.records import EncoderInfo, SourceRecord, StoredDocument
from colmodern.storage.segment import Segment
from colmodern.storage.segment_writer import SegmentWriter
from colmodern.storage.verify import Problem, verify
from colmodern.storage.writer import DEFAULT_SEGMENT_TOKENS, IndexWriter

__all__ = [
    "DEFAULT_SEGMENT_TOKENS",
    "EncoderInfo",
    "FileRecord",
    "IndexReader",
    "IndexWriter",
    "Manifest",
    "Problem",
    "Segment",
    "SegmentRecord",
    "SegmentWriter",
    "SourceRecord",
    "StoredDocument",
    "WriterLock",
    "verify",
]
