"""How is a damaged shard set mended? Each damaged shard as an index, in a folder of its own.

What lies there stays until the repaired set takes its place. The codec of a shard is that of every
other one, so it is lost only with all of them. Files of documents that are lost are to be read
again by the next ``index``.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

from colmodern.codec import Codec
from colmodern.errors import IndexCorruptError, IndexStoreError
from colmodern.indexer.repair_one import RepairReport, repair_one
from colmodern.indexer.shards.remains import found_set
from colmodern.indexer.sources.files import UNTRUSTED
from colmodern.indexer.sources.lost_files import sources_of
from colmodern.storage import (
    IndexWriter,
    LocalDirectory,
    LockedShardSet,
    Problem,
    ShardSet,
    SourceRecord,
    TrainingRecord,
    shard_of,
    verify,
)
from colmodern.storage.directory.durable import writing
from colmodern.storage.directory.folders import link_file
from colmodern.storage.format.schemas import sources_schema
from colmodern.storage.snapshot.files import check_file, map_table, read_codec, read_manifest
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.snapshot.shard_set import shard_directory
from colmodern.types import DocumentEncoder, EncoderIdentity, Progress

__all__ = ["repair_shards"]


def repair_shards(
    path: Path,
    encoder: DocumentEncoder | EncoderIdentity | None = None,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> RepairReport:
    """Mend a damaged shard set; see ``repair``.

    Raises:
        IndexCorruptError: Nothing tells any more how many shards there were, or no shard has the
            codec; or two shards have different ones.
    """
    started = time.perf_counter()
    directory = LocalDirectory(path)
    problems = verify(directory)
    if dry_run:
        return _planned(directory, problems, progress)
    locked = LockedShardSet(directory, is_damaged=bool(problems))
    try:
        if not problems:
            assert locked.record is not None
            locked.remove_unlisted()  # a repair may have been killed before its end
            whole = locked.record
            return RepairReport(documents=whole.n_documents, tokens=whole.n_tokens)
        mending = _SetMending(locked, problems, encoder, progress)
        whole = mending.run()
    finally:
        locked.release()
    report = mending.report
    report.documents, report.tokens = whole.n_documents, whole.n_tokens
    report.seconds = time.perf_counter() - started
    return report


def _planned(
    directory: LocalDirectory, problems: list[Problem], progress: Progress | None
) -> RepairReport:
    """Return what a repair would do; nothing is written."""
    whole = found_set(directory)
    report = RepairReport(problems=problems, is_planned=bool(problems))
    report.documents, report.tokens = whole.n_documents, whole.n_tokens
    for shard in whole.shards if problems else ():
        folder = shard_directory(directory, shard.name)
        if not folder.path.is_dir():
            report.n_unnamed += shard.n_documents
        elif _concerns(problems, folder.path):
            _add(report, repair_one(folder.path, dry_run=True, progress=progress))
        else:
            report.kept += shard.n_documents
    return report


class _SetMending:
    """Makes a sound set of a damaged one.

    Attributes:
        report: What was done.
    """

    def __init__(
        self,
        locked: LockedShardSet,
        problems: list[Problem],
        encoder: DocumentEncoder | EncoderIdentity | None,
        progress: Progress | None,
    ) -> None:
        """Find out what the set was."""
        self._locked = locked
        self._directory = locked.directory
        self._encoder = encoder
        self._progress = progress
        self._problems = problems
        self.report = RepairReport(problems=problems)
        self._whole = locked.record = found_set(locked.directory)
        self._codec, self._codec_file = self._sound_codec()
        self._sources = self._listed_sources()

    def run(self) -> ShardSet:
        """Mend every shard that needs it, and commit."""
        whole = self._whole
        folders: dict[int, Path] = {}
        for number, shard in enumerate(whole.shards):
            path = self._directory.path / shard.name
            if _concerns(self._problems, path):
                folders[number] = self._mended(number, path, shard.n_documents)
            else:
                self.report.kept += shard.n_documents
        sources = self._sources
        if sources is None:
            sources = self._sources_of_documents(folders)
        return self._locked.publish(
            folders,
            n_shards=len(whole.shards),
            config=whole.config,
            sources=[self._to_be_read(record) for record in sources],
        )

    def _mended(self, number: int, path: Path, n_documents: int) -> Path:
        """Return the folder of a shard that is sound, made of one that is not."""
        folder = self._locked.new_shard(number, is_empty=True)
        if not path.is_dir():
            self._lost_whole(number, n_documents)
            self._write_empty(folder)
            return folder
        with writing(folder):
            for file in sorted(path.rglob("*")):
                if file.is_file():
                    target = folder / file.relative_to(path)
                    target.parent.mkdir(exist_ok=True)
                    link_file(file, target)
            self._restore_codec(folder)
        done = repair_one(
            folder,
            self._encoder_for(folder),
            codec=self._codec,
            sources=self._sources_in(number),
            progress=self._progress,
        )
        self._check(folder)
        _remove_misplaced(folder, number, len(self._whole.shards))
        _add(self.report, done)
        if not done.problems:  # it is sound, and in another state than the set says
            self.report.kept += done.documents
        return folder

    def _encoder_for(self, folder: Path) -> DocumentEncoder | EncoderIdentity | None:
        """Return what encodes again; None: the encoder that the shard's manifest names."""
        if self._encoder is not None:
            return self._encoder
        try:
            read_manifest(LocalDirectory(folder))
        except IndexStoreError:
            from colmodern.encoder import load_encoder

            return load_encoder(self._whole.encoder.name)
        return None

    def _write_empty(self, folder: Path) -> None:
        training = TrainingRecord.of(self._whole.config)
        shared = dataclasses.replace(training, is_shared=True).to_dict()
        config = {**self._whole.config, **shared}
        config.pop("scans", None)
        info = self._whole.encoder
        with IndexWriter.create(folder, self._codec, encoder=info, config=config) as writer:
            writer.commit()

    def _lost_whole(self, number: int, n_documents: int) -> None:
        """Count the documents of a shard that is gone."""
        named = {i for record in self._sources_in(number) or () for i in record.document_ids}
        self.report.lost += sorted(named)
        self.report.n_unnamed += max(0, n_documents - len(named))

    def _sound_codec(self) -> tuple[Codec, Path]:
        """Return the codec of the set and a file that holds it."""
        for shard in self._whole.shards:
            folder = shard_directory(self._directory, shard.name)
            try:
                record = read_manifest(folder).codec
                check_file(folder, record.file)
                if record.fingerprint == self._whole.codec.fingerprint:
                    return read_codec(folder, record), folder.path / record.file.name
            except IndexStoreError:
                continue
        path = self._directory.path
        raise IndexCorruptError(
            f"The codec of {path} is damaged in every shard. Index again, into another folder.",
            path=path,
        )

    def _restore_codec(self, folder: Path) -> None:
        """Put the codec of the set where a shard's own is damaged."""
        place = LocalDirectory(folder)
        try:
            file = read_manifest(place).codec.file
        except IndexStoreError:
            return  # everything is encoded again with the codec of the set
        try:
            check_file(place, file)
        except IndexStoreError:
            (folder / file.name).unlink(missing_ok=True)
            link_file(self._codec_file, folder / file.name)

    def _check(self, folder: Path) -> None:
        """Refuse a shard of another codec or encoder."""
        manifest = read_manifest(LocalDirectory(folder))
        whole = self._whole
        if (manifest.codec.fingerprint, manifest.encoder.fingerprint) != (
            whole.codec.fingerprint,
            whole.encoder.fingerprint,
        ):
            raise IndexCorruptError(
                f"{folder} has another codec or encoder than its set, {self._directory.path}. "
                "Restore the shard from a backup, or index again.",
                path=folder,
                code="shard_mismatch",
            )

    def _listed_sources(self) -> list[SourceRecord] | None:
        """Return the files that documents were read from; None: the list is damaged."""
        record = self._whole.sources
        if record is None:
            return []
        try:
            check_file(self._directory, record)
            table = map_table(self._directory, record, schema=sources_schema())
            return [SourceRecord(**row) for row in table.rows()]
        except IndexStoreError:
            return None

    def _sources_in(self, number: int) -> list[SourceRecord] | None:
        """Return the files with those of their documents that are in one shard."""
        if self._sources is None:
            return None
        n_shards = len(self._whole.shards)
        return [
            dataclasses.replace(record, document_ids=own)
            for record in self._sources
            if (own := [i for i in record.document_ids if shard_of(i, n_shards) == number])
        ]

    def _sources_of_documents(self, folders: dict[int, Path]) -> list[SourceRecord]:
        paths = [self._directory.path / shard.name for shard in self._whole.shards]
        found = [
            (segment.id_of(i), segment.source_of(i))
            for number, path in enumerate(paths)
            for segment in _segments(folders.get(number, path))
            for i in segment.live_positions()
        ]
        return sources_of(found, self._whole.config)

    def _to_be_read(self, record: SourceRecord) -> SourceRecord:
        """Return the record of a file, to be read again if a document of it is lost."""
        if set(self.report.lost).isdisjoint(record.document_ids):
            return record
        return dataclasses.replace(record, mtime_ns=UNTRUSTED, content_hash="")


def _concerns(problems: Sequence[Problem], folder: Path) -> bool:
    return any(problem.path == folder or folder in problem.path.parents for problem in problems)


def _segments(folder: Path) -> list[Segment]:
    place = LocalDirectory(folder)
    manifest = read_manifest(place)
    return [Segment(place, record, manifest.codec) for record in manifest.segments]


def _remove_misplaced(folder: Path, number: int, n_shards: int) -> None:
    """Delete documents that belong to other shards: files that were read again may hold some."""
    misplaced = [
        one
        for segment in _segments(folder)
        for one in map(segment.id_of, segment.live_positions())
        if shard_of(one, n_shards) != number
    ]
    if misplaced:
        with IndexWriter.open(folder) as writer:
            writer.delete(misplaced)
            writer.commit()


def _add(report: RepairReport, done: RepairReport) -> None:
    for name in ("kept", "copied", "encoded", "read", "n_unnamed", "n_unreadable"):
        setattr(report, name, getattr(report, name) + getattr(done, name))
    report.lost += done.lost
    report.unsure += done.unsure
