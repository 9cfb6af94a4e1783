"""How does an index come into being and change? One writer, one commit at a time.

Nothing that a reader can see changes before ``commit`` replaces the manifest in one step. A kill
at any moment leaves the state of the last commit; what a killed writer left behind is removed by
the next one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from colmodern.codec import Codec
from colmodern.storage.directory import IndexLocation, as_directory
from colmodern.storage.directory.durable import writing
from colmodern.storage.format.documents import EncoderInfo, SourceRecord
from colmodern.storage.format.manifest import FileRecord, Manifest, SegmentRecord, first_manifest
from colmodern.storage.format.manifest_json import encode_manifest, program_name
from colmodern.storage.format.names import PENDING, segment_name
from colmodern.storage.format.pending import Pending, encode_pending
from colmodern.storage.format.word_postings import has_all_words
from colmodern.storage.snapshot.files import read_codec
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.commit_files import write_sources, write_tombstones
from colmodern.storage.writer.compaction import plan_compaction, plan_merge, rewrite
from colmodern.storage.writer.files import write_codec
from colmodern.storage.writer.leftovers import check_free, remove_entry
from colmodern.storage.writer.locked import LockedIndex, nothing_pending
from colmodern.storage.writer.segment_writer import SegmentWriter
from colmodern.storage.writer.uncommitted import UncommittedChanges
from colmodern.storage.writer.words_writer import with_words

__all__ = ["DEFAULT_SEGMENT_TOKENS", "IndexWriter"]

DEFAULT_SEGMENT_TOKENS = 2_000_000


class IndexWriter:
    """The one process that may change an index; use ``create`` or ``open``, then ``with``.

    A resumable writer keeps the segments it has finished when it ends without a commit, however it
    ends; ``resume`` goes on with them.

    Attributes:
        codec: The codec of all its segments.
    """

    def __init__(
        self,
        locked: LockedIndex,
        base: Manifest,
        codec: Codec,
        *,
        is_new: bool,
        resumable: bool,
    ) -> None:
        """Start from a manifest; callers use ``create``, ``open`` or ``resume``."""
        self.directory = locked.directory
        self.codec = codec
        self._locked = locked
        self._base = base
        self._is_new = is_new
        self._resumable = resumable
        self._is_open = True
        # Rises with every attempt to commit, so that no file name is used twice.
        self._generation = base.generation
        self._next_segment = base.next_segment
        self._changes = UncommittedChanges(self.directory, base)

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
        directory = locked.directory
        try:
            old = locked.manifest
            check_free(directory, old, may_replace=replace)
        except BaseException:
            locked.release()
            raise
        try:
            with writing(directory.path):
                locked.remove_unlisted()
                generation = 1 if old is None else old.generation + 1
                codec_record = write_codec(directory, codec, generation=generation)
            base = first_manifest(codec_record, encoder, config, old, program=program_name())
            encode_manifest(base)  # a config that JSON cannot hold is refused now, not at the end
        except BaseException:
            locked.discard_uncommitted()
            raise
        return cls(locked, base, codec, is_new=True, resumable=resumable)

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
        try:
            manifest = locked.required_manifest()
            with writing(locked.directory.path):
                locked.remove_unlisted()
            codec = read_codec(locked.directory, manifest.codec)
        except BaseException:
            locked.release()
            raise
        return cls(locked, manifest, codec, is_new=False, resumable=resumable)

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
        if locked is None:
            directory = as_directory(path)
            if directory.version(PENDING) is None:
                raise nothing_pending(directory)  # what has none gets no lock file
            locked = LockedIndex(directory)
        directory = locked.directory
        try:
            pending = locked.required_pending()
            with writing(directory.path):
                locked.remove_unlisted(keep_pending=True)
            codec = read_codec(directory, pending.codec)
            base = old = locked.manifest
            if base is None or pending.is_new:
                base = first_manifest(
                    pending.codec, pending.encoder, pending.config, old, program=program_name()
                )
            writer = cls(locked, base, codec, is_new=pending.is_new, resumable=True)
            writer._next_segment = pending.next_segment
            writer._changes.adopt(pending.segments)
        except BaseException:
            locked.release()
            raise
        return writer

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the writer; work that was not committed is discarded."""
        self.close()

    def __repr__(self) -> str:
        """Return the path and the state."""
        return f"<IndexWriter {self.path}: generation {self._base.generation}>"

    @property
    def path(self) -> Path:
        """The folder of the index."""
        return self.directory.path

    @property
    def manifest(self) -> Manifest:
        """The manifest committed last; before the first commit, the one it starts from."""
        return self._base

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

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents by id from the next commit on; return how many were live.

        Documents added since the last commit count too. To update a document, delete its id and
        add it anew before the commit.
        """
        self._check_open()
        if isinstance(ids, str):
            raise TypeError("ids must be an iterable of strings, not one string")
        return sum(self._changes.delete(document_id) is not None for document_id in ids)

    def set_sources(self, records: Iterable[SourceRecord]) -> None:
        """Replace the list of sources at the next commit; without a call it stays as it is."""
        self._check_open()
        self._changes.sources = list(records)

    def set_option(self, name: str, value: Any) -> None:
        """Keep something among the options of the manifest, from the next change on.

        It is written by the next commit that has a change to write.
        """
        self._check_open()
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
        return {
            segment.id_of(i): segment.content_hashes[i]
            for segment in self._changes.opened(self._changes.added)
            for i in self._changes.live_in(segment)
        }

    def keep_pending(self, wanted: Mapping[str, str]) -> set[str]:
        """Keep the pending documents that are wanted as they are; forget all others.

        Where a forgotten one had taken the place of a committed document, that one is live again.

        Args:
            wanted: The content hash of each document that the index shall have, by id.

        Returns:
            The ids of the documents that were kept, which need not be added.
        """
        kept = set()
        for document_id, content_hash in self.pending_documents().items():
            if wanted.get(document_id) == content_hash:
                kept.add(document_id)
            else:
                self._changes.forget(document_id)
        return kept

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
                self._merge(added[start : start + len(run)])
            start += len(run)

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
        if not self._has_changes() and has_all_words(self._base):
            return self._base
        self._generation += 1
        with writing(self.path):
            segments = [self._with_tombstones(record) for record in self._changes.segments]
            live = [s for s in segments if s.n_deleted_documents < s.n_documents]
            manifest = dataclasses.replace(
                self._base,
                generation=self._generation,
                updated_by=program_name(),
                next_segment=self._next_segment,
                segments=tuple(self._with_words(record) for record in live),
                sources=self._written_sources(),
            )
            self._locked.replace_manifest(manifest)
        self._base = manifest
        self._is_new = False
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
        if self._has_changes():
            raise ValueError("commit the changes before compact()")
        try:
            self._changes.segments = self._compacted(max_tokens)
            return self.commit()
        finally:
            self._changes = UncommittedChanges(self.directory, self._base)

    def close(self) -> None:
        """Let the next writer in; a second call does nothing.

        What was not committed is discarded, but for the finished segments of a resumable writer.
        """
        if self._is_open:
            self._is_open = False
            if self._changes.unfinished is not None:
                self._changes.unfinished.discard()
            self._locked.discard_uncommitted(keep_pending=self._resumable)

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError("this IndexWriter is closed")

    def _check_ready(self) -> None:
        self._check_open()
        if self._changes.unfinished is not None:
            raise ValueError(f"finish() {self._changes.unfinished.name} first")

    def _has_changes(self) -> bool:
        return self._is_new or bool(self._changes)

    def _next_writer(
        self,
        claim: Callable[[str, int], None],
        finished: Callable[[SegmentRecord | None], None],
    ) -> SegmentWriter:
        name = segment_name(self._next_segment)
        self._next_segment += 1
        return SegmentWriter(self.directory, name, self._base.codec, claim=claim, finished=finished)

    def _finished(self, record: SegmentRecord | None) -> None:
        self._changes.unfinished = None
        if record is not None:
            self._changes.segments.append(record)
            self._write_pending()

    def _write_pending(self) -> None:
        if not self._resumable:
            return
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

    def _merge(self, records: Sequence[SegmentRecord]) -> None:
        """Put one segment in the place of neighbours that were added since the last commit."""
        changes = self._changes
        parts = [(segment, changes.live_in(segment)) for segment in changes.checked(records)]
        n_tokens = sum(record.n_tokens for record in records)
        changes.put(self._rewritten(parts, max_tokens=n_tokens), records)
        self._write_pending()
        for record in records:
            remove_entry(self.directory, record.name)

    def _compacted(self, max_tokens: int) -> list[SegmentRecord]:
        """Rewrite what is worth it and return the segments that there shall be."""
        plan: list[SegmentRecord] = []
        for run, is_rewritten in plan_compaction(self._base.segments, max_tokens=max_tokens):
            if is_rewritten:
                parts = [(s, s.live_positions()) for s in self._changes.checked(run)]
                plan.extend(self._rewritten(parts, max_tokens=max_tokens))
            else:
                plan.extend(run)
        return plan

    def _rewritten(
        self, parts: Iterable[tuple[Segment, Iterable[int]]], *, max_tokens: int
    ) -> list[SegmentRecord]:
        """Copy documents of segments into new ones and return the records of those."""
        made: list[SegmentRecord | None] = []
        try:
            rewrite(
                parts,
                lambda: self._next_writer(lambda *_: None, made.append),
                max_tokens=max_tokens,
            )
        except BaseException:
            for record in filter(None, made):
                remove_entry(self.directory, record.name)
            raise
        return [record for record in made if record is not None]

    def _with_tombstones(self, record: SegmentRecord) -> SegmentRecord:
        deleted = self._changes.deleted.get(record.name)
        if not deleted:
            return record
        return write_tombstones(
            self.directory, record, self._base.codec, deleted, generation=self._generation
        )

    def _with_words(self, record: SegmentRecord) -> SegmentRecord:
        return with_words(self.directory, record, self._base.codec, generation=self._generation)

    def _written_sources(self) -> FileRecord | None:
        if self._changes.sources is None:
            return self._base.sources
        return write_sources(self.directory, self._changes.sources, generation=self._generation)
