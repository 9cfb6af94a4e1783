"""How is an index made and kept up to date? One writer, one commit a change, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path

from colmodern.config import IndexConfig
from colmodern.corpus import ScanOptions
from colmodern.errors import (
    EncoderMismatchError,
    IndexExistsError,
    IndexFormatError,
)
from colmodern.indexer.build import TRAINED_ON, build_more, build_new
from colmodern.indexer.plan import CHARS_PER_TOKEN, outgrown
from colmodern.indexer.reading import Reader, Reading, read_documents
from colmodern.indexer.report import IndexReport
from colmodern.indexer.spool import Spool
from colmodern.storage import IndexReader, IndexWriter, SourceRecord, WriterLock
from colmodern.storage.durable import writing
from colmodern.storage.folder import claim_folder
from colmodern.types import Document, DocumentEncoder, Progress


@dataclass(frozen=True, slots=True)
class _Change:
    """What one change works with."""

    spool: Spool
    report: IndexReport
    lock: WriterLock
    progress: Progress | None


class Indexer:
    """Makes and changes the index in one folder.

    Every method is one commit: a reader sees all of it or nothing, whatever happens meanwhile.
    """

    def __init__(
        self,
        path: str | Path,
        encoder: DocumentEncoder,
        *,
        config: IndexConfig | None = None,
    ) -> None:
        """Work on the index at ``path``, which need not exist yet.

        Args:
            path: The folder of the index.
            encoder: Turns documents into token vectors.
            config: How a new index is built; an index that exists keeps its own.
        """
        self.path = Path(path)
        self.encoder = encoder
        self.config = config or IndexConfig()

    def __repr__(self) -> str:
        """Say where and with what."""
        return f"<Indexer {self.path}: {self.encoder.name}>"

    def build(
        self,
        documents: Iterable[Document | tuple[str, str]],
        *,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Make a new index of documents.

        Args:
            documents: Documents, or pairs of id and text; read once, held on disk.
            progress: Told how far it is.

        Raises:
            IndexExistsError: There is an index already.
            InputError: An id is empty or comes twice.
        """
        if self._exists:
            raise IndexExistsError(
                f"{self.path} holds an index already; add to it, or choose another folder.",
                path=self.path,
            )
        with self._change(progress) as change:
            change.report.added = len(read_documents(documents, change.spool))
            self._write_all(change, Reading(), replace=False)
        return change.report

    def update(
        self,
        documents: Iterable[Document | tuple[str, str]],
        *,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Add documents; one whose id is there already takes its place, unless nothing changed.

        Raises:
            IndexNotFoundError: There is no index; ``build`` makes one.
            EncoderMismatchError: The index was made with another encoder.
            InputError: An id is empty or comes twice.
        """
        self._check_encoder()
        with self._change(progress) as change, Spool(self.path) as given:
            ids = read_documents(documents, given)
            with IndexReader.open(self.path) as reader:
                known = reader.content_hashes()
            doomed = set()
            for document in given.read(range(len(ids))):
                old = known.get(document.id)
                if old == document.content_hash:
                    change.report.unchanged += 1
                    continue
                if old is not None:
                    doomed.add(document.id)
                change.spool.add(document)
            change.report.updated = len(doomed)
            change.report.added = len(change.spool) - len(doomed)
            self._write_more(change, Reading(doomed))
        return change.report

    def delete(self, ids: Iterable[str]) -> IndexReport:
        """Delete documents; ids that are not there are counted by nobody.

        Raises:
            IndexNotFoundError: There is no index.
            TypeError: ``ids`` is one string, or an id is none.
        """
        started = time.perf_counter()
        wanted = ids if isinstance(ids, str) else list(ids)
        missing = delete(self.path, wanted)
        report = IndexReport(deleted=len(set(wanted)) - len(missing))
        self._finish(report, started)
        return report

    def sync(
        self,
        roots: Sequence[str | Path],
        options: ScanOptions | None = None,
        *,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Make the index match the files under ``roots``: new, changed and removed ones.

        Files that were indexed from other roots stay. If the index was made with another encoder,
        or has outgrown its codec sixteenfold, everything is encoded again; the old index answers
        until that is done.

        Raises:
            InputError: A root does not exist.
        """
        folders = [Path(root) for root in roots]
        with self._change(progress) as change:
            reading = self._read(folders, options or ScanOptions(), change)
            if not self._exists:
                self._write_all(change, reading, replace=False)
            elif self._must_start_over(change.spool):
                self._keep_the_rest(change, reading)
                self._write_all(change, reading, replace=True)
            else:
                self._write_more(change, reading)
        return change.report

    @property
    def _exists(self) -> bool:
        return (self.path / "manifest.json").exists()

    def _read(self, roots: Sequence[Path], options: ScanOptions, change: _Change) -> Reading:
        known: dict[str, str] = {}
        records: list[SourceRecord] = []
        if self._exists:
            with IndexReader.open(self.path) as reader:
                known, records = reader.content_hashes(), list(reader.sources())
        options = replace(options, exclude=(*options.exclude, *self._own_place(roots)))
        reader_of_files = Reader(known, records, options, change.spool, change.report)
        return reader_of_files.read(roots, change.progress)

    def _own_place(self, roots: Sequence[Path]) -> Iterator[str]:
        """Yield patterns that keep the index out of itself, if it lies below a root."""
        own = self.path.resolve()
        for root in roots:
            if own.is_relative_to(root.resolve()) and own != root.resolve():
                yield f"/{escape(own.relative_to(root.resolve()).as_posix())}/"

    def _must_start_over(self, spool: Spool) -> bool:
        """Say whether the index is another encoder's, or too small for what comes."""
        with IndexReader.open(self.path) as reader:
            manifest, n_tokens = reader.manifest, reader.n_tokens
        n_expected = n_tokens + int(spool.chars.sum() / CHARS_PER_TOKEN)
        return manifest.encoder.fingerprint != self.encoder.fingerprint or outgrown(
            int(manifest.config.get(TRAINED_ON, 0)), n_expected
        )

    def _keep_the_rest(self, change: _Change, reading: Reading) -> None:
        """Spool what the index holds and the files did not replace or remove."""
        fresh = {document.id for document in change.spool.read(range(len(change.spool)))}
        with IndexReader.open(self.path) as reader:
            for document in reader.documents():
                if document.id not in reading.doomed and document.id not in fresh:
                    change.spool.add(document)
        change.report.deleted = len(reading.doomed - fresh)

    def _write_all(self, change: _Change, reading: Reading, *, replace: bool) -> None:
        with build_new(
            self.path,
            change.spool,
            self.encoder,
            self.config,
            replace=replace,
            lock=change.lock,
            progress=change.progress,
        ) as writer:
            writer.set_sources(reading.records or [])
            writer.commit()

    def _write_more(self, change: _Change, reading: Reading) -> None:
        with IndexWriter.open(self.path, lock=change.lock) as writer:
            n_deleted = writer.delete(sorted(reading.doomed))
            change.report.deleted = n_deleted - change.report.updated
            kept = {k: v for k, v in writer.manifest.config.items() if k != TRAINED_ON}
            config = IndexConfig.from_dict(kept)
            build_more(writer, change.spool, self.encoder, config, progress=change.progress)
            if reading.records is not None:
                writer.set_sources(reading.records)
            writer.commit()

    def _check_encoder(self) -> None:
        with IndexReader.open(self.path) as reader:
            made_with = reader.manifest.encoder
        if made_with.fingerprint != self.encoder.fingerprint:
            raise EncoderMismatchError(
                index_encoder=f"{made_with.name} ({made_with.fingerprint[:12]})",
                given_encoder=f"{self.encoder.name} ({self.encoder.fingerprint[:12]})",
            )

    @contextmanager
    def _change(self, progress: Progress | None) -> Iterator[_Change]:
        """Hold the lock and a spool on the disk of the index; fill in the report at the end."""
        started = time.perf_counter()
        is_new = not self.path.exists()
        if not is_new and not self.path.is_dir():
            raise IndexFormatError(f"{self.path} is a file; an index is a folder.", path=self.path)
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            lock = WriterLock(self.path)
            try:
                claim_folder(self.path, may_replace=True)  # before the long work, not after it
                with Spool(self.path) as spool:
                    change = _Change(spool, IndexReport(), lock, progress)
                    yield change
            finally:
                lock.release()
                if is_new and self.path.exists() and not any(self.path.iterdir()):
                    self.path.rmdir()
        self._finish(change.report, started)

    def _finish(self, report: IndexReport, started: float) -> None:
        with IndexReader.open(self.path) as reader:
            report.documents, report.tokens = reader.n_documents, reader.n_tokens
        report.seconds = time.perf_counter() - started


def delete(path: str | Path, ids: Sequence[str]) -> list[str]:
    """Delete documents of an index by id; no encoder is needed.

    Returns:
        The ids that no living document had, in the order given.

    Raises:
        IndexNotFoundError: There is no index.
        TypeError: ``ids`` is one string, or an id is none.
    """
    if isinstance(ids, str):
        raise TypeError(f"ids must be a list of strings, not the string {ids!r}")
    with IndexWriter.open(Path(path)) as writer:
        known = writer.content_hashes()
        wanted = list(dict.fromkeys(ids))
        present = [identifier for identifier in wanted if identifier in known]
        if present:
            writer.delete(present)
            writer.commit()
    return [identifier for identifier in wanted if identifier not in known]
