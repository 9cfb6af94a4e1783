"""How does one change of an index happen? It is opened once, filled, and committed in one step.

Nobody sees anything of it before the commit. What an attempt that was killed has finished is taken
over if it belongs to the same encoder, options and codec, and its documents are still wanted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from colmodern.codec import Codec
from colmodern.errors import IndexFormatError
from colmodern.indexer.coding import CodedBatches
from colmodern.indexer.kept_config import config_of
from colmodern.indexer.plan import PART_SECONDS, PART_TOKENS, outgrown
from colmodern.indexer.report import IndexReport
from colmodern.indexer.scans import KEY as SCANS
from colmodern.indexer.segment_job import SegmentJob, TextsToEncode, fill_segment
from colmodern.indexer.sources.base import DocumentSource, StoredBatch
from colmodern.indexer.sources.spool import Spool
from colmodern.indexer.training import train
from colmodern.request import IndexConfig
from colmodern.storage import (
    EncoderInfo,
    IndexReader,
    IndexWriter,
    LocalDirectory,
    LockedIndex,
    Manifest,
    Segment,
    SegmentRecord,
    SourceRecord,
    TrainingRecord,
)
from colmodern.storage.directory.durable import writing
from colmodern.storage.writer.leftovers import check_free
from colmodern.types import Progress

__all__ = ["Transaction"]

logger = logging.getLogger(__name__)


class Transaction:
    """One change of the index in a folder, from its lock to its commit; use ``open``.

    ``start_new`` or ``start_change`` comes first, then whatever is written and deleted, then
    ``commit``. Without one, what was finished waits for the next attempt.

    Attributes:
        path: The folder of the index.
        manifest: What is there, read once under the lock; None: there is no index yet.
        spool: Documents that wait to be encoded.
        report: What is done.
        progress: Told how far it is.
    """

    def __init__(
        self, path: Path, locked: LockedIndex, spool: Spool, progress: Progress | None
    ) -> None:
        """Start without changes; callers use ``open``."""
        self.path = path
        self.manifest = locked.manifest
        self.spool = spool
        self.report = IndexReport()
        self._locked = locked
        self.progress = progress
        self._snapshot: IndexReader | None = None
        self._writer: IndexWriter | None = None
        self._build_config = IndexConfig()
        self._done: set[str] = set()

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, *, exists: bool | None = None, progress: Progress | None = None
    ) -> Iterator[Self]:
        """Take the lock, look at what is there, and let it go at the end.

        Args:
            path: The folder of the index.
            exists: Whether there must be an index, or must be none; None: there may be one.
            progress: Told how far the change is.

        Raises:
            IndexNotFoundError: There is no index.
            IndexExistsError: There is one, or the folder holds files of somebody else.
            IndexFormatError: The path is a file, or holds another format version.
            IndexLockedError: Another process is writing to it.
            IndexWriteError: The disk is full or refuses.
        """
        if path.exists() and not path.is_dir():
            raise IndexFormatError(f"{path} is a file; an index is a folder.", path=path)
        directory = LocalDirectory(path)
        with writing(path):
            locked = LockedIndex.of_index(directory) if exists else LockedIndex(directory)
        with cls.of(locked, may_replace=exists is not False, progress=progress) as transaction:
            yield transaction

    @classmethod
    @contextmanager
    def of(
        cls, locked: LockedIndex, *, may_replace: bool = True, progress: Progress | None = None
    ) -> Iterator[Self]:
        """Change an index whose lock is held; it is released at the end.

        Raises:
            IndexExistsError: There is one that may not be replaced, or files of somebody else.
            IndexWriteError: The disk is full or refuses.
        """
        started = time.perf_counter()
        path = locked.directory.path
        with writing(path):
            try:
                # before the long work, not after it
                check_free(locked.directory, locked.manifest, may_replace=may_replace)
                with Spool(path) as spool:
                    transaction = cls(path, locked, spool, progress)
                    try:
                        yield transaction
                    finally:
                        transaction._close()
            finally:
                locked.release()
        transaction.report.seconds = time.perf_counter() - started

    @property
    def snapshot(self) -> IndexReader:
        """The state that is there; it is opened when it is first asked for.

        Raises:
            IndexNotFoundError: There is none.
        """
        if self._snapshot is None:
            self._snapshot = self._locked.snapshot()
        return self._snapshot

    @property
    def config(self) -> IndexConfig:
        """How the index that is there was built."""
        return config_of(self.snapshot.manifest.config)

    @property
    def is_resumable(self) -> bool:
        """Whether an attempt that was killed has left something."""
        return self._locked.pending() is not None

    def content_hashes(self) -> dict[str, str]:
        """Return the content hash of each live document by id; none where there is no index."""
        return {} if self.manifest is None else self.snapshot.content_hashes()

    def content_hash(self, document_id: str) -> str | None:
        """Return the content hash of a live document; None: there is no such document."""
        return None if self.manifest is None else self.snapshot.content_hash(document_id)

    def start_new(
        self,
        source: DocumentSource,
        encoder: EncoderInfo,
        config: IndexConfig,
        codec: Codec | None = None,
    ) -> None:
        """Start an index of a source alone; the commit puts it in the place of one that is there.

        Args:
            source: The documents that it shall have.
            encoder: The encoder of their vectors.
            config: How it is built.
            codec: The codec; None: one is trained on a sample of the source.
        """
        self._build_config = config
        if self._resume_new(source, encoder, codec):
            return
        if codec is None:
            sample = source.training_sample()
            codec, training = train(sample, source.n_tokens, config, self.progress)
            del sample  # its memory is given back while the documents are written
        else:
            training = TrainingRecord(source.n_tokens, 0.0, is_shared=True)
        self._writer = IndexWriter.create(
            self.path,
            codec,
            encoder=encoder,
            config={**config.to_dict(), **training.to_dict()},
            replace=True,
            resumable=True,
            locked=self._locked,
        )

    def start_change(self, source: DocumentSource | None) -> None:
        """Start to change the index that is there, and to add a source, if any, to it."""
        self._build_config = self.config
        pending = self._locked.pending()
        if source is not None and pending is not None and not pending.is_new:
            self._keep(IndexWriter.resume(self.path, locked=self._locked), source)
        else:
            self._writer = IndexWriter.open(self.path, resumable=True, locked=self._locked)

    def delete(self, ids: AbstractSet[str]) -> int:
        """Delete documents; return how many were live, or are replaced by finished ones."""
        return self._started().delete(sorted(ids - self._done)) + len(ids & self._done)

    def write(self, source: DocumentSource) -> None:
        """Write the documents of a source; each takes the place of a live one of its id.

        Raises:
            InputError: Something is wrong with a document; the message names it.
            IndexWriteError: The disk is full or refuses.
        """
        writer = self._started()
        part_tokens = min(PART_TOKENS, self._build_config.segment_tokens)
        stored = self._without_old(source.batches(self._done), writer)
        batches = CodedBatches(stored, writer.codec)
        for batch in batches:
            batches.give_back(batch)
            segment = writer.new_segment()
            fill_segment(segment, batches, max_tokens=part_tokens, max_seconds=PART_SECONDS)

    def new_job(self, content: Sequence[StoredBatch] | TextsToEncode) -> SegmentJob:
        """Return a job that makes a segment, for ``run_segment_job`` in any process."""
        writer = self._started()
        return SegmentJob(self.path.absolute(), writer.reserve_segment(), writer.codec, content)

    def add_copies(self, parts: Iterable[tuple[Segment, Iterable[int]]]) -> None:
        """Add documents of segments that the index does not name, with their codes."""
        self._started().add_copies(parts, max_tokens=self._build_config.segment_tokens)

    def add_segment(self, record: SegmentRecord) -> None:
        """Add the segment of a job; its documents take the place of live ones of their ids.

        Segments have the order in which they are added.

        Raises:
            InputError: An id comes twice.
            IndexCorruptError: A file is not there as the record says.
        """
        self._started().add_segment(record, replace=True)

    def remember(
        self,
        *,
        sources: Sequence[SourceRecord] | None = None,
        scans: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep what files were read and how; None, or what is kept now: nothing is written."""
        writer = self._started()
        if sources is not None and not self._knows(sources):
            writer.set_sources(sources)
        if scans is not None:
            writer.set_option(SCANS, dict(scans))

    def commit(self) -> Manifest:
        """Merge the parts, make the change visible and complete the report.

        Where nothing was changed, nothing is written.

        Raises:
            IndexWriteError: The disk is full or refuses; the index is as it was.
        """
        writer = self._started()
        writer.merge_parts(max_tokens=self._build_config.segment_tokens)
        if self._build_config.merge and writer.has_changes:
            writer.merge_neighbours(max_tokens=self._build_config.segment_tokens)
        self._let_go()  # of files that the commit removes
        manifest = writer.commit()
        self.report.documents, self.report.tokens = manifest.n_documents, manifest.n_tokens
        return manifest

    def _resume_new(
        self, source: DocumentSource, encoder: EncoderInfo, codec: Codec | None
    ) -> bool:
        """Go on with an index that was being made, if that is of use."""
        pending = self._locked.pending()
        if pending is None or not pending.is_new:
            return False
        training = TrainingRecord.of(pending.config)
        is_same_codec = (
            not training.is_shared and not outgrown(training.n_tokens, source.n_tokens)
            if codec is None
            else pending.codec.fingerprint == codec.fingerprint
        )
        is_same = pending.encoder == encoder and config_of(pending.config) == self._build_config
        if not is_same or not is_same_codec:
            return False
        writer = IndexWriter.resume(self.path, locked=self._locked)
        self._keep(writer, source)
        # Otherwise the codec was trained on other documents.
        if codec is not None or 2 * len(self._done) >= pending.n_documents:
            return True
        writer.detach()
        self._writer, self._done, self.report.continued = None, set(), 0
        return False

    def _keep(self, writer: IndexWriter, source: DocumentSource) -> None:
        """Go on with a writer that has finished segments, as far as the source wants them."""
        self._writer = writer
        self._done = writer.keep_pending(source.content_hashes())
        self.report.continued = len(self._done)
        logger.info("going on with %d documents that were done", len(self._done))

    def _knows(self, sources: Sequence[SourceRecord]) -> bool:
        """Return whether the manifest that is changed names a list of just these."""
        return self._started().manifest.sources is not None and (
            list(sources) == self.snapshot.sources()
        )

    def _started(self) -> IndexWriter:
        if self._writer is None:
            raise ValueError("start_new() or start_change() comes first")
        return self._writer

    @staticmethod
    def _without_old(batches: Iterable[StoredBatch], writer: IndexWriter) -> Iterator[StoredBatch]:
        """Pass batches on; live documents with ids of theirs are deleted."""
        for batch in batches:
            writer.delete(document.id for document in batch.documents)
            yield batch

    def _let_go(self) -> None:
        if self._snapshot is not None:
            self._snapshot.close()

    def _close(self) -> None:
        self._let_go()
        if self._writer is not None:
            self._writer.close()
