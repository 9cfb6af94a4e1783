"""What goes into a repaired index? What is sound in the damaged one, and its files read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from colmodern.codec import Codec
from colmodern.indexer.agreement import check_encoder, checked_encoder
from colmodern.indexer.kept_config import config_of
from colmodern.indexer.scans import kept_scans
from colmodern.indexer.sources.documents import content_hash
from colmodern.indexer.sources.files import FileChanges
from colmodern.indexer.sources.lost_files import read_again, sources_of
from colmodern.indexer.sources.texts import TextDocumentSource
from colmodern.indexer.sources.vectors import is_from_vectors
from colmodern.indexer.text_changes import write_new
from colmodern.indexer.transaction import Transaction
from colmodern.request import IndexConfig
from colmodern.storage import (
    LocalDirectory,
    Manifest,
    Segment,
    SourceRecord,
    StoredDocument,
)
from colmodern.storage.snapshot.files import map_table
from colmodern.storage.snapshot.remains import bare_manifest, found_segments, found_sources
from colmodern.storage.snapshot.salvage import Salvage, Sieve
from colmodern.types import Document, DocumentEncoder, EncoderIdentity, Progress

__all__ = ["Mending"]


class Mending:
    """One repair.

    Attributes:
        base: The state that its commit starts from: the segments that stay.
    """

    def __init__(
        self,
        directory: LocalDirectory,
        manifest: Manifest | None,
        damaged: set[str],
        *,
        codec: Codec | None = None,
        sources: Sequence[SourceRecord] | None = None,
    ) -> None:
        """Look at every segment.

        Args:
            directory: Where the index lives; its lock is held.
            manifest: Its manifest; None: it is lost.
            damaged: The names of the files that are damaged.
            codec: Used where everything is encoded again; None: one is trained.
            sources: The files that documents were read from; None: as the index has it.
        """
        self._directory = directory
        self._manifest = manifest
        self._salvage = Salvage()
        self._codec = codec
        self._sources = None if sources is None else list(sources)
        self._kept: list[Segment] = []
        self._is_new = True  # everything is encoded again
        self._n_unreadable = 0  # segments of which nobody knows how much they held
        self._read: set[str] = set()  # ids of documents that their files gave again
        self._wanted: set[str] = set()
        self._known: dict[str, str] = {}
        self._live_elsewhere: set[str] = set()
        self._dead: set[str] = set()  # ids of documents that are known to be deleted
        if manifest is None:
            self._look_without_manifest()
        else:
            self._look(manifest, damaged)

    def _look_without_manifest(self) -> None:
        self.base = bare_manifest(self._directory)
        if self._sources is None:
            self._sources = found_sources(self._directory)
        sieve = self._sieve()
        segments, self._n_unreadable = found_segments(self._directory)
        for segment, is_told in segments:
            live = list(segment.live_positions())
            if not is_told:
                live = self._salvage.without_deleted(segment, live, None, sieve)
            self._salvage.add_texts(segment, live, sieve, is_proven=False)

    def _look(self, manifest: Manifest, damaged: set[str]) -> None:
        directory, codec = self._directory, manifest.codec
        is_listed = manifest.sources is not None and manifest.sources.name not in damaged
        if self._sources is None and manifest.sources is not None and is_listed:
            rows = map_table(directory, manifest.sources).rows()
            self._sources = [SourceRecord(**row) for row in rows]
        sound = [
            Segment(directory, record, codec, parts=("documents",))
            for record in manifest.segments
            if damaged.isdisjoint(
                file.name for file in (record.documents, record.tombstones) if file
            )
        ]
        self._live_elsewhere = {s.id_of(i) for s in sound for i in s.live_positions()}
        self._dead = {s.id_of(int(i)) for s in sound for i in np.flatnonzero(~s.live)}
        sieve = self._sieve()
        for record in manifest.segments:
            self._salvage.take(directory, record, codec, damaged, sieve)
        self._kept = [
            Segment(directory, record, codec, parts=("documents",)) for record in self._salvage.kept
        ]
        self._is_new = codec.file.name in damaged
        self.base = replace(manifest, segments=tuple(self._salvage.kept), sources=None)

    def collect(
        self, take: Callable[[StoredDocument], None], progress: Progress | None
    ) -> FileChanges:
        """Pass on the documents that must be encoded; return what to remember of files."""
        for document in self._texts():
            take(document)
        self._known = {
            s.id_of(i): s.content_hashes[i] for s in self._kept for i in s.live_positions()
        }
        self._known = self._salvage.hashes(self._known)
        return self._read_files(take, progress)

    def write(
        self, transaction: Transaction, encoder: DocumentEncoder | EncoderIdentity | None
    ) -> None:
        """Write the documents that must be written, and commit."""
        spool = transaction.spool
        changes = self.collect(spool.add, transaction.progress)
        chosen = self._encoder(encoder) if len(spool) or self._is_new else None
        if self._is_new and chosen is not None:
            config = IndexConfig() if self._manifest is None else config_of(self._manifest.config)
            write_new(transaction, chosen, config, changes, self._codec)
            return
        config = config_of(self.base.config)
        source = (
            None
            if chosen is None
            else TextDocumentSource(spool, chosen, config, transaction.progress)
        )
        transaction.start_change(source)
        transaction.add_copies(self._salvage.copied)
        transaction.delete(changes.deleted)
        if source is not None:
            transaction.write(source)
        transaction.remember(sources=changes.sources or [], scans=changes.scans)
        transaction.commit()

    def outcome(self) -> dict[str, Any]:
        """Return what became of the documents, as fields of a report."""
        salvage = self._salvage
        n_named = len(self._wanted - set(salvage.lost))
        gone = set(salvage.lost)
        unsure = [identifier for identifier in salvage.unsure if identifier not in gone]
        # The list of a file names some that were deleted since; where others are lost that no file
        # gave, no count tells whether.
        if n_named > salvage.n_lost or (n_named < salvage.n_lost and salvage.n_dead):
            unsure += sorted(self._read - set(salvage.lost))
        return {
            "kept": sum(len(list(segment.live_positions())) for segment in self._kept),
            "copied": sum(len(positions) for _, positions in salvage.copied),
            "encoded": sum(1 for _ in self._texts()),
            "read": len(self._read),
            "lost": sorted(self._wanted - self._read),
            "n_unnamed": max(0, salvage.n_lost - n_named),
            "n_unreadable": self._n_unreadable,
            "unsure": unsure,
        }

    def _texts(self) -> Iterator[StoredDocument]:
        """Yield the documents that are encoded again; of equal ids the last."""
        last = {document.id: number for number, document in enumerate(self._salvage.texts())}
        for number, document in enumerate(self._salvage.texts()):
            if last[document.id] == number:
                yield document

    def _read_files(
        self, take: Callable[[StoredDocument], None], progress: Progress | None
    ) -> FileChanges:
        """Pass on what the files of lost documents say; return what to remember of files."""
        config = {} if self._manifest is None else self._manifest.config
        sources = self._sources
        if sources is None:
            sources = sources_of(self._documents(), config)
        self._wanted = set(self._salvage.lost) - self._known.keys()
        if self._salvage.n_lost or self._n_unreadable:
            listed = {identifier for record in sources for identifier in record.document_ids}
            self._wanted |= listed - self._known.keys() - self._dead

        def take_read(document: StoredDocument) -> None:
            take(document)
            self._read.add(document.id)

        path = self._directory.path
        changes = read_again(path, config, sources, self._known, self._wanted, take_read, progress)
        changes.scans = kept_scans(config)
        return changes

    def _documents(self) -> Iterator[tuple[str, str | None]]:
        """Yield the id and the source of each document that is there."""
        salvage = self._salvage
        kept = [(segment, list(segment.live_positions())) for segment in self._kept]
        for segment, positions in (*kept, *salvage.copied, *salvage.encoded):
            for i in positions:
                yield segment.id_of(i), segment.source_of(i)

    def _encoder(self, encoder: DocumentEncoder | EncoderIdentity | None) -> DocumentEncoder:
        manifest = self._manifest
        if encoder is None:
            from colmodern.encoder import load_encoder

            encoder = load_encoder("default" if manifest is None else manifest.encoder.name)
        if manifest is not None:
            check_encoder(manifest, encoder)
        return checked_encoder(encoder, whose="A repair")

    def _sieve(self) -> Sieve:
        ids = {record.path: set(record.document_ids) for record in self._sources or ()}

        def is_deleted(document: StoredDocument) -> bool:
            if document.id in self._live_elsewhere:
                return True
            given = ids.get(document.source or "")
            return given is not None and document.id not in given

        return Sieve(_is_proven, _is_encodable, is_deleted)


def _is_proven(document: StoredDocument) -> bool:
    plain = Document(document.id, document.text, document.title, dict(document.metadata))
    return content_hash(plain) == document.content_hash


def _is_encodable(document: StoredDocument) -> bool:
    return not is_from_vectors(document.content_hash)
