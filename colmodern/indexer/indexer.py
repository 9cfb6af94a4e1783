"""How is an index made and kept up to date? One writer, one commit a change, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from colmodern.codec.vectors import check_dim
from colmodern.corpus import ScanOptions
from colmodern.errors import (
    ConfigError,
    EncoderError,
    EncoderMismatchError,
    IndexExistsError,
    IndexFormatError,
    InputError,
)
from colmodern.indexer.begin import Change, begin_more, begin_new, config_of, resume_new
from colmodern.indexer.build import build_new, encode_rest, train
from colmodern.indexer.build_embedded import (
    Survey,
    is_from_vectors,
    surveyed,
    unnamed_encoder,
    write_embedded,
)
from colmodern.indexer.embeddings import Embeddings
from colmodern.indexer.plan import CHARS_PER_TOKEN, outgrown
from colmodern.indexer.reading import Reader, Reading, read_documents
from colmodern.indexer.report import IndexReport
from colmodern.indexer.scans import KEY as SCANS
from colmodern.indexer.scans import with_scans, without_index
from colmodern.indexer.spool import Spool
from colmodern.request import IndexConfig
from colmodern.storage import (
    EncoderInfo,
    IndexReader,
    IndexWriter,
    LocalDirectory,
    LockedIndex,
    SourceRecord,
    TrainingRecord,
    exists,
    read_pending,
)
from colmodern.storage.directory.durable import writing
from colmodern.storage.writer.leftovers import check_free
from colmodern.types import Document, DocumentEncoder, EncoderIdentity, Progress


class Indexer:
    """Makes and changes the index in one folder.

    Every method is one commit: a reader sees all of it or nothing, whatever happens meanwhile.
    """

    def __init__(
        self,
        path: str | Path,
        encoder: DocumentEncoder | EncoderIdentity | None = None,
        *,
        config: IndexConfig | None = None,
    ) -> None:
        """Work on the index at ``path``, which need not exist yet.

        Args:
            path: The folder of the index.
            encoder: Turns documents into token vectors. For ready vectors its name, fingerprint
                and dim are enough (``EncoderInfo`` has just these), or None.
            config: How a new index is built; an index that exists keeps its own.
        """
        self.path = Path(path)
        self.encoder = encoder
        self.config = config or IndexConfig()

    def __repr__(self) -> str:
        """Say where and with what."""
        return f"<Indexer {self.path}: {self.encoder.name if self.encoder else 'ready vectors'}>"

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
        self._text_encoder()
        self._refuse_an_index()
        with self._change(progress) as change:
            change.report.added = len(read_documents(documents, change.spool))
            self._write_all(change, Reading(), self.config)
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
        self._text_encoder()
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

    def build_from_embeddings(
        self, embeddings: Embeddings, *, progress: Progress | None = None
    ) -> IndexReport:
        """Make a new index of documents that come with their token vectors.

        Vectors are taken as they are, of any length up to 4,096. The index remembers this
        indexer's encoder; without one, it is ``vectors:DIM``, and is searched with
        ``Searcher.search_embeddings``, not with texts.

        Args:
            embeddings: The documents; held on disk if they can be read only once.
            progress: Told how far it is.

        Raises:
            ConfigError: The config pools tokens; ``pool_tokens`` does that beforehand.
            IndexExistsError: There is an index already.
            InputError: An id is empty or comes twice, vectors are not finite or have another
                dimension or dtype than they should; the message names the document.
        """
        if self.config.pool != 1:
            raise ConfigError(
                "pool works on documents that are encoded here; vectors that come ready are "
                "indexed as they are: merge them with colmodern.indexer.pool_tokens, and leave "
                "pool at 1."
            )
        self._refuse_an_index()
        with (
            self._change(progress) as change,
            self._surveyed(embeddings, progress) as survey,
        ):
            encoder = self._identity(survey.dim)
            begun = resume_new(
                change, encoder, self.config, lambda: survey.hashes, n_tokens=survey.n_tokens
            )
            if begun is None:
                codec, training = train(survey.sample, survey.n_tokens, self.config, progress)
                begun = begin_new(change, encoder, self.config, codec, training)
            survey.forget_sample()
            with begun.writer:
                write_embedded(survey, begun, change.report, progress=progress)
                begun.commit()
        return change.report

    def update_from_embeddings(
        self, embeddings: Embeddings, *, progress: Progress | None = None
    ) -> IndexReport:
        """Add documents that come with their token vectors, as ``update`` adds texts.

        Raises:
            IndexNotFoundError: There is no index; ``build_from_embeddings`` makes one.
            EncoderMismatchError: The index was made with another encoder.
            InputError: As in ``build_from_embeddings``; or the documents have no ids of their own.
        """
        if not embeddings.has_ids:
            raise InputError("Give ids: they say which documents are new and which are replaced.")
        self._check_encoder()
        with (
            self._change(progress) as change,
            self._surveyed(embeddings, progress) as survey,
        ):
            begun = begin_more(change, lambda: survey.hashes)
            survey.forget_sample()
            with begun.writer:
                write_embedded(survey, begun, change.report, progress=progress)
                begun.commit()
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
        self._text_encoder()
        folders = [Path(root) for root in roots]
        with self._change(progress) as change:
            reading = self._read(folders, options or ScanOptions(), change)
            if not self._exists:
                self._write_all(change, reading, self.config)
            elif self._must_start_over(change.spool):
                self._keep_the_rest(change, reading)
                self._write_all(change, reading, self._kept_config())
            else:
                self._write_more(change, reading)
        return change.report

    def retrain(self, *, progress: Progress | None = None) -> IndexReport:
        """Encode all texts again and train a new codec on them; one commit replaces the index.

        For an index whose codec no longer fits its documents. Without an encoder, the one that the
        index names is loaded. The old index answers until it is done.

        Raises:
            IndexNotFoundError: There is no index.
            InputError: Documents came with their vectors, so that texts cannot make them again.
            EncoderError: The encoder that the index names cannot be loaded.
            EncoderMismatchError: This indexer's encoder is another one.
        """
        with IndexReader.open(self.path) as reader:
            manifest = reader.manifest
            n_ready = sum(map(is_from_vectors, reader.content_hashes().values()))
        if n_ready:
            raise InputError(
                f"{n_ready:,} documents of {self.path} came with their vectors, which their texts "
                "cannot make again. Build the index anew from vectors: build_from_embeddings."
            )
        if self.encoder is None:
            from colmodern.encoder import load_encoder

            self.encoder = load_encoder(manifest.encoder.name)
        self._check_encoder()
        with self._change(progress) as change:
            with IndexReader.open(self.path) as reader:
                for document in reader.documents():
                    change.spool.add(document)
                config = config_of(reader.manifest.config)
                kept = Reading(
                    records=list(reader.sources()), scans=reader.manifest.config.get(SCANS)
                )
            change.report.unchanged = len(change.spool)
            self._write_all(change, kept, config)
        return change.report

    @property
    def _exists(self) -> bool:
        return exists(self.path)

    def _read(self, roots: Sequence[Path], options: ScanOptions, change: Change) -> Reading:
        known: dict[str, str] = {}
        records: list[SourceRecord] = []
        config: Mapping[str, Any] = {}
        if self._exists:
            with IndexReader.open(self.path) as reader:
                known, records = reader.content_hashes(), list(reader.sources())
                config = reader.manifest.config
        scans = with_scans(config, roots, options)
        options = without_index(options, self.path, roots)
        reader_of_files = Reader(known, records, options, change.spool, change.report)
        reading = reader_of_files.read(roots, change.progress)
        reading.scans = scans
        return reading

    def _must_start_over(self, spool: Spool) -> bool:
        """Say whether the index is another encoder's, or too small for what comes."""
        with IndexReader.open(self.path) as reader:
            manifest, n_tokens = reader.manifest, reader.n_tokens
            has_ready_vectors = any(map(is_from_vectors, reader.content_hashes().values()))
        if has_ready_vectors:  # which cannot be made again, so the index is only added to
            self._check_encoder()
            return False
        pool = config_of(manifest.config).pool
        n_expected = n_tokens + int(spool.chars.sum() / CHARS_PER_TOKEN / pool)
        return manifest.encoder.fingerprint != self._text_encoder().fingerprint or outgrown(
            TrainingRecord.of(manifest.config).n_tokens, n_expected
        )

    def _kept_config(self) -> IndexConfig:
        with IndexReader.open(self.path) as reader:
            return config_of(reader.manifest.config)

    def _keep_the_rest(self, change: Change, reading: Reading) -> None:
        """Spool what the index holds and the files did not replace or remove."""
        fresh = {document.id for document in change.spool.read(range(len(change.spool)))}
        with IndexReader.open(self.path) as reader:
            for document in reader.documents():
                if document.id not in reading.doomed and document.id not in fresh:
                    change.spool.add(document)
        change.report.deleted = len(reading.doomed - fresh)

    def _write_all(self, change: Change, reading: Reading, config: IndexConfig) -> None:
        """Make an index of the spool alone, in place of the one that is there."""
        begun = build_new(change, self._text_encoder(), config)
        with begun.writer as writer:
            writer.set_sources(reading.records or [])
            _remember_scans(writer, reading)
            begun.commit()

    def _write_more(self, change: Change, reading: Reading) -> None:
        """Delete what is doomed and add the spool."""
        begun = begin_more(change, change.spool.content_hashes)
        with begun.writer as writer:
            n_deleted = writer.delete(sorted(reading.doomed - begun.done))
            n_deleted += len(reading.doomed & begun.done)
            change.report.deleted = n_deleted - change.report.updated
            encode_rest(begun, change, self._text_encoder())
            if reading.records is not None:
                writer.set_sources(reading.records)
            _remember_scans(writer, reading)
            begun.commit()

    @contextmanager
    def _surveyed(self, embeddings: Embeddings, progress: Progress | None) -> Iterator[Survey]:
        dim = None if self.encoder is None else self.encoder.dim
        given: object = embeddings
        if not isinstance(given, Embeddings):
            kind = type(given).__name__
            raise TypeError(f"expected Embeddings, made by one of its from_ methods, not {kind}")
        with surveyed(
            embeddings,
            self.path,
            self.config,
            dim=dim,
            with_hashes=read_pending(self.path) is not None,
            progress=progress,
        ) as survey:
            yield survey

    def _refuse_an_index(self) -> None:
        if self._exists:
            raise IndexExistsError(
                f"{self.path} holds an index already; add to it, or choose another folder.",
                path=self.path,
            )

    def _text_encoder(self) -> DocumentEncoder:
        """Return the encoder, if it is one that encodes texts."""
        if not isinstance(self.encoder, DocumentEncoder):
            raise EncoderError(
                f"{self!r} has no encoder of texts; give it one, or give it ready vectors: "
                "build_from_embeddings, update_from_embeddings."
            )
        try:
            check_dim(self.encoder.dim)
        except ValueError as err:
            raise EncoderError(f"{self.encoder.name} cannot be used: {err}") from err
        return self.encoder

    def _identity(self, dim: int | None) -> EncoderInfo:
        """Return what the index is to remember of the encoder of ready vectors."""
        if self.encoder is not None:
            return EncoderInfo(self.encoder.name, self.encoder.fingerprint, self.encoder.dim)
        if dim is None:
            raise InputError(
                "There are no token vectors, so their dimension is not known; give the Indexer an "
                "encoder, or an EncoderInfo."
            )
        return unnamed_encoder(dim)

    def _check_encoder(self) -> None:
        with IndexReader.open(self.path) as reader:
            made_with = reader.manifest.encoder
        given = self._identity(made_with.dim)
        if made_with.fingerprint != given.fingerprint:
            raise EncoderMismatchError(
                index_encoder=f"{made_with.name} ({made_with.fingerprint[:12]})",
                given_encoder=f"{given.name} ({given.fingerprint[:12]})",
            )

    @contextmanager
    def _change(self, progress: Progress | None) -> Iterator[Change]:
        """Hold the lock and a spool on the disk of the index; fill in the report at the end."""
        started = time.perf_counter()
        if self.path.exists() and not self.path.is_dir():
            raise IndexFormatError(f"{self.path} is a file; an index is a folder.", path=self.path)
        locked = LockedIndex(LocalDirectory(self.path))
        with writing(self.path):
            try:
                # before the long work, not after it
                check_free(locked.directory, locked.manifest, may_replace=True)
                with Spool(self.path) as spool:
                    change = Change(self.path, locked, spool, IndexReport(), progress)
                    try:
                        yield change
                    finally:
                        change.locked.release()
            finally:
                locked.release()
        self._finish(change.report, started)

    def _finish(self, report: IndexReport, started: float) -> None:
        with IndexReader.open(self.path) as reader:
            report.documents, report.tokens = reader.n_documents, reader.n_tokens
        report.seconds = time.perf_counter() - started


def _remember_scans(writer: IndexWriter, reading: Reading) -> None:
    if reading.scans is not None:
        writer.set_option(SCANS, dict(reading.scans))


def compact(path: str | Path) -> IndexReport:
    """Merge small segments of an index and drop what was deleted; no encoder is needed.

    Raises:
        IndexNotFoundError: There is no index.
    """
    started = time.perf_counter()
    with IndexWriter.open(Path(path)) as writer:
        config = config_of(writer.manifest.config)
        manifest = writer.compact(max_tokens=config.segment_tokens)
    seconds = time.perf_counter() - started
    n_documents = manifest.n_documents
    return IndexReport(
        unchanged=n_documents, documents=n_documents, tokens=manifest.n_tokens, seconds=seconds
    )


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
