"""Which steps change an index by texts? Files are read, everything or the rest is encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from colmodern.codec import Codec
from colmodern.corpus import Changes, ScanOptions, find_changes, scan
from colmodern.indexer.agreement import config_of_codec
from colmodern.indexer.left_out import known_failures, left_out
from colmodern.indexer.plan import CHARS_PER_TOKEN, outgrown
from colmodern.indexer.pruning import check_deletions
from colmodern.indexer.scans import KnownRoots, scans_of, with_scans, without_index
from colmodern.indexer.shards.transaction import ShardedTransaction
from colmodern.indexer.sources.files import FileChanges, FileReader
from colmodern.indexer.sources.texts import TextDocumentSource
from colmodern.indexer.transaction import Transaction
from colmodern.request import IndexConfig
from colmodern.storage import EncoderInfo, SourceRecord, TrainingRecord
from colmodern.types import DocumentEncoder

__all__ = [
    "AnyTransaction",
    "keep_the_rest",
    "must_start_over",
    "read_files",
    "write_changes",
    "write_new",
]

AnyTransaction: TypeAlias = Transaction | ShardedTransaction
"""A change of an index, which is encoded as one stream, or of a shard set, in parts."""


def read_files(
    transaction: AnyTransaction,
    known: Mapping[str, str],
    roots: Sequence[Path],
    options: ScanOptions,
    *,
    prune: bool = False,
) -> FileChanges:
    """Spool what files say that the index does not.

    Args:
        transaction: The change; nothing is started yet.
        known: The content hash of each live document by id.
        roots: Folders and files.
        options: How to read.
        prune: Whether many documents may be deleted.

    Raises:
        InputError: A root does not exist, or more would be deleted than goes without saying.
    """
    sources: Sequence[SourceRecord] = []
    config: Mapping[str, Any] = {}
    if transaction.manifest is not None:
        sources, config = transaction.snapshot.sources(), transaction.manifest.config
    given = options
    known_roots = KnownRoots(scans_of(config, sources))
    roots = [known_roots.name_of(root) for root in roots]
    options = without_index(options, transaction.path, roots)
    report = transaction.report
    found = scan(roots, options)
    for skipped in found.skipped:
        report.skipped.add(skipped)
    differences = find_changes({s.path: s for s in sources}, found, options, prune=prune)
    reader = FileReader(known, sources, options, transaction.spool.add, report)
    changes = reader.read(differences, transaction.progress)
    if not prune:
        check_deletions(changes, len(known))
    records = changes.sources or ()
    failures = known_failures(config, records, reader.failures)
    changes.scans = with_scans(
        config, roots, given, lambda root: left_out(root, found.skipped, records, failures)
    )
    report.excluded = len(changes.excluded)
    report.from_roots = _documents_of(differences, changes)
    return changes


def _documents_of(differences: Changes, changes: FileChanges) -> int:
    """Return how many documents come from the files that were looked at."""
    looked_at = {
        source.location
        for part in (differences.added, differences.changed, differences.touched)
        for source in part
    }
    looked_at |= {source.location for source in differences.unchanged}
    looked_at |= differences.unreadable.keys()
    records = changes.sources or ()
    return sum(len(record.document_ids) for record in records if record.path in looked_at)


def must_start_over(
    transaction: AnyTransaction, encoder: DocumentEncoder, codec: Codec | None
) -> bool:
    """Say whether the index is another encoder's or codec's, or too small for what is spooled."""
    manifest = transaction.snapshot.manifest
    if manifest.encoder.fingerprint != encoder.fingerprint:
        return True
    if codec is not None:
        return manifest.codec.fingerprint != codec.fingerprint
    training = TrainingRecord.of(manifest.config)
    n_chars = transaction.spool.chars.sum()
    n_more = int(n_chars / CHARS_PER_TOKEN / transaction.config.pool)
    return not training.is_shared and outgrown(training.n_tokens, manifest.n_tokens + n_more)


def keep_the_rest(transaction: AnyTransaction, changes: FileChanges) -> None:
    """Spool what the index holds and the files did not replace or remove."""
    spool = transaction.spool
    fresh = {document.id for document in spool.read(range(len(spool)))}
    for document in transaction.snapshot.documents():
        if document.id not in changes.deleted and document.id not in fresh:
            spool.add(document)
    transaction.report.deleted = len(changes.deleted - fresh)


def write_new(
    transaction: AnyTransaction,
    encoder: DocumentEncoder,
    config: IndexConfig,
    changes: FileChanges,
    codec: Codec | None,
) -> None:
    """Make an index of the spool alone, in place of the one that is there, and commit it.

    Args:
        transaction: The change.
        encoder: Makes the vectors.
        config: How the index is built.
        changes: What to remember of files.
        codec: The codec; None: one is trained.
    """
    built = config if codec is None else config_of_codec(codec, config)
    if isinstance(transaction, ShardedTransaction):
        transaction.write_texts(encoder, built, changes, codec, is_new=True)
        return
    source = TextDocumentSource(transaction.spool, encoder, built, transaction.progress)
    info = EncoderInfo(encoder.name, encoder.fingerprint, encoder.dim)
    transaction.start_new(source, info, built, codec)
    transaction.write(source)
    transaction.remember(sources=changes.sources, scans=changes.scans)
    transaction.commit()


def write_changes(
    transaction: AnyTransaction, encoder: DocumentEncoder, changes: FileChanges
) -> None:
    """Delete what is gone, add the spool, and commit both."""
    config, progress = transaction.config, transaction.progress
    if isinstance(transaction, ShardedTransaction):
        transaction.write_texts(encoder, config, changes, is_new=False)
        return
    source = TextDocumentSource(transaction.spool, encoder, config, progress)
    transaction.start_change(source)
    n_deleted = transaction.delete(changes.deleted)
    transaction.report.deleted = n_deleted - transaction.report.updated
    transaction.write(source)
    transaction.remember(sources=changes.sources, scans=changes.scans)
    transaction.commit()
