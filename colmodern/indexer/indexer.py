"""How is an index made and kept up to date? One transaction a change, nothing lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from colmodern.codec import Codec
from colmodern.corpus import ScanOptions
from colmodern.errors import ConfigError, InputError
from colmodern.indexer.agreement import (
    check_codec,
    check_encoder,
    check_same_codec,
    checked_encoder,
    config_with,
    identity,
)
from colmodern.indexer.maintenance import delete_documents
from colmodern.indexer.report import IndexReport
from colmodern.indexer.scans import kept_scans
from colmodern.indexer.shards.plan import Plan
from colmodern.indexer.shards.runner import PartRunner
from colmodern.indexer.shards.transaction import ShardedTransaction, checked_shards
from colmodern.indexer.sources.documents import stored_documents
from colmodern.indexer.sources.embeddings import Embeddings
from colmodern.indexer.sources.files import FileChanges
from colmodern.indexer.sources.vectors import VectorDocumentSource, is_from_vectors
from colmodern.indexer.text_changes import (
    AnyTransaction,
    keep_the_rest,
    must_start_over,
    read_files,
    write_changes,
    write_new,
)
from colmodern.indexer.transaction import Transaction
from colmodern.request import IndexConfig
from colmodern.storage import is_shard_set
from colmodern.storage.directory.urls import check_local
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
        codec: Codec | None = None,
        shards: int | None = None,
        runner: PartRunner | None = None,
    ) -> None:
        """Work on the index, or the shard set, at ``path``, which need not exist yet.

        Args:
            path: The folder of the index, or of the set.
            encoder: Turns documents into token vectors. For ready vectors its name, fingerprint
                and dim are enough (``EncoderInfo`` has just these), or None.
            config: How a new index is built; an index that exists keeps its own.
            codec: Used for a new index instead of training one, so that scores of several indexes
                compare: ``IndexReader.open(first).codec``, or one of ``train_codec``.
            shards: A new index is a set of so many shards, 1 to 10,000; None: it has none. A set
                that is there is changed as a set, whether it is said or not.
            runner: Who encodes the parts of a set; None: this process.

        Raises:
            ConfigError: The codec is for vectors of another dimension than the encoder's, or does
                not have the bits or the centroids that ``config`` asks for; or there cannot be so
                many shards; or the path is a URL.
        """
        check_local(path)
        self.path = Path(path)
        self.encoder = encoder
        self.config = config_with(codec, config)
        self.codec = codec
        self.shards = checked_shards(shards)
        self.runner = runner
        if encoder is not None:
            check_codec(codec, dim=encoder.dim, whose=f"the encoder {encoder.name}")

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
        encoder = self._text_encoder()
        with self._open(progress, exists=False) as transaction:
            for document in stored_documents(documents):
                transaction.spool.add(document)
            transaction.report.added = len(transaction.spool)
            write_new(transaction, encoder, self.config, FileChanges(sources=[]), self.codec)
        return transaction.report

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
        encoder = self._text_encoder()
        with self._open(progress, exists=True) as transaction:
            self._check_index(transaction)
            changes, report = FileChanges(), transaction.report
            for document in stored_documents(documents):
                old = transaction.content_hash(document.id)
                if old == document.content_hash:
                    report.unchanged += 1
                    continue
                if old is None:
                    report.added += 1
                else:
                    report.updated += 1
                    changes.deleted.add(document.id)
                transaction.spool.add(document)
            write_changes(transaction, encoder, changes)
        return report

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
        with (
            self._open_one(progress, exists=False) as transaction,
            self._read_vectors(embeddings, transaction, is_new=True) as source,
        ):
            info = identity(self.encoder, source.dim)
            check_codec(self.codec, dim=info.dim, whose="the documents")
            transaction.start_new(source, info, self.config, self.codec)
            transaction.write(source)
            transaction.commit()
        return transaction.report

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
        with self._open_one(progress, exists=True) as transaction:
            self._check_index(transaction)
            with self._read_vectors(embeddings, transaction, is_new=False) as source:
                transaction.start_change(source)
                transaction.write(source)
                transaction.commit()
        return transaction.report

    def delete(self, ids: Iterable[str]) -> IndexReport:
        """Delete documents; ids that are not there are counted by nobody.

        Raises:
            IndexNotFoundError: There is no index.
            TypeError: ``ids`` is one string, or an id is none.
        """
        _, report = delete_documents(self.path, ids)
        return report

    def sync(
        self,
        roots: Sequence[str | Path],
        options: ScanOptions | None = None,
        *,
        prune: bool = False,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Make the index match the files under ``roots``: new, changed and removed ones.

        Files that were indexed from other roots stay; so do documents whose file is there but
        cannot be read (``report.unread``). If the index was made with another encoder or codec
        than this indexer's, or has outgrown its own sixteenfold, everything is encoded again.

        Args:
            roots: Folders and files.
            options: Which files, and how they are read.
            prune: Whether more than a tenth (and than 20) of the documents may be deleted.
            progress: Told how far it is.

        Raises:
            InputError: A root does not exist; ``many_deletions``: ``prune`` is wanted.
        """
        with self._open(progress) as transaction:
            self._sync(transaction, roots, options, prune=prune)
        return transaction.report

    def plan(
        self,
        roots: Sequence[str | Path],
        options: ScanOptions | None = None,
        *,
        prune: bool = False,
        part_tokens: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[Plan | None, IndexReport]:
        """Write what ``sync`` would do to a shard set, in parts that any process can encode.

        ``encode_part`` encodes one, ``commit_parts`` makes all of them visible.

        Args:
            roots: Folders and files.
            options: Which files, and how they are read.
            prune: As for ``sync``.
            part_tokens: How many tokens a part has, about; None: 500,000.
            progress: Told how far it is.

        Returns:
            The plan, None if there is nothing to do; and how many documents it adds and deletes.

        Raises:
            ConfigError: It is not said how many shards a new set has.
            InputError: As for ``sync``.
        """
        if self.shards is None and not is_shard_set(self.path):
            raise ConfigError(
                f"There is no shard set at {self.path} yet: say how many shards it shall have.",
                code="option_missing",
                option="shards",
            )
        with ShardedTransaction.open(
            self.path,
            progress=progress,
            n_shards=self.shards,
            part_tokens=part_tokens,
            plans_only=True,
        ) as transaction:
            self._sync(transaction, roots, options, prune=prune)
        return transaction.plan, transaction.report

    def retrain(self, *, progress: Progress | None = None) -> IndexReport:
        """Encode all texts again and train a new codec on them; one commit replaces the index.

        For an index whose codec no longer fits its documents. Without an encoder, the one that the
        index names is loaded, be it another than made it, as another version's ``default`` is. The
        old index answers until it is done.

        Raises:
            IndexNotFoundError: There is no index.
            InputError: Documents came with their vectors, so that texts cannot make them again.
            EncoderError: The encoder that the index names cannot be loaded.
            EncoderMismatchError: This indexer's encoder is another one.
        """
        with self._open(progress, exists=True) as transaction:
            snapshot = transaction.snapshot
            n_ready = sum(map(is_from_vectors, snapshot.content_hashes().values()))
            if n_ready:
                raise InputError(
                    f"{n_ready:,} documents of {self.path} came with their vectors, which their "
                    "texts cannot make again. Build the index anew from vectors: "
                    "build_from_embeddings."
                )
            if self.encoder is None:
                from colmodern.encoder import load_encoder

                self.encoder = load_encoder(snapshot.manifest.encoder.name)
            else:
                check_encoder(snapshot.manifest, self.encoder)
            encoder = self._text_encoder()
            for document in snapshot.documents():
                transaction.spool.add(document)
            transaction.report.unchanged = len(transaction.spool)
            kept = FileChanges(
                sources=snapshot.sources(), scans=kept_scans(snapshot.manifest.config)
            )
            write_new(transaction, encoder, transaction.config, kept, self.codec)
        return transaction.report

    def _open(
        self, progress: Progress | None, *, exists: bool | None = None
    ) -> AbstractContextManager[AnyTransaction]:
        if self.shards is None and not is_shard_set(self.path):
            return self._open_one(progress, exists=exists)
        return ShardedTransaction.open(
            self.path,
            exists=exists,
            progress=progress,
            n_shards=self.shards,
            runner=self.runner,
        )

    def _open_one(
        self, progress: Progress | None, *, exists: bool | None = None
    ) -> AbstractContextManager[Transaction]:
        """Open an index for ready vectors, which no set of shards takes.

        Raises:
            ConfigError: It is, or shall be, a shard set.
        """
        if self.shards is not None or is_shard_set(self.path):
            raise ConfigError(
                f"{self.path} is a shard set, and those are made of texts. Index ready vectors "
                "into an index without shards.",
                code="option_conflict",
                option="shards",
                value=self.shards,
            )
        return Transaction.open(self.path, exists=exists, progress=progress)

    def _sync(
        self,
        transaction: AnyTransaction,
        roots: Sequence[str | Path],
        options: ScanOptions | None,
        *,
        prune: bool,
    ) -> None:
        encoder = self._text_encoder()
        known = transaction.content_hashes()
        has_ready_vectors = any(map(is_from_vectors, known.values()))
        folders = [Path(root) for root in roots]
        changes = read_files(transaction, known, folders, options or ScanOptions(), prune=prune)
        del known  # its memory is given back while the documents are encoded
        if transaction.manifest is None:
            write_new(transaction, encoder, self.config, changes, self.codec)
        elif not has_ready_vectors and must_start_over(transaction, encoder, self.codec):
            keep_the_rest(transaction, changes)
            write_new(transaction, encoder, transaction.config, changes, self.codec)
        else:
            self._check_index(transaction)
            write_changes(transaction, encoder, changes)

    def _text_encoder(self) -> DocumentEncoder:
        return checked_encoder(self.encoder, whose=repr(self))

    def _check_index(self, transaction: AnyTransaction) -> None:
        """Refuse an index that was made with another encoder or codec."""
        manifest = transaction.snapshot.manifest
        check_encoder(manifest, self.encoder)
        check_same_codec(manifest, self.codec, path=self.path)

    def _read_vectors(
        self, embeddings: Embeddings, transaction: Transaction, *, is_new: bool
    ) -> AbstractContextManager[VectorDocumentSource]:
        found: object = embeddings
        if not isinstance(found, Embeddings):
            kind = type(found).__name__
            raise TypeError(f"expected Embeddings, made by one of its from_ methods, not {kind}")
        return VectorDocumentSource.read(
            embeddings,
            self.path,
            transaction.report,
            dim=None if self.encoder is None else self.encoder.dim,
            known_hash=transaction.content_hash,
            sampled=self.config if is_new and self.codec is None else None,
            with_hashes=transaction.is_resumable,
            progress=transaction.progress,
        )
