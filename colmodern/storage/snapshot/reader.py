"""What does a search see of an index? One committed state, for as long as the reader is open.

Readers take no locks. A commit in between does not disturb a reader that is open: it has mapped
every file of its state, and files are never changed, only removed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from colmodern.codec import Codec
from colmodern.errors import IndexCorruptError, IndexFormatError
from colmodern.storage.directory import Directory, IndexLocation, as_directory
from colmodern.storage.format.documents import SourceRecord, StoredDocument
from colmodern.storage.format.ids import forms_of_id
from colmodern.storage.format.manifest import Manifest, SegmentRecord
from colmodern.storage.format.names import MANIFEST
from colmodern.storage.format.schemas import sources_schema
from colmodern.storage.snapshot.checks import FileChecks, guarded
from colmodern.storage.snapshot.files import map_table, read_codec, read_manifest
from colmodern.storage.snapshot.lookup import DocumentLookup
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.snapshot.words import SegmentWords
from colmodern.text.words import ANALYSES

__all__ = ["IndexReader"]

# How often opening starts over when commits come in between.
_ATTEMPTS = 10


class IndexReader:
    """A snapshot of an index; use ``open``, then ``with`` or ``close``."""

    def __init__(
        self,
        directory: Directory,
        manifest: Manifest,
        *,
        version: Hashable = None,
        previous: IndexReader | None = None,
        checks: FileChecks | None = None,
    ) -> None:
        """Map every file that the manifest names; callers use ``open`` or ``refresh``.

        A writer passes ``checks``, so that nothing damaged is handed out; see ``Segment``.
        """
        self.directory = directory
        self.manifest = manifest
        self._version = version
        self._is_open = True
        if checks is not None:
            checks.file(manifest.codec.file)
        self._codec = _open_codec(directory, manifest, previous)
        self._segments = _open_segments(directory, manifest, previous, checks)
        self._lookup = DocumentLookup(self._segments)
        self._words = _open_words(directory, manifest, checks)
        self._sources = None
        if manifest.sources is not None:
            sources = map_table(directory, manifest.sources, schema=sources_schema())
            self._sources = guarded(sources, manifest.sources, checks)

    @classmethod
    def open(cls, path: IndexLocation, *, checked: bool = False) -> Self:
        """Open the state that was committed last; costs milliseconds, whatever the size.

        Args:
            path: The folder of the index, or the directory that holds it.
            checked: Whether a file is compared with its checksum before anything of it is handed
                out, for what is written down elsewhere.

        Raises:
            IndexNotFoundError: There is no index.
            IndexFormatError: The folder holds something else, or another format version.
            IndexCorruptError: A file is missing, or has another size or layout than it should.
        """
        return cls._open(as_directory(path), None, checked=checked)

    @classmethod
    def _open(
        cls, directory: Directory, previous: IndexReader | None, *, checked: bool = False
    ) -> Self:
        for attempt in range(_ATTEMPTS):
            version = directory.version(MANIFEST)
            manifest = read_manifest(directory)
            try:
                checks = FileChecks(directory) if checked else None
                return cls(directory, manifest, version=version, previous=previous, checks=checks)
            except IndexCorruptError:
                # A commit may have removed the files of the manifest read before it.
                if attempt == _ATTEMPTS - 1 or read_manifest(directory) == manifest:
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
    def path(self) -> Path:
        """The folder of the index."""
        return self.directory.path

    @property
    def location(self) -> str:
        """Where the index is, for people: its folder, or what it was fetched from."""
        return str(self.path)

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
            IndexFormatError: A segment has none, or they were split in a way that is not known
                here, or in more than one.
        """
        self._check_open()
        found = [words for words in self._words if words and words.analysis in ANALYSES]
        analyses = {words.analysis for words in found}
        if len(found) < len(self._words) or len(analyses) > 1:
            raise IndexFormatError(
                f"The index {self.path} has no words for BM25 yet: another version of colmodern "
                "made it. `colmodern compact` adds them; mode 'late' works as it is.",
                path=self.path,
            )
        return found

    @property
    def n_documents(self) -> int:
        """How many live documents there are."""
        return self.manifest.n_documents

    @property
    def n_tokens(self) -> int:
        """How many tokens the live documents have."""
        return self.manifest.n_tokens

    @property
    def n_bytes(self) -> int:
        """How many bytes the files have that make up this state."""
        n_files = sum(file.bytes for file in self.manifest.files())
        return n_files + self.directory.size(MANIFEST)

    def find(self, document_id: str) -> tuple[Segment, int] | None:
        """Return the segment and position of the live document with this id, or None.

        Ids compare by their composed form (NFC).
        """
        for form in forms_of_id(document_id):
            for segment in self.segments:
                position = segment.position_of(form)
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
        """Yield the live documents, in the order of the index."""
        for segment in self.segments:
            for position in segment.live_positions():
                yield segment.document(position)

    def content_hash(self, document_id: str) -> str | None:
        """Return the content hash of the live document with this id, or None.

        All ids are read into memory once very many were asked for.
        """
        self._check_open()
        return self._lookup.content_hash(document_id)

    def content_hashes(self) -> dict[str, str]:
        """Return the content hash of each live document, by id."""
        return {
            segment.id_of(i): segment.content_hashes[i]
            for segment in self.segments
            for i in segment.live_positions()
        }

    def is_current(self) -> bool:
        """Return whether nothing was committed since; costs next to nothing."""
        return self.newest_version() == self._version

    def newest_version(self) -> Hashable:
        """Return what tells the state committed last from others; costs next to nothing."""
        return self.directory.version(MANIFEST)

    def refresh(self) -> Self:
        """Return a new reader of the state committed last.

        This one stays open. What is in both states is shared, so a refresh without a commit in
        between costs next to nothing.
        """
        self._check_open()
        return self._open(self.directory, self)

    def close(self) -> None:
        """Let go of the files; arrays taken from the reader stay valid. May be called twice."""
        self._is_open = False
        self._segments = []
        self._lookup = DocumentLookup([])
        self._words = []
        self._sources = None

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError("this IndexReader is closed")


@contextmanager
def closed_if_it_fails(reader: IndexReader) -> Iterator[None]:
    """Close a reader that cannot be used: that of a URL keeps a file open until it is closed."""
    try:
        yield
    except BaseException:
        reader.close()
        raise


def _open_codec(directory: Directory, manifest: Manifest, previous: IndexReader | None) -> Codec:
    if previous is not None and previous.manifest.codec == manifest.codec:
        return previous.codec
    return read_codec(directory, manifest.codec)


def _open_segments(
    directory: Directory,
    manifest: Manifest,
    previous: IndexReader | None,
    checks: FileChecks | None,
) -> list[Segment]:
    known: Mapping[SegmentRecord, Segment] = {}
    if previous is not None and previous.manifest.codec == manifest.codec:
        known = {segment.record: segment for segment in previous.segments}
    return [
        known.get(record) or Segment(directory, record, manifest.codec, checks=checks)
        for record in manifest.segments
    ]


def _open_words(
    directory: Directory, manifest: Manifest, checks: FileChecks | None
) -> list[SegmentWords | None]:
    return [
        None
        if record.words is None
        else SegmentWords(directory, record.words, n_documents=record.n_documents, checks=checks)
        for record in manifest.segments
    ]
