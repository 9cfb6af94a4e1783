"""How an index comes into being and changes: one writer, one commit at a time.

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
from colmodern.errors import IndexNotFoundError
from colmodern.storage.changes import Changes
from colmodern.storage.codec_file import read_codec, write_codec
from colmodern.storage.commit_files import write_sources, write_tombstones
from colmodern.storage.compaction import plan_compaction, plan_merge, rewrite
from colmodern.storage.durable import replace_file, sync_folder, writing
from colmodern.storage.folder import (
    claim_folder,
    discard_uncommitted,
    remove_entry,
    remove_unlisted,
)
from colmodern.storage.layout import MANIFEST, segment_name
from colmodern.storage.lock import WriterLock
from colmodern.storage.manifest import FileRecord, Manifest, SegmentRecord, first_manifest
from colmodern.storage.manifest_file import encode_manifest, program_name, read_manifest
from colmodern.storage.pending import Pending, read_pending, write_pending
from colmodern.storage.records import EncoderInfo, SourceRecord
from colmodern.storage.segment import Segment
from colmodern.storage.segment_writer import SegmentWriter
from colmodern.storage.words_writer import has_all_words, with_words

__all__ = ["DEFAULT_SEGMENT_TOKENS", "IndexWriter"]

DEFAULT_SEGMENT_TOKENS = 2_000_000


class IndexWriter:
    """The one process that may change an index; use ``create`` or ``open``, then ``with``.

    A resumable writer keeps the segments it has finished when it ends without a commit, however it
    ends; ``resume`` goes on with them.

    Attributes:
        path: The folder of the index.
        codec: The codec of all its segments.
    """

    def __init__(
        self,
        path: Path,
        lock: WriterLock,
        base: Manifest,
        codec: Codec,
        *,
        is_new: bool,
        resumable: bool,
    ) -> None:
        """Start from a manifest; callers use ``create``, ``open`` or ``resume``."""
        self.path = path
        self.codec = codec
        self._lock = lock
        self._base = base
        self._is_new = is_new
        self._resumable = resumable
        self._is_open = True
        # Rises with every attempt to commit, so that no file name is used twice.
        self._generation = base.generation
        self._next_segment = base.next_segment
        self._changes = Changes(path, base)

    @classmethod
    def create(
        cls,
        path: Path | str,
        codec: Codec,
        *,
        encoder: EncoderInfo,
        config: Mapping[str, Any],
        replace: bool = False,
        resumable: bool = False,
        lock: WriterLock | None = None,
    ) -> Self:
        """Start a new index; it exists from the first commit on.

        Args:
            path: Its folder; made if it does not exist.
            codec: The codec of all its segments.
            encoder: The encoder that made the token vectors.
            config: Kept whole in the manifest; what JSON can hold.
            replace: Start over where an index lies already. Readers find the old one until the
                first commit.
            resumable: Keep finished segments for ``resume`` if there is no commit.
            lock: The lock of the folder, if the caller holds it already; the writer releases it.

        Raises:
            IndexExistsError: There is an index already, or files of somebody else.
            IndexLockedError: Another process is writing there.
            IndexWriteError: The disk is full or refuses.
        """
        path = Path(path)
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        lock = lock or WriterLock(path)
        try:
            old = claim_folder(path, may_replace=replace)
        except BaseException:
            lock.release()
            raise
        try:
            with writing(path):
                remove_unlisted(path, old)
                generation = 1 if old is None else old.generation + 1
                codec_record = write_codec(path, codec, generation=generation)
            base = first_manifest(codec_record, encoder, config, old, program=program_name())
            encode_manifest(base)  # a config that JSON cannot hold is refused now, not at the end
        except BaseException:
            discard_uncommitted(path, lock)
            raise
        return cls(path, lock, base, codec, is_new=True, resumable=resumable)

    @classmethod
    def open(
        cls, path: Path | str, *, resumable: bool = False, lock: WriterLock | None = None
    ) -> Self:
        """Start to change an index that exists; what an interrupted writer left is removed.

        Args:
            path: Its folder.
            resumable: Keep finished segments for ``resume`` if there is no commit.
            lock: The lock of the folder, if the caller holds it already; the writer releases it.

        Raises:
            IndexNotFoundError: There is none.
            IndexFormatError: The folder holds something else, or another format version.
            IndexCorruptError: The manifest or the codec was changed or cut short.
            IndexLockedError: Another process is writing to it.
            IndexWriteError: The disk is full or refuses.
        """
        path = Path(path)
        read_manifest(path)  # a folder that is no index gets no lock file
        lock = lock or WriterLock(path)
        try:
            manifest = read_manifest(path)
            with writing(path):
                remove_unlisted(path, manifest)
            codec = read_codec(path, manifest.codec)
        except BaseException:
            lock.release()
            raise
        return cls(path, lock, manifest, codec, is_new=False, resumable=resumable)

    @classmethod
    def resume(cls, path: Path | str, *, lock: WriterLock | None = None) -> Self:
        """Go on where a resumable writer ended without a commit.

        Its finished segments count as added since the last commit; where the index has a document
        of the same id, theirs takes its place. A damaged segment is left out. What was deleted, and
        the list of sources, is not kept: say it again.

        Args:
            path: The folder of the index.
            lock: The lock of the folder, if the caller holds it already; the writer releases it.

        Raises:
            IndexNotFoundError: There is nothing to go on with.
            IndexLockedError: Another process is writing to it.
            IndexWriteError: The disk is full or refuses.
        """
        path = Path(path)
        _required_pending(path)  # a folder without it gets no lock file
        lock = lock or WriterLock(path)
        try:
            pending = _required_pending(path)
            old = read_manifest(path) if (path / MANIFEST).exists() else None
            with writing(path):
                remove_unlisted(path, old, pending)
            codec = read_codec(path, pending.codec)
            base = old
            if base is None or pending.is_new:
                base = first_manifest(
                    pending.codec, pending.encoder, pending.config, old, program=program_name()
                )
            writer = cls(path, lock, base, codec, is_new=pending.is_new, resumable=True)
            writer._next_segment = pending.next_segment
            writer._changes.adopt(pending.segments)
        except BaseException:
            lock.release()
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
        self._changes.living.begin_segment(writer.name)
        self._changes.unfinished = writer
        return writer

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents by id from the next commit on; return how many were alive.

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
        """Return the content hash of each document alive at the last commit, by id."""
        self._check_open()
        return {
            segment.id_of(i): segment.content_hashes[i]
            for segment in self._changes.opened(self._base.segments)
            for i in segment.living()
        }

    def pending_documents(self) -> dict[str, str]:
        """Return the content hash of each living document added since the last commit, by id.

        Those of a segment that is not finished are not among them.
        """
        self._check_open()
        return {
            segment.id_of(i): segment.content_hashes[i]
            for segment in self._changes.opened(self._changes.added)
            for i in self._changes.living_in(segment)
        }

    def keep_pending(self, wanted: Mapping[str, str]) -> set[str]:
        """Keep the pending documents that are wanted as they are; forget all others.

        Where a forgotten one had taken the place of a committed document, that one is alive again.

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
            living = [s for s in segments if s.n_deleted_documents < s.n_documents]
            manifest = dataclasses.replace(
                self._base,
                generation=self._generation,
                updated_by=program_name(),
                next_segment=self._next_segment,
                segments=tuple(self._with_words(record) for record in living),
                sources=self._written_sources(),
            )
            replace_file(self.path / MANIFEST, encode_manifest(manifest))
        self._base = manifest
        self._is_new = False
        self._changes = self._changes.committed(manifest)
        with writing(self.path):
            sync_folder(self.path)
            remove_unlisted(self.path, manifest)
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
            self._changes = Changes(self.path, self._base)

    def close(self) -> None:
        """Let the next writer in; a second call does nothing.

        What was not committed is discarded, but for the finished segments of a resumable writer.
        """
        if self._is_open:
            self._is_open = False
            if self._changes.unfinished is not None:
                self._changes.unfinished.discard()
            discard_uncommitted(self.path, self._lock, keep_pending=self._resumable)

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
        return SegmentWriter(self.path, name, self._base.codec, claim=claim, finished=finished)

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
            write_pending(self.path, pending)

    def _merge(self, records: Sequence[SegmentRecord]) -> None:
        """Put one segment in the place of neighbours that were added since the last commit."""
        changes = self._changes
        parts = [(segment, changes.living_in(segment)) for segment in changes.checked(records)]
        n_tokens = sum(record.n_tokens for record in records)
        changes.put(self._rewritten(parts, max_tokens=n_tokens), records)
        self._write_pending()
        for record in records:
            remove_entry(self.path / record.name)

    def _compacted(self, max_tokens: int) -> list[SegmentRecord]:
        """Rewrite what is worth it and return the segments that there shall be."""
        plan: list[SegmentRecord] = []
        for run, is_rewritten in plan_compaction(self._base.segments, max_tokens=max_tokens):
            if is_rewritten:
                parts = [(s, s.living()) for s in self._changes.checked(run)]
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
                remove_entry(self.path / record.name)
            raise
        return [record for record in made if record is not None]

    def _with_tombstones(self, record: SegmentRecord) -> SegmentRecord:
        deleted = self._changes.deleted.get(record.name)
        if not deleted:
            return record
        return write_tombstones(
            self.path, record, self._base.codec, deleted, generation=self._generation
        )

    def _with_words(self, record: SegmentRecord) -> SegmentRecord:
        return with_words(self.path, record, self._base.codec, generation=self._generation)

    def _written_sources(self) -> FileRecord | None:
        if self._changes.sources is None:
            return self._base.sources
        return write_sources(self.path, self._changes.sources, generation=self._generation)


def _required_pending(path: Path) -> Pending:
    pending = read_pending(path)
    if pending is None:
        raise IndexNotFoundError(
            f"There is no interrupted work at {path} to go on with. Index from the start.",
            path=path,
        )
    return pending
