"""How an index comes into being and changes: one writer, one commit at a time.

Nothing that a reader can see changes before ``commit`` replaces the manifest in one step. A kill
at any moment leaves the state of the last commit; what a killed writer left behind is removed by
the next one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from colmodern.codec import Codec
from colmodern.errors import InputError
from colmodern.storage.codec_file import read_codec, write_codec
from colmodern.storage.commit_files import write_sources, write_tombstones
from colmodern.storage.compaction import plan_compaction, rewrite
from colmodern.storage.durable import replace_manifest, sync_folder, writing
from colmodern.storage.folder import claim_folder, discard_uncommitted, remove_unlisted
from colmodern.storage.layout import segment_name
from colmodern.storage.living import LivingDocuments
from colmodern.storage.lock import WriterLock
from colmodern.storage.manifest import FileRecord, Manifest, SegmentRecord, first_manifest
from colmodern.storage.manifest_file import encode_manifest, program_name, read_manifest
from colmodern.storage.records import EncoderInfo, SourceRecord
from colmodern.storage.segment import Segment
from colmodern.storage.segment_writer import SegmentWriter
from colmodern.storage.tables import check_file

__all__ = ["DEFAULT_SEGMENT_TOKENS", "IndexWriter"]

DEFAULT_SEGMENT_TOKENS = 2_000_000


@dataclass(slots=True)
class _Changes:
    """What the next commit will make visible."""

    segments: list[SegmentRecord]
    deleted: dict[str, set[int]] = field(default_factory=dict)
    sources: Sequence[SourceRecord] | None = None
    unfinished: str | None = None


class IndexWriter:
    """The one process that may change an index; use ``create`` or ``open``, then ``with``.

    Attributes:
        path: The folder of the index.
        codec: The codec of all its segments.
    """

    def __init__(
        self, path: Path, lock: WriterLock, base: Manifest, codec: Codec, *, is_new: bool
    ) -> None:
        """Start from a manifest; callers use ``create`` or ``open``."""
        self.path = path
        self.codec = codec
        self._lock = lock
        self._base = base
        self._is_new = is_new
        self._is_open = True
        # Rises with every attempt to commit, so that no file name is used twice.
        self._generation = base.generation
        self._next_segment = base.next_segment
        self._changes = _Changes(list(base.segments))
        self._living: LivingDocuments | None = None

    @classmethod
    def create(
        cls,
        path: Path | str,
        codec: Codec,
        *,
        encoder: EncoderInfo,
        config: Mapping[str, Any],
        replace: bool = False,
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
        return cls(path, lock, base, codec, is_new=True)

    @classmethod
    def open(cls, path: Path | str, *, lock: WriterLock | None = None) -> Self:
        """Start to change an index that exists.

        Args:
            path: Its folder.
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
        return cls(path, lock, manifest, codec, is_new=False)

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
        writer = self._next_writer(self._claim)
        self._living_documents().begin_segment(writer.name)
        self._changes.unfinished = writer.name
        return writer

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents by id from the next commit on; return how many were alive.

        Documents added since the last commit count too. To update a document, delete its id and
        add it anew before the commit.
        """
        self._check_open()
        if isinstance(ids, str):
            raise TypeError("ids must be an iterable of strings, not one string")
        living = self._living_documents()
        n_deleted = 0
        for document_id in ids:
            place = living.remove(document_id)
            if place is not None:
                name, position = place
                self._changes.deleted.setdefault(name, set()).add(position)
                n_deleted += 1
        return n_deleted

    def set_sources(self, records: Iterable[SourceRecord]) -> None:
        """Replace the list of sources at the next commit; without a call it stays as it is."""
        self._check_open()
        self._changes.sources = list(records)

    def content_hashes(self) -> dict[str, str]:
        """Return the content hash of each document alive at the last commit, by id."""
        self._check_open()
        return {
            segment.id_of(i): segment.content_hashes[i]
            for segment in self._open_segments(self._base.segments)
            for i in segment.living()
        }

    def commit(self) -> Manifest:
        """Make all changes since the last commit visible in one step; return the new manifest.

        Without changes nothing is written. Files that the new manifest does not name are removed;
        readers that opened them keep them.

        Raises:
            ValueError: The writer is closed, or a segment is not finished.
            IndexWriteError: The disk is full or refuses. What was committed before is unharmed,
                and the commit may be tried again.
        """
        self._check_ready()
        if not self._has_changes():
            return self._base
        self._generation += 1
        with writing(self.path):
            segments = [self._with_tombstones(record) for record in self._changes.segments]
            manifest = dataclasses.replace(
                self._base,
                generation=self._generation,
                updated_by=program_name(),
                next_segment=self._next_segment,
                segments=tuple(s for s in segments if s.n_deleted_documents < s.n_documents),
                sources=self._written_sources(),
            )
            replace_manifest(self.path, manifest)
        self._base = manifest
        self._is_new = False
        self._changes = _Changes(list(manifest.segments))
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
        self._living = None
        try:
            self._changes.segments = self._compacted(max_tokens)
            return self.commit()
        except BaseException:
            self._changes = _Changes(list(self._base.segments))
            raise

    def close(self) -> None:
        """Discard what was not committed and let the next writer in; a second call does nothing."""
        if self._is_open:
            self._is_open = False
            discard_uncommitted(self.path, self._lock)

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError("this IndexWriter is closed")

    def _check_ready(self) -> None:
        self._check_open()
        if self._changes.unfinished is not None:
            raise ValueError(f"finish() {self._changes.unfinished} first")

    def _has_changes(self) -> bool:
        return self._is_new or self._changes != _Changes(list(self._base.segments))

    def _open_segments(self, records: Iterable[SegmentRecord]) -> list[Segment]:
        return [Segment(self.path, record, self._base.codec) for record in records]

    def _living_documents(self) -> LivingDocuments:
        if self._living is None:
            self._living = LivingDocuments(self._open_segments(self._base.segments))
        return self._living

    def _claim(self, document_id: str, position: int) -> None:
        living = self._living_documents()
        if document_id in living:
            raise InputError(
                f"The index {self.path} has a document {document_id!r} already. Delete it first to "
                "replace it, or give the new one another id."
            )
        living.add(document_id, position)

    def _next_writer(self, claim: Callable[[str, int], None]) -> SegmentWriter:
        name = segment_name(self._next_segment)
        self._next_segment += 1
        return SegmentWriter(
            self.path, name, self._base.codec, claim=claim, finished=self._finished
        )

    def _finished(self, record: SegmentRecord | None) -> None:
        self._changes.unfinished = None
        if record is not None:
            self._changes.segments.append(record)

    def _compacted(self, max_tokens: int) -> list[SegmentRecord]:
        """Rewrite what is worth it and return the segments that there shall be."""
        plan: list[SegmentRecord] = []
        for run, is_rewritten in plan_compaction(self._base.segments, max_tokens=max_tokens):
            if not is_rewritten:
                plan.extend(run)
                continue
            for file in (file for record in run for file in record.files()):
                check_file(self.path, file)  # damage must not get a new checksum
            self._changes.segments = []
            rewrite(
                ((segment, segment.living()) for segment in self._open_segments(run)),
                lambda: self._next_writer(lambda *_: None),
                max_tokens=max_tokens,
            )
            plan.extend(self._changes.segments)
        return plan

    def _with_tombstones(self, record: SegmentRecord) -> SegmentRecord:
        deleted = self._changes.deleted.get(record.name)
        if not deleted:
            return record
        return write_tombstones(
            self.path, record, self._base.codec, deleted, generation=self._generation
        )

    def _written_sources(self) -> FileRecord | None:
        if self._changes.sources is None:
            return self._base.sources
        return write_sources(self.path, self._changes.sources, generation=self._generation)
