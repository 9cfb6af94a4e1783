"""What a writer has changed since the last commit, kept in memory until the next one."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from colmodern.errors import IndexCorruptError, InputError
from colmodern.storage.living import LivingDocuments
from colmodern.storage.manifest import Manifest, SegmentRecord
from colmodern.storage.records import SourceRecord
from colmodern.storage.segment import Segment
from colmodern.storage.segment_writer import SegmentWriter
from colmodern.storage.tables import check_file

__all__ = ["Changes"]

logger = logging.getLogger(__name__)


class Changes:
    """Segments added, documents deleted, sources replaced: on top of a manifest.

    Attributes:
        segments: The segments that the next commit will name, in order.
        deleted: For a segment, the positions deleted since the last commit.
        sources: The new list of sources; None: as it was.
        unfinished: The segment that is being filled.
    """

    def __init__(self, folder: Path, base: Manifest) -> None:
        """Start with no changes."""
        self.segments = list(base.segments)
        self.deleted: dict[str, set[int]] = {}
        self.sources: Sequence[SourceRecord] | None = None
        self.unfinished: SegmentWriter | None = None
        self._folder = folder
        self._base = base
        self._committed = {record.name for record in base.segments}
        self._living: LivingDocuments | None = None
        # Committed documents whose place a resumed one has taken: id -> segment and position.
        self._replaced: dict[str, tuple[str, int]] = {}

    def __bool__(self) -> bool:
        """Return whether the next commit will differ from the last one."""
        is_same = self.segments == list(self._base.segments) and self.sources is None
        return not is_same or any(self.deleted.values()) or self.unfinished is not None

    def committed(self, manifest: Manifest) -> Changes:
        """Return no changes on top of a manifest that names all of these."""
        changes = Changes(self._folder, manifest)
        changes._living = self._living
        return changes

    @property
    def living(self) -> LivingDocuments:
        """The ids that are alive, read from the segments when they are first asked for."""
        if self._living is None:
            self._living = LivingDocuments(self.opened(self._base.segments))
        return self._living

    @property
    def added(self) -> list[SegmentRecord]:
        """The segments that the last commit does not have."""
        return [record for record in self.segments if record.name not in self._committed]

    def opened(self, records: Iterable[SegmentRecord]) -> list[Segment]:
        """Return segments as the last commit, or the end of their writing, left them."""
        return [Segment(self._folder, record, self._base.codec) for record in records]

    def checked(self, records: Iterable[SegmentRecord]) -> list[Segment]:
        """Return segments that are to be copied: damage must not get a new checksum."""
        for file in (file for record in records for file in record.files()):
            check_file(self._folder, file)
        return self.opened(records)

    def claim(self, document_id: str, position: int) -> None:
        """Count a document as added to the segment begun last.

        Raises:
            InputError: Its id is alive.
        """
        if document_id in self.living:
            raise InputError(
                f"The index {self._folder} has a document {document_id!r} already. Delete it first "
                "to replace it, or give the new one another id."
            )
        self.living.add(document_id, position)

    def delete(self, document_id: str) -> tuple[str, int] | None:
        """Delete a document; return the segment and position it had, or None if not alive."""
        place = self.living.remove(document_id)
        if place is not None:
            name, position = place
            self.deleted.setdefault(name, set()).add(position)
        return place

    def living_in(self, segment: Segment) -> list[int]:
        """Return the positions of the documents that the next commit will find alive."""
        deleted = self.deleted.get(segment.name, set())
        return [i for i in segment.living() if i not in deleted]

    def counted(self, record: SegmentRecord) -> SegmentRecord:
        """Return the record of an added segment with the deletions there are by now."""
        deleted = sorted(self.deleted.get(record.name, ()))
        if not deleted:
            return record
        (segment,) = self.opened([record])
        n_tokens = int(np.diff(segment.token_offsets)[deleted].sum())
        return dataclasses.replace(
            record, n_deleted_documents=len(deleted), n_deleted_tokens=n_tokens
        )

    def adopt(self, records: Iterable[SegmentRecord]) -> None:
        """Count the segments of an interrupted writer as added; a damaged one is left out.

        Where a document of the same id is alive, theirs takes its place.
        """
        for record in records:
            try:
                (segment,) = self.checked([record])
                ids = list(segment.ids)
            except IndexCorruptError as error:
                logger.warning("left out of what was pending: %s", error)
                continue
            self.living.begin_segment(record.name)
            for position, document_id in enumerate(ids):
                place = self.delete(document_id)
                if place is not None and place[0] in self._committed:
                    self._replaced[document_id] = place
                self.living.add(document_id, position)
            self.segments.append(record)

    def forget(self, document_id: str) -> None:
        """Make a document that was added one that never was."""
        self.delete(document_id)
        place = self._replaced.pop(document_id, None)
        if place is not None:
            name, position = place
            self.deleted[name].remove(position)
            self.living.restore(document_id, name, position)

    def put(self, made: Sequence[SegmentRecord], old: Sequence[SegmentRecord]) -> None:
        """Put segments that hold the living documents of neighbours in the place of those."""
        first = self.segments.index(old[0])
        self.segments[first : first + len(old)] = made
        for segment in self.opened(made):
            self.living.begin_segment(segment.name)
            for position, document_id in enumerate(segment.ids):
                self.living.add(document_id, position)
        for record in old:
            self.deleted.pop(record.name, None)
