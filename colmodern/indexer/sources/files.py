"""What has to be encoded, and what deleted, for an index to match its files again?

Nothing is deleted because it could not be read: a file that cannot, and a row file of which some
rows cannot, keep the documents that were not met again, and are read again the next time. So is one
that broke off for a reason that may pass, though all of its documents are new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from colmodern.corpus import (
    Changes,
    ExtractionError,
    ExtractionPool,
    IdRegistry,
    ScanOptions,
    Skipped,
    SkipReason,
    Source,
    extractor_fingerprint,
    is_gone,
)
from colmodern.indexer.report import IndexReport
from colmodern.indexer.sources.documents import stored
from colmodern.storage import SourceRecord, StoredDocument
from colmodern.types import Document, Progress

UNTRUSTED = -1  # a time stamp that no file has: it is read again the next time


@dataclass(slots=True)
class FileChanges:
    """What the files say that the index does not.

    Attributes:
        deleted: Ids of documents to delete; an id that is also in the spool is replaced.
        sources: What to remember of every source from now on; None: what is remembered now.
        scans: What to remember of how they were read; None: what is remembered now.
        gone: Ids of documents that are deleted and not replaced: of files that are gone, or of
            rows that are gone from a file that was read.
        excluded: The same of files that a rule leaves out now.
        stale: Locations of changed files that gave nothing new and keep documents that could not
            be read again.
        lost_ids: Files whose rows had ids and have none now, so that each is a new document.
    """

    deleted: set[str] = field(default_factory=set)
    sources: list[SourceRecord] | None = None
    scans: Mapping[str, Any] | None = None
    gone: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    lost_ids: list[Skipped] = field(default_factory=list)


class FileReader:
    """Reads what changed and passes on what the index does not have."""

    def __init__(
        self,
        known: Mapping[str, str],
        sources: Sequence[SourceRecord],
        options: ScanOptions,
        take: Callable[[StoredDocument], None],
        report: IndexReport,
    ) -> None:
        """Compare with an index; ``failures`` says why files that were read have no documents.

        Args:
            known: Content hash by id of every live document of the index.
            sources: What the index remembers of its sources.
            options: How to read.
            take: Gets every document that must be encoded.
            report: Where counts go.
        """
        self._known = known
        self._previous = {record.path: record for record in sources}
        self._options = options
        self._take = take
        self._report = report
        self._sources: list[SourceRecord] = []
        self._registry = IdRegistry()
        self._leaving: set[str] = set()  # ids of files that are gone or changed, until met again
        self._found = FileChanges()
        self.failures: dict[str, str] = {}

    def read(self, changes: Changes, progress: Progress | None = None) -> FileChanges:
        """Read the files that changed, those that the index knows first: they keep their ids."""
        todo = (*changes.changed, *changes.added)
        leaving = {*changes.removed, *(source.location for source in todo)}
        vanished = self._vanished(leaving)
        kept = [record for path, record in self._previous.items() if path not in leaving]
        free = {i for record in kept if record.path in vanished for i in record.document_ids}
        self._leaving = {i for path in leaving for i in self._ids_of(path)}
        self._registry = IdRegistry(self._known.keys() - free - self._leaving)
        self._found.deleted |= self._leaving
        with ExtractionPool(todo, self._options) as pool:
            for number, source in enumerate(todo):
                if progress is not None:
                    progress("reading (files)", number, len(todo))
                self._read_source(source, pool)
        self._report.renamed += self._registry.n_renamed
        self._tell_deletions(changes)
        self._remember(kept, changes)
        return self._found

    def _read_source(self, source: Source, pool: ExtractionPool) -> None:
        ids: list[str] = []
        unread: list[Skipped] = []
        report = partial(self._tell, source, unread)
        n_new, digest, has_ids, may_pass = self._n_new, "", False, False
        try:
            digest, documents = pool.read(source, report)
            before = next(iter(self._ids_of(source.location)), None)
            for document, row in documents:
                claimed = self._registry.claim(document, source, row, before=before)
                ids.append(claimed.id)
                has_ids = has_ids or document.id != f"{source.key}#{row}"
                self._compare(claimed, source)
            if not (ids or unread):
                report(Skipped(source.path, SkipReason.EMPTY, "no row has a text or a title"))
        except ExtractionError as error:
            report(error.skipped)
            digest, may_pass = "", error.skipped.reason.may_pass
        if ids:
            self.failures.pop(source.location, None)
            self._tell_lost_ids(source, has_ids=has_ids)
        stay = self._stay(source, ids, unread[0]) if unread else []
        if stay or (ids and may_pass):
            record = self._record(source, "", [*ids, *stay])
            self._sources.append(replace(record, mtime_ns=UNTRUSTED))
            if self._n_new == n_new:
                self._found.stale.add(source.location)
        elif not may_pass:
            self._sources.append(self._record(source, digest, ids))

    def _tell(self, source: Source, unread: list[Skipped], skipped: Skipped) -> None:
        """Count what is told of a file; the first that was not read of it goes to ``unread``."""
        self._report.skipped.add(skipped)
        if not skipped.reason.is_note:
            self.failures[source.location] = skipped.reason.value
        if skipped.is_unread and not unread:
            unread.append(skipped)

    def _tell_lost_ids(self, source: Source, *, has_ids: bool) -> None:
        """Say it if the rows of a file had ids before, and none has one now."""
        numbered = f"{source.key}#"
        before = self._leaving.intersection(self._ids_of(source.location))
        if not has_ids and any(not identifier.startswith(numbered) for identifier in before):
            name = self._options.id_field
            detail = f"none has an id in the field {name!r} now, each is a new document, FILE#ROW"
            told = Skipped(source.path, SkipReason.LOST_IDS, detail)
            self._report.skipped.add(told)
            self._found.lost_ids.append(told)

    def _record(self, source: Source, digest: str, ids: list[str]) -> SourceRecord:
        return SourceRecord(
            path=source.location,
            root=str(source.root),
            size=source.size,
            mtime_ns=source.trusted_mtime_ns,
            content_hash=digest,
            extractor=extractor_fingerprint(source.format, self._options),
            document_ids=ids,
        )

    @property
    def _n_new(self) -> int:
        return self._report.added + self._report.updated

    def _compare(self, document: Document, source: Source) -> None:
        """Pass a document on unless the index holds just that."""
        fresh = stored(document, source.location)
        old = self._known.get(fresh.id)
        if old is not None:
            self._leaving.discard(fresh.id)
        if old == fresh.content_hash:
            self._found.deleted.discard(fresh.id)
            self._report.unchanged += 1
            return
        if old is None:
            self._report.added += 1
        else:
            self._report.updated += 1
            self._found.deleted.add(fresh.id)
        self._take(fresh)

    def _stay(self, source: Source, ids: Iterable[str], unread: Skipped) -> list[str]:
        """Return the documents of a file that were not met again and stay, for it was not read."""
        missed = dict.fromkeys(self._ids_of(source.location))
        for identifier in ids:
            missed.pop(identifier, None)
        stay = self._registry.keep(i for i in missed if i in self._known)
        self._leaving.difference_update(stay)
        self._found.deleted.difference_update(stay)
        self._report.unread.add(unread, len(stay))
        return stay

    def _tell_deletions(self, changes: Changes) -> None:
        """Say which documents go for good, and which of them by a rule."""
        by_rule = {i for path in changes.excluded for i in self._ids_of(path)}
        for identifier in sorted(self._leaving & self._known.keys()):
            ids = self._found.excluded if identifier in by_rule else self._found.gone
            ids.append(identifier)

    def _remember(self, records: Iterable[SourceRecord], changes: Changes) -> None:
        """Remember the sources that were not read."""
        touched = {source.location: source for source in changes.touched}
        taken = {i for record in self._sources for i in record.document_ids}
        for record in records:
            source = touched.get(record.path)
            if source is not None:
                record = replace(record, mtime_ns=source.trusted_mtime_ns)  # noqa: PLW2901
            elif record.document_ids:
                left = [i for i in record.document_ids if i not in taken]
                if not left:
                    continue
                record = replace(record, document_ids=left)  # noqa: PLW2901
            self._sources.append(record)
            n_documents = sum(i in self._known for i in record.document_ids)
            if (unread := changes.unreadable.get(record.path)) is not None:
                self._report.unread.add(unread, n_documents)
            else:
                self._report.unchanged += n_documents
        self._found.sources = self._sources

    def _ids_of(self, path: str) -> Sequence[str]:
        record = self._previous.get(path)
        return record.document_ids if record is not None else ()

    def _vanished(self, leaving: set[str]) -> set[str]:
        """Return remembered sources whose whole root is gone, as after moving a folder.

        Their documents stay; but a document of the same id that is read now takes their place.
        """
        roots = {record.root for record in self._previous.values()}
        gone = {root for root in roots if is_gone(Path(root))}
        return {r.path for r in self._previous.values() if r.root in gone} - leaving
