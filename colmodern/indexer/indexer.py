"""How is an index made and kept up to date? One writer, one commit a change, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from colmodern.config import IndexConfig
from colmodern.corpus import ScanOptions
from colmodern.errors import (
    EncoderMismatchError,
    IndexExistsError,
    IndexNotFoundError,
    IndexWriteError,
    InputError,
)
from colmodern.indexer.build import TRAINED_ON, build_more, build_new
from colmodern.indexer.plan import CHARS_PER_TOKEN, outgrown
from colmodern.indexer.reading import Reader, Reading, read_documents
from colmodern.indexer.report import IndexReport
from colmodern.indexer.spool import Spool
from colmodern.storage import IndexReader, IndexWriter, SourceRecord
from colmodern.types import Document, DocumentEncoder, Progress


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
        if (self.path / "manifest.json").exists():
            raise IndexExistsError(
                f"{self.path} holds an index already; add to it, or choose another folder.",
                path=self.path,
            )
        with self._change() as (spool, report):
            report.added = len(read_documents(documents, spool))
            self._write_all(spool, Reading(), report, replace=False, progress=progress)
        return report

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
        with self._change() as (spool, report), self._open() as writer:
            known = writer.content_hashes()
            with Spool(self.path) as given:
                ids = read_documents(documents, given)
                doomed = set()
                for document in given.read(range(len(ids))):
                    old = known.get(document.id)
                    if old == document.content_hash:
                        report.unchanged += 1
                        continue
                    if old is not None:
                        doomed.add(document.id)
                    spool.add(document)
            report.updated = len(doomed)
            report.added = len(spool) - len(doomed)
            self._apply(writer, spool, Reading(doomed), report, progress)
        return report

    def delete(self, ids: Iterable[str]) -> IndexReport:
        """Delete documents; ids that are not there are counted by nobody.

        Raises:
            IndexNotFoundError: There is no index.
        """
        started = time.perf_counter()
        wanted = list(ids)
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
        with self._change() as (spool, report):
            reading = self._read(folders, options or ScanOptions(), spool, report, progress)
            if not (self.path / "manifest.json").exists():
                self._write_all(spool, reading, report, replace=False, progress=progress)
            else:
                self._sync_existing(spool, reading, report, progress)
        return report

    def _read(
        self,
        roots: Sequence[Path],
        options: ScanOptions,
        spool: Spool,
        report: IndexReport,
        progress: Progress | None,
    ) -> Reading:
        known: dict[str, str] = {}
        records: list[SourceRecord] = []
        if (self.path / "manifest.json").exists():
            with IndexReader.open(self.path) as reader:
                known, records = reader.content_hashes(), list(reader.sources())
        return Reader(known, records, options, spool, report).read(roots, progress)

    def _sync_existing(
        self, spool: Spool, reading: Reading, report: IndexReport, progress: Progress | None
    ) -> None:
        with IndexReader.open(self.path) as reader:
            same_encoder = reader.manifest.encoder.fingerprint == self.encoder.fingerprint
            n_expected = reader.n_tokens + int(spool.chars.sum() / CHARS_PER_TOKEN)
            trained_on = int(reader.manifest.config.get(TRAINED_ON, 0))
            if not same_encoder or outgrown(trained_on, n_expected):
                fresh = {document.id for document in spool.read(range(len(spool)))}
                for document in reader.documents():
                    if document.id not in reading.doomed and document.id not in fresh:
                        spool.add(document)
                report.deleted += len(reading.doomed - fresh)
                self._write_all(spool, reading, report, replace=True, progress=progress)
                return
        with self._open() as writer:
            self._apply(writer, spool, reading, report, progress)

    def _write_all(
        self,
        spool: Spool,
        reading: Reading,
        report: IndexReport,
        *,
        replace: bool,
        progress: Progress | None,
    ) -> None:
        with build_new(
            self.path, spool, self.encoder, self.config, replace=replace, progress=progress
        ) as writer:
            writer.set_sources(reading.records)
            writer.commit()

    def _apply(
        self,
        writer: IndexWriter,
        spool: Spool,
        reading: Reading,
        report: IndexReport,
        progress: Progress | None,
    ) -> None:
        n_deleted = writer.delete(sorted(reading.doomed)) if reading.doomed else 0
        report.deleted += n_deleted - report.updated
        config = IndexConfig.from_dict(
            {k: v for k, v in writer.manifest.config.items() if k != TRAINED_ON}
        )
        build_more(writer, writer.codec, spool, self.encoder, config, progress=progress)
        if reading.records:
            writer.set_sources(reading.records)
        writer.commit()

    def _open(self) -> IndexWriter:
        return IndexWriter.open(self.path)

    def _check_encoder(self) -> None:
        with IndexReader.open(self.path) as reader:
            made_with = reader.manifest.encoder
        if made_with.fingerprint != self.encoder.fingerprint:
            raise EncoderMismatchError(
                index_encoder=f"{made_with.name} ({made_with.fingerprint[:12]})",
                given_encoder=f"{self.encoder.name} ({self.encoder.fingerprint[:12]})",
            )

    @contextmanager
    def _change(self) -> Iterator[tuple[Spool, IndexReport]]:
        """Give a spool on the disk of the index, and a report that is filled in at the end."""
        started = time.perf_counter()
        report = IndexReport()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with Spool(self.path) as spool:
                yield spool, report
        except OSError as err:
            if isinstance(err, (IndexNotFoundError, IndexExistsError, IndexWriteError, InputError)):
                raise
            raise IndexWriteError(
                f"Cannot write the index in {self.path}: {err.strerror or err}. "
                "The index is as it was before.",
                path=self.path,
            ) from err
        self._finish(report, started)

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
    """
    with IndexWriter.open(Path(path)) as writer:
        known: dict[str, Any] = dict(writer.content_hashes())
        wanted = list(dict.fromkeys(ids))
        present = [identifier for identifier in wanted if identifier in known]
        if present:
            writer.delete(present)
            writer.commit()
    return [identifier for identifier in wanted if identifier not in known]
