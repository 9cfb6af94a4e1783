"""What does a writer record before it commits? Segments, deletions, sources, options."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from colmodern.storage.directory.durable import writing
from colmodern.storage.format.documents import SourceRecord
from colmodern.storage.format.manifest import Manifest, SegmentRecord
from colmodern.storage.format.names import PENDING, segment_name
from colmodern.storage.format.pending import Pending, encode_pending
from colmodern.storage.writer.locked import LockedIndex
from colmodern.storage.writer.segment_writer import SegmentWriter
from colmodern.storage.writer.start import Start
from colmodern.storage.writer.uncommitted import UncommittedChanges

__all__ = ["ChangeRecorder"]


class ChangeRecorder:
    """The part of an ``IndexWriter`` that takes changes in; nothing of it is seen by readers.

    Attributes:
        directory: Where the index lives.
        codec: The codec of all segments.
    """

    def __init__(self, locked: LockedIndex, start: Start, *, resumable: bool) -> None:
        """Start a change; callers use ``create``, ``open`` or ``resume``."""
        self.directory = locked.directory
        self.codec = start.codec
        self._locked = locked
        self._base = start.base
        self._is_new = start.is_new
        self._resumable = resumable
        self._is_open = True
        # Rises with every attempt to commit, so that no file name is used twice.
        self._generation = start.base.generation
        self._next_segment = start.next_segment
        self._reserved: set[str] = set()
        self._changes = UncommittedChanges(self.directory, start.base, locked.checks)
        self._changes.adopt(start.pending)
        self._has_new_options = False

    @property
    def path(self) -> Path:
        """The folder of the index."""
        return self.directory.path

    @property
    def manifest(self) -> Manifest:
        """The manifest committed last; before the first commit, the one it starts from."""
        return self._base

    @property
    def has_changes(self) -> bool:
        """Whether the next commit will differ from the last one."""
        return self._is_new or self._has_new_options or bool(self._changes)

    def new_segment(self) -> SegmentWriter:
        """Return a writer for the next segment; one at a time.

        Raises:
            ValueError: The writer is closed, or the segment before is not finished.
        """
        self._check_ready()
        writer = self._next_writer(self._changes.claim, self._finished)
        self._changes.live.begin_segment(writer.name)
        self._changes.unfinished = writer
        return writer

    def reserve_segment(self) -> str:
        """Return a name for a segment that another process writes, for ``add_segment``."""
        self._check_open()
        name = self._next_name()
        self._reserved.add(name)
        return name

    def add_segment(self, record: SegmentRecord, *, replace: bool = False) -> None:
        """Add a segment that was sealed elsewhere, after those added before.

        Args:
            record: What its writer returned.
            replace: Its documents take the place of live ones of their ids.

        Raises:
            InputError: An id in it comes twice, or is that of a live document and may not be.
            IndexCorruptError: A file is not there as the record says.
            IndexWriteError: The disk is full or refuses.
            ValueError: The writer is closed, a segment is not finished, or nobody reserved the
                name.
        """
        self._check_ready()
        if record.name not in self._reserved:
            raise ValueError(f"reserve_segment() gave no name {record.name!r}, or it is taken")
        self._changes.add_sealed(record, replace=replace)
        self._reserved.remove(record.name)
        self._write_pending()

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents by id from the next commit on; return how many were live.

        Documents added since the last commit count too. To update a document, delete its id and
        add it anew before the commit.
        """
        self._check_open()
        if isinstance(ids, str):
            raise TypeError("ids must be an iterable of strings, not one string")
        return sum(self._changes.delete(document_id) is not None for document_id in ids)

    def set_sources(self, sources: Iterable[SourceRecord]) -> None:
        """Replace the list of sources at the next commit; without a call it stays as it is."""
        self._check_open()
        self._changes.sources = list(sources)

    def set_option(self, name: str, value: Any) -> None:
        """Keep something among the options of the manifest, from the next commit on."""
        self._check_open()
        if name in self._base.config and self._base.config[name] == value:
            return
        self._has_new_options = True
        self._base = dataclasses.replace(self._base, config={**self._base.config, name: value})

    def content_hashes(self) -> dict[str, str]:
        """Return the content hash of each document live at the last commit, by id."""
        self._check_open()
        return {
            segment.id_of(i): segment.content_hashes[i]
            for segment in self._changes.opened(self._base.segments)
            for i in segment.live_positions()
        }

    def pending_documents(self) -> dict[str, str]:
        """Return the content hash of each live document added since the last commit, by id.

        Those of a segment that is not finished are not among them.
        """
        self._check_open()
        return self._changes.added_documents()

    def keep_pending(self, wanted: Mapping[str, str]) -> set[str]:
        """Keep the pending documents that are wanted as they are; forget all others.

        Where a forgotten one had taken the place of a committed document, that one is live again.

        Args:
            wanted: The content hash of each document that the index shall have, by id.

        Returns:
            The ids of the documents that were kept, which need not be added.
        """
        return self._changes.keep_added(wanted)

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError("this IndexWriter is closed")

    def _check_ready(self) -> None:
        self._check_open()
        if self._changes.unfinished is not None:
            raise ValueError(f"finish() {self._changes.unfinished.name} first")

    def _next_writer(
        self,
        claim: Callable[[str, int], None],
        finished: Callable[[SegmentRecord | None], None],
    ) -> SegmentWriter:
        name = self._next_name()
        return SegmentWriter(self.directory, name, self._base.codec, claim=claim, finished=finished)

    def _next_copy(self, finished: Callable[[SegmentRecord | None], None]) -> SegmentWriter:
        return self._next_writer(lambda *_: None, finished)

    def _next_name(self) -> str:
        name = segment_name(self._next_segment)
        self._next_segment += 1
        return name

    def _finished(self, record: SegmentRecord | None) -> None:
        self._changes.unfinished = None
        if record is not None:
            self._changes.segments.append(record)
            self._write_pending()

    def _write_pending(self) -> None:
        if self._resumable:
            self._list_pending()

    def _list_pending(self) -> None:
        pending = Pending(
            generation=self._base.generation,
            is_new=self._is_new,
            config=self._base.config,
            encoder=self._base.encoder,
            codec=self._base.codec,
            next_segment=self._next_segment,
            segments=tuple(self._changes.added),
        )
        with writing(self.path):
            self.directory.replace(PENDING, encode_pending(pending))
            self.directory.sync()
