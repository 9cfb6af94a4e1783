"""What has to be encoded, and what deleted, for an index to match its files again?

Reads files into a spool; knows documents and hashes, no vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from colmodern.corpus import (
    ExtractionError,
    IdRegistry,
    ScanOptions,
    SkipReason,
    Source,
    extract,
    extractor_fingerprint,
    find_changes,
    hash_source,
    scan,
)
from colmodern.indexer.report import IndexReport
from colmodern.indexer.sources.documents import stored
from colmodern.indexer.sources.spool import Spool
from colmodern.storage import SourceRecord
from colmodern.types import Document, Progress


@dataclass(slots=True)
class FileChanges:
    """What the files say that the index does not.

    Attributes:
        deleted: Ids of documents to delete; an id that is also in the spool is replaced.
        sources: What to remember of every source from now on; None: what is remembered now.
        scans: What to remember of how they were read; None: what is remembered now.
    """

    deleted: set[str] = field(default_factory=set)
    sources: list[SourceRecord] | None = None
    scans: Mapping[str, Any] | None = None


class FileReader:
    """Reads what changed under some roots into a spool."""

    def __init__(
        self,
        known: Mapping[str, str],
        sources: Sequence[SourceRecord],
        options: ScanOptions,
        spool: Spool,
        report: IndexReport,
    ) -> None:
        """Compare with an index.

        Args:
            known: Content hash by id of every live document of the index.
            sources: What the index remembers of its sources.
            options: How to read.
            spool: Where documents that must be encoded go.
            report: Where counts go.
        """
        self._known = known
        self._previous = {record.path: record for record in sources}
        self._options = options
        self._spool = spool
        self._report = report
        self._sources: list[SourceRecord] = []
        self._deleted: set[str] = set()

    def read(self, roots: Sequence[Path], progress: Progress | None = None) -> FileChanges:
        """Look at every file under ``roots`` and read those that changed.

        Raises:
            InputError: A root does not exist.
        """
        found = scan(roots, self._options)
        for skipped in found.skipped:
            self._report.skipped.add(skipped)
        changes = find_changes(self._previous, found, self._options)
        todo = (*changes.added, *changes.changed)
        refreshed = {source.location: source for source in changes.touched}
        leaving = {*changes.removed, *(source.location for source in todo)}
        vanished = self._vanished(leaving)
        kept = [record for path, record in self._previous.items() if path not in leaving]
        free = {i for record in kept if record.path in vanished for i in record.document_ids}
        free |= {i for path in leaving for i in self._ids_of(path)}
        registry = IdRegistry(self._known.keys() - free)
        for path in changes.removed:
            self._deleted.update(self._ids_of(path))
        for source in changes.changed:
            self._deleted.update(self._ids_of(source.location))
        for number, source in enumerate(todo):
            if progress is not None:
                progress("reading (files)", number, len(todo))
            self._read_source(source, registry)
        self._report.renamed += registry.n_renamed
        remembered = list(self._kept(kept, refreshed))
        ids = (i for record in remembered for i in record.document_ids)
        self._report.unchanged += sum(i in self._known for i in ids)
        self._sources += remembered
        return FileChanges(self._deleted, self._sources)

    def _read_source(self, source: Source, registry: IdRegistry) -> None:
        ids: list[str] = []
        try:
            digest = hash_source(source)
            for document, row in extract(source, self._options, report=self._report.skipped.add):
                claimed = registry.claim(document, source, row)
                ids.append(claimed.id)
                self._take(claimed, source)
        except ExtractionError as err:
            self._report.skipped.add(err.skipped)
            if err.skipped.reason is SkipReason.UNREADABLE and not ids:
                self._keep_unreadable(source)
                return
            digest = ""
        self._sources.append(
            SourceRecord(
                path=source.location,
                root=str(source.root),
                size=source.size,
                mtime_ns=source.trusted_mtime_ns,
                content_hash=digest,
                extractor=extractor_fingerprint(source.format, self._options),
                document_ids=ids,
            )
        )

    def _take(self, document: Document, source: Source) -> None:
        """Spool a document unless the index holds just that."""
        fresh = stored(document, source.location)
        old = self._known.get(fresh.id)
        if old == fresh.content_hash:
            self._deleted.discard(fresh.id)
            self._report.unchanged += 1
            return
        if old is None:
            self._report.added += 1
        else:
            self._report.updated += 1
            self._deleted.add(fresh.id)
        self._spool.add(fresh)

    def _keep_unreadable(self, source: Source) -> None:
        """A file that cannot be read just now keeps its documents."""
        record = self._previous.get(source.location)
        if record is not None:
            self._deleted.difference_update(record.document_ids)
            self._sources.append(replace(record, mtime_ns=0))

    def _ids_of(self, path: str) -> Sequence[str]:
        record = self._previous.get(path)
        return record.document_ids if record is not None else ()

    def _vanished(self, leaving: set[str]) -> set[str]:
        """Return remembered sources whose whole root is gone, as after moving a folder.

        Their documents stay; but a document of the same id that is read now takes their place.
        """
        gone = {
            root for root in {r.root for r in self._previous.values()} if not Path(root).exists()
        }
        return {r.path for r in self._previous.values() if r.root in gone} - leaving

    def _kept(
        self, sources: Iterable[SourceRecord], refreshed: Mapping[str, Source]
    ) -> Iterator[SourceRecord]:
        taken = {i for record in self._sources for i in record.document_ids}
        for record in sources:
            source = refreshed.get(record.path)
            if source is not None:
                yield replace(record, mtime_ns=source.trusted_mtime_ns)
                continue
            left = [i for i in record.document_ids if i not in taken]
            if left or not record.document_ids:
                yield replace(record, document_ids=left)
