"""What a search sees of an index: one committed state, for as long as the reader lives.

Readers take no locks. A commit in between does not disturb a reader that is open: it has mapped
every file of its state, and files are never changed, only removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from colmodern.codec import Codec
from colmodern.errors import IndexCorruptError, IndexFormatError
from colmodern.storage.codec_file import read_codec
from colmodern.storage.layout import sources_schema
from colmodern.storage.manifest import Manifest, SegmentRecord
from colmodern.storage.manifest_file import read_manifest
from colmodern.storage.records import SourceRecord, StoredDocument
from colmodern.storage.segment import Segment
from colmodern.storage.tables import MappedTable
from colmodern.storage.words import SegmentWords
from colmodern.text.words import ANALYSIS

__all__ = ["IndexReader"]

# How often opening starts over when commits come in between.
_ATTEMPTS = 10


class IndexReader:
    """A snapshot of an index; use ``open``, then ``with`` or ``close``."""

    def __init__(
        self, path: Path, manifest: Manifest, *, previous: IndexReader | None = None
    ) -> None:
        """Map every file that the manifest names; callers use ``open`` or ``refresh``."""
        self.path = path
        self.manifest = manifest
        self._is_open = True
        self._codec = _open_codec(path, manifest, previous)
        self._segments = _open_segments(path, manifest, previous)
        self._words = _open_words(path, manifest)
        self._sources = None
        if manifest.sources is not None:
            self._sources = MappedTable(path, manifest.sources, schema=sources_schema())

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open the state that was committed last; costs milliseconds, whatever the size.

        Raises:
            IndexNotFoundError: There is no index.
            IndexFormatError: The folder holds something else, or another format version.
            IndexCorruptError: A file is missing, or has another size or layout than it should.
        """
        return cls._open(Path(path), None)

    @classmethod
    def _open(cls, path: Path, previous: IndexReader | None) -> Self:
        for attempt in range(_ATTEMPTS):
            manifest = read_manifest(path)
            try:
                return cls(path, manifest, previous=previous)
            except IndexCorruptError:
                # A commit may have removed the files of the manifest read before it.
                if attempt == _ATTEMPTS - 1 or read_manifest(path) == manifest:
                    raise
        raise AssertionError

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the reader."""
        self.close()

    def __repr__(self) -> str:
        """Return the path and the counts."""
        return (
            f"<IndexReader {self.path}: generation {self.manifest.generation}, "
            f"{self.n_documents} documents, {self.n_tokens} tokens>"
        )

    @property
    def codec(self) -> Codec:
        """The codec of all segments."""
        self._check_open()
        return self._codec

    @property
    def segments(self) -> list[Segment]:
        """The segments, in the order of their documents."""
        self._check_open()
        return list(self._segments)

    @property
    def words(self) -> list[SegmentWords]:
        """The words of each segment, for BM25.

        Raises:
            IndexFormatError: A segment has none, or they were split in another way than here.
        """
        self._check_open()
        found = [words for words in self._words if words and words.analysis == ANALYSIS]
        if len(found) < len(self._words):
            raise IndexFormatError(
                f"The index {self.path} has no words for BM25 yet: another version of colmodern "
                "made it. `colmodern compact` adds them; mode 'late' works as it is.",
                path=self.path,
            )
        return found

    @property
    def n_documents(self) -> int:
        """How many documents are alive."""
        return self.manifest.n_documents

    @property
    def n_tokens(self) -> int:
        """How many tokens the living documents have."""
        return self.manifest.n_tokens

    def find(self, document_id: str) -> tuple[Segment, int] | None:
        """Return the segment and position of the living document with this id, or None."""
        for segment in self.segments:
            position = segment.position_of(document_id)
            if position is not None:
                return segment, position
        return None

    def sources(self) -> list[SourceRecord]:
        """Return the sources that the documents were read from, in the order they were set."""
        self._check_open()
        if self._sources is None:
            return []
        return [SourceRecord(**row) for row in self._sources.rows()]

    def documents(self) -> Iterator[StoredDocument]:
        """Yield the living documents, in the order of the index."""
        for segment in self.segments:
            for position in segment.living():
                yield segment.document(position)

    def content_hashes(self) -> dict[str, str]:
        """Return the content hash of each living document, by id."""
        return {
            segment.id_of(i): segment.content_hashes[i]
            for segment in self.segments
            for i in segment.living()
        }

    def refresh(self) -> Self:
        """Return a new reader of the state committed last.

        This one stays open. What is in both states is shared, so a refresh without a commit in
        between costs next to nothing.
        """
        self._check_open()
        return self._open(self.path, self)

    def close(self) -> None:
        """Let go of the files; arrays taken from the reader stay valid. May be called twice."""
        self._is_open = False
        self._segments = []
        self._words = []
        self._sources = None

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError("this IndexReader is closed")


def _open_codec(path: Path, manifest: Manifest, previous: IndexReader | None) -> Codec:
    if previous is not None and previous.manifest.codec == manifest.codec:
        return previous.codec
    return read_codec(path, manifest.codec)


def _open_segments(path: Path, manifest: Manifest, previous: IndexReader | None) -> list[Segment]:
    known: Mapping[SegmentRecord, Segment] = {}
    if previous is not None and previous.manifest.codec == manifest.codec:
        known = {segment.record: segment for segment in previous.segments}
    return [
        known.get(record) or Segment(path, record, manifest.codec) for record in manifest.segments
    ]


def _open_words(path: Path, manifest: Manifest) -> list[SegmentWords | None]:
    return [
        None
        if record.words is None
        else SegmentWords(path, record.words, n_documents=record.n_documents)
        for record in manifest.segments
    ]
