"""How does an index come into being and change? One writer, one commit at a time.

Nothing that a reader can see changes before ``commit`` replaces the manifest in one step. A kill
at any moment leaves the state of the last commit; what a killed writer left behind is removed by
the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from colmodern.codec import Codec
from colmodern.errors import IndexCorruptError
from colmodern.storage.directory import IndexLocation, as_directory
from colmodern.storage.directory.durable import writing
from colmodern.storage.format.documents import EncoderInfo
from colmodern.storage.format.manifest import Manifest, SegmentRecord
from colmodern.storage.format.word_postings import has_all_words
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.commit_files import next_manifest
from colmodern.storage.writer.compaction import (
    compacted,
    copy_read,
    plan_merge,
    plan_neighbours,
    rewritten,
)
from colmodern.storage.writer.leftovers import remove_entry
from colmodern.storage.writer.locked import LockedIndex
from colmodern.storage.writer.recorder import ChangeRecorder
from colmodern.storage.writer.start import (
    lock_pending,
    releasing,
    start_change,
    start_new,
    start_resumed,
)
from colmodern.storage.writer.uncommitted import UncommittedChanges

__all__ = ["DEFAULT_SEGMENT_TOKENS", "IndexWriter"]

logger = logging.getLogger(__name__)

DEFAULT_SEGMENT_TOKENS = 2_000_000


class IndexWriter(ChangeRecorder):
    """The one process that may change an index; use ``create`` or ``open``, then ``with``.

    A resumable writer keeps the segments it has finished when it ends without a commit, however it
    ends; ``resume`` goes on with them.
    """

    @classmethod
    def create(
        cls,
        path: IndexLocation,
        codec: Codec,
        *,
        encoder: EncoderInfo,
        config: Mapping[str, Any],
        replace: bool = False,
        resumable: bool = False,
        locked: LockedIndex | None = None,
    ) -> Self:
        """Start a new index; it exists from the first commit on.

        Args:
            path: Its folder, made if it does not exist, or the directory that is to hold it.
            codec: The codec of all its segments.
            encoder: The encoder that made the token vectors.
            config: Kept whole in the manifest; what JSON can hold.
            replace: Start over where an index lies already. Readers find the old one until the
                first commit.
            resumable: Keep finished segments for ``resume`` if there is no commit.
            locked: The place, if the caller holds its lock already; the writer releases it.

        Raises:
            IndexExistsError: There is an index already, or files of somebody else.
            IndexLockedError: Another process is writing there.
            IndexWriteError: The disk is full or refuses.
        """
        locked = locked or LockedIndex(as_directory(path))
        start = start_new(locked, codec, encoder=encoder, config=config, replace=replace)
        return cls(locked, start, resumable=resumable)

    @classmethod
    def open(
        cls,
        path: IndexLocation,
        *,
        resumable: bool = False,
        locked: LockedIndex | None = None,
    ) -> Self:
        """Start to change an index that exists; what an interrupted writer left is removed.

        Args:
            path: Its folder, or the directory that holds it.
            resumable: Keep finished segments for ``resume`` if there is no commit.
            locked: The index, if the caller holds its lock already; the writer releases it.

        Raises:
            IndexNotFoundError: There is none.
            IndexFormatError: The folder holds something else, or another format version.
            IndexCorruptError: The manifest or the codec was changed or cut short.
            IndexLockedError: Another process is writing to it.
            IndexWriteError: The disk is full or refuses.
        """
        locked = locked or LockedIndex.of_index(as_directory(path))
        return cls(locked, start_change(locked), resumable=resumable)

    @classmethod
    def resume(cls, path: IndexLocation, *, locked: LockedIndex | None = None) -> Self:
        """Go on where a resumable writer ended without a commit.

        Its finished segments count as added since the last commit; where the index has a document
        of the same id, theirs takes its place. A damaged segment is left out. What was deleted, and
        the list of sources, is not kept: say it again.

        Args:
            path: The folder of the index, or the directory that holds it.
            locked: The index, if the caller holds its lock already; the writer releases it.

        Raises:
            IndexNotFoundError: There is nothing to go on with.
            IndexLockedError: Another process is writing to it.
            IndexWriteError: The disk is full or refuses.
        """
        locked = locked or lock_pending(path)
        start = start_resumed(locked)
        with releasing(locked):  # segments are read here
            return cls(locked, start, resumable=True)

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the writer; work that was not committed is discarded."""
        self.close()

    def __repr__(self) -> str:
        """Return the path and the state."""
        return f"<IndexWriter {self.path}: generation {self._base.generation}>"

    def merge_parts(self, *, max_tokens: int = DEFAULT_SEGMENT_TOKENS) -> None:
        """Merge segments that were added since the last commit; codes and order stay as they are.

        Only neighbours are merged, and only whole segments, as many as fit. Deleted documents of
        those that are merged are dropped. Beside them the disk needs room for one new segment.

        Args:
            max_tokens: How many tokens a merged segment has at most.

        Raises:
            ValueError: The writer is closed, or a segment is not finished.
            IndexCorruptError: A file that was to be copied is damaged.
            IndexWriteError: The disk is full or refuses; nothing is lost.
        """
        self._check_ready()
        added = self._changes.added
        counted = [self._changes.counted(record) for record in added]
        start = 0
        for run in plan_merge(counted, max_tokens=max_tokens):
            if len(run) > 1:
                self._merge_run(added[start : start + len(run)])
            start += len(run)

    def merge_neighbours(self, *, max_tokens: int = DEFAULT_SEGMENT_TOKENS) -> None:
        """Merge small segments that lie side by side, old ones too; ``commit`` comes next.

        The order of the documents stays, deleted ones of those that are merged are dropped. A
        bounded number of tokens is copied. Segments that are damaged stay as they are.

        Args:
            max_tokens: How many tokens a merged segment has at most.

        Raises:
            ValueError: The writer is closed, or a segment is not finished.
            IndexWriteError: The disk is full or refuses; nothing is lost.
        """
        self._check_ready()
        changes = self._changes
        counted = [changes.counted(record) for record in changes.segments]
        for run in plan_neighbours(counted, max_tokens=max_tokens):
            records = changes.segments[run]
            try:
                parts = [
                    (segment, changes.live_in(segment)) for segment in changes.checked(records)
                ]
            except IndexCorruptError as error:
                logger.warning("segments are not merged: %s", error)
                continue
            made = rewritten(self.directory, parts, self._next_copy, max_tokens=max_tokens)
            changes.put(made, records)

    def add_copies(
        self,
        parts: Iterable[tuple[Segment, Iterable[int]]],
        *,
        max_tokens: int = DEFAULT_SEGMENT_TOKENS,
    ) -> None:
        """Add documents of segments that the manifest does not name, with their codes.

        Args:
            parts: Segments, each with the positions of its documents.
            max_tokens: A new segment is begun before one would exceed this.

        Raises:
            InputError: An id is that of a live document.
            IndexCorruptError: A column of a segment leaves its file.
            IndexWriteError: The disk is full or refuses.
        """
        self._check_ready()
        made = rewritten(
            self.directory, parts, self._next_copy, max_tokens=max_tokens, copy=copy_read
        )
        for record in made:
            self._changes.add_sealed(record, replace=False)

    def commit(self) -> Manifest:
        """Make all changes since the last commit visible in one step; return the new manifest.

        Without changes nothing is written, unless a segment of an older program has no words for
        BM25 yet. Files that the new manifest does not name are removed; readers that opened them
        keep them.

        Raises:
            ValueError: The writer is closed, or a segment is not finished.
            IndexWriteError: The disk is full or refuses. What was committed before is unharmed,
                and the commit may be tried again.
        """
        self._check_ready()
        if not self.has_changes and has_all_words(self._base):
            return self._base
        self._generation += 1
        if self._is_new and self._base.generation == 0 and self._changes.added:
            self._list_pending()  # without it the files of a commit say that a manifest is lost
        with writing(self.path):
            manifest = next_manifest(
                self.directory,
                self._base,
                self._changes,
                generation=self._generation,
                next_segment=self._next_segment,
                checks=self._locked.checks,
            )
            self._locked.replace_manifest(manifest)
        self._base = manifest
        self._is_new = self._has_new_options = False
        self._changes = self._changes.committed(manifest)
        with writing(self.path):
            self.directory.sync()
            self._locked.remove_unlisted()
        return manifest

    def compact(self, *, max_tokens: int = DEFAULT_SEGMENT_TOKENS) -> Manifest:
        """Merge small segments, drop deleted documents, commit; codes and order stay as they are.

        Neighbouring segments that have deletions or fill less than half of ``max_tokens`` are
        rewritten together; the others are not touched.

        Args:
            max_tokens: A new segment is begun before one would exceed this. A single longer
                document makes a longer segment.

        Raises:
            ValueError: There are changes that are not committed.
            IndexCorruptError: A file that was to be rewritten is damaged.
            IndexWriteError: The disk is full or refuses; the index is as it was.
        """
        self._check_ready()
        if self.has_changes:
            raise ValueError("commit the changes before compact()")
        try:
            self._changes.segments = compacted(
                self._changes, self._base.segments, self._next_copy, max_tokens=max_tokens
            )
            return self.commit()
        finally:
            self._changes = UncommittedChanges(self.directory, self._base, self._locked.checks)

    def close(self) -> None:
        """Let the next writer in; a second call does nothing.

        What was not committed is discarded, but for the finished segments of a resumable writer.
        """
        if self._is_open:
            self._is_open = False
            if self._changes.unfinished is not None:
                self._changes.unfinished.discard()
            self._locked.discard_uncommitted(keep_pending=self._resumable)

    def detach(self) -> None:
        """Close the writer but keep the lock, which the caller who passed it in goes on with.

        What it wrote stays until the next writer starts.
        """
        self._check_ready()
        self._is_open = False

    def _merge_run(self, run: Sequence[SegmentRecord]) -> None:
        """Put one segment in the place of neighbours that were added since the last commit."""
        changes = self._changes
        parts = [(segment, changes.live_in(segment)) for segment in changes.checked(run)]
        n_tokens = sum(record.n_tokens for record in run)
        made = rewritten(self.directory, parts, self._next_copy, max_tokens=n_tokens)
        changes.put(made, run)
        self._write_pending()
        for record in run:
            remove_entry(self.directory, record.name)
