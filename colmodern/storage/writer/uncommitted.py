"""What has a writer changed since the last commit? Kept in memory until the next one."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from colmodern.errors import IndexCorruptError, InputError
from colmodern.storage.directory import Directory
from colmodern.storage.format.documents import SourceRecord
from colmodern.storage.format.manifest import Manifest, SegmentRecord
from colmodern.storage.snapshot.checks import FileChecks
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.live import LiveDocuments
from colmodern.storage.writer.segment_writer import SegmentWriter

__all__ = ["UncommittedChanges"]

logger = logging.getLogger(__name__)


class UncommittedChanges:
    """Segments added, documents deleted, sources replaced: on top of a manifest.

    Attributes:
        directory: Where the index lives.
        segments: The segments that the next commit will name, in order.
        deleted: For a segment, the positions deleted since the last commit.
        sources: The new list of sources; None: as it was.
        unfinished: The segment that is being filled.
    """

    def __init__(self, directory: Directory, base: Manifest, checks: FileChecks) -> None:
        """Start with no changes."""
        self.segments = list(base.segments)
        self.deleted: dict[str, set[int]] = {}
        self.sources: Sequence[SourceRecord] | None = None
        self.unfinished: SegmentWriter | None = None
        self.directory = directory
        self._base = base
        self._checks = checks
        self._committed = {record.name for record in base.segments}
        self._live: LiveDocuments | None = None
        # Committed documents whose place a resumed one has taken: id -> segment and position.
        self._replaced: dict[str, tuple[str, int]] = {}

    def __bool__(self) -> bool:
        """Return whether the next commit will differ from the last one."""
        is_same = self.segments == list(self._base.segments) and self.sources is None
        return not is_same or any(self.deleted.values()) or self.unfinished is not None

    def committed(self, manifest: Manifest) -> UncommittedChanges:
        """Return no changes on top of a manifest that names all of these."""
        changes = UncommittedChanges(self.directory, manifest, self._checks)
        changes._live = self._live
        return changes

    @property
    def live(self) -> LiveDocuments:
        """The ids of the live documents, read from the segments when they are first asked for."""
        if self._live is None:
            self._live = LiveDocuments(self.opened(self._base.segments))
        return self._live

    @property
    def added(self) -> list[SegmentRecord]:
        """The segments that the last commit does not have."""
        return [record for record in self.segments if record.name not in self._committed]

    def opened(self, records: Iterable[SegmentRecord]) -> list[Segment]:
        """Return segments as the last commit, or the end of their writing, left them."""
        return [
            Segment(self.directory, record, self._base.codec, checks=self._checks)
            for record in records
        ]

    def checked(self, records: Iterable[SegmentRecord]) -> list[Segment]:
        """Return segments that are to be copied: damage must not get a new checksum."""
        for file in (file for record in records for file in record.files()):
            self._checks.file(file)
        return self.opened(records)

    def claim(self, document_id: str, position: int) -> None:
        """Count a document as added to the segment begun last.

        Raises:
            InputError: Its id is that of a live document.
        """
        if document_id in self.live:
            raise self._taken(document_id)
        self.live.add(document_id, position)

    def delete(self, document_id: str) -> tuple[str, int] | None:
        """Delete a document; return the segment and position it had, or None if not live."""
        place = self.live.remove(document_id)
        if place is not None:
            name, position = place
            self.deleted.setdefault(name, set()).add(position)
        return place

    def live_in(self, segment: Segment) -> list[int]:
        """Return the positions of the documents that the next commit will find live."""
        deleted = self.deleted.get(segment.name, set())
        return [i for i in segment.live_positions() if i not in deleted]

    def counted(self, record: SegmentRecord) -> SegmentRecord:
        """Return the record of a segment with the deletions there are by now."""
        deleted = sorted(self.deleted.get(record.name, ()))
        if not deleted:
            return record
        (segment,) = self.opened([record])
        n_tokens = int(np.diff(segment.token_offsets)[deleted].sum())
        return dataclasses.replace(
            record,
            n_deleted_documents=record.n_deleted_documents + len(deleted),
            n_deleted_tokens=record.n_deleted_tokens + n_tokens,
        )

    def adopt(self, records: Iterable[SegmentRecord]) -> None:
        """Count the segments of an interrupted writer as added; a damaged one is left out.

        Where a document of the same id is live, theirs takes its place.
        """
        for record in records:
            try:
                (segment,) = self.checked([record])
                ids = list(segment.ids)
            except IndexCorruptError as error:
                logger.warning("left out of what was pending: %s", error)
                continue
            self.live.begin_segment(record.name)
            for position, document_id in enumerate(ids):
                place = self.delete(document_id)
                if place is not None and place[0] in self._committed:
                    self._replaced[document_id] = place
                self.live.add(document_id, position)
            self.segments.append(record)

    def forget(self, document_id: str) -> None:
        """Make a document that was added one that never was."""
        self.delete(document_id)
        place = self._replaced.pop(document_id, None)
        if place is not None:
            name, position = place
            self.deleted[name].remove(position)
            self.live.restore(document_id, name, position)

    def add_sealed(self, record: SegmentRecord, *, replace: bool) -> None:
        """Count a segment that was sealed elsewhere as added.

        Args:
            record: The segment.
            replace: Its documents take the place of live ones of their ids.

        Raises:
            InputError: An id in it comes twice, or is that of a live document and may not be.
            IndexCorruptError: A file is not there as the record says.
        """
        (segment,) = self.checked([record])
        ids = list(segment.ids)
        seen: set[str] = set()
        for document_id in ids:
            if document_id in seen or (document_id in self.live and not replace):
                raise self._taken(document_id)
            seen.add(document_id)
        self.live.begin_segment(record.name)
        for position, document_id in enumerate(ids):
            self.delete(document_id)
            self.live.add(document_id, position)
        self.segments.append(record)

    def added_documents(self) -> dict[str, str]:
        """Return the content hash of each live document that the last commit lacks, by id."""
        return {
            segment.id_of(i): segment.content_hashes[i]
            for segment in self.opened(self.added)
            for i in self.live_in(segment)
        }

    def keep_added(self, wanted: Mapping[str, str]) -> set[str]:
        """Forget added documents but those with the id and content hash of a wanted one."""
        kept = set()
        for document_id, content_hash in self.added_documents().items():
            if wanted.get(document_id) == content_hash:
                kept.add(document_id)
            else:
                self.forget(document_id)
        return kept

    def put(self, made: Sequence[SegmentRecord], old: Sequence[SegmentRecord]) -> None:
        """Put segments that hold the live documents of neighbours in the place of those."""
        first = self.segments.index(old[0])
        self.segments[first : first + len(old)] = made
        for segment in self.opened(made):
            self.live.begin_segment(segment.name)
            for position, document_id in enumerate(segment.ids):
                self.live.add(document_id, position)
        for record in old:
            self.deleted.pop(record.name, None)

    def _taken(self, document_id: str) -> InputError:
        return InputError(
            f"The index {self.directory.path} has a document {document_id!r} already. Delete "
            "it first to replace it, or give the new one another id."
        )
