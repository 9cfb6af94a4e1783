"""What changed in the files of an index since they were indexed? Nothing is changed by asking.

Files that changed are read, so that what is said of their documents is what ``index`` would do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from colmodern.corpus import (
    ScanOptions,
    Skipped,
    SkipReason,
    SkipTally,
    find_changes,
    scan,
)
from colmodern.corpus.sources import printable
from colmodern.indexer.encoder_state import EncoderState, encoder_state
from colmodern.indexer.left_out import Failures, is_below, known_failures, left_out
from colmodern.indexer.pruning import needs_prune
from colmodern.indexer.report import MOST_NAMED, IndexReport, UnreadFiles
from colmodern.indexer.scans import KnownRoots, scans_of, without_index
from colmodern.indexer.sources.files import FileChanges, FileReader
from colmodern.indexer.sources.vectors import is_from_vectors
from colmodern.storage import SourceRecord, open_reader
from colmodern.types import EncoderIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """What the next ``index`` would do.

    Attributes:
        index: The folder of the index.
        roots: The folders and files that were looked at, absolute.
        added: Files that are not in the index, absolute.
        changed: Files whose documents it would replace.
        removed: Files whose documents it would remove: gone, or left out by a rule now.
        unreadable: Indexed files that cannot be read now; their documents stay.
        missing_roots: Roots that are gone as a whole, or cannot be looked at; their documents stay.
        unchanged: How many files are as they were.
        unread: The unreadable files with the reasons, and how many documents they keep.
        skipped: What is left out, counted by reason, with examples.
        not_indexed: How many files are not in the index and will not be, by reason; those that a
            rule leaves out are not counted.
        deleted_documents: How many documents it would delete for good.
        needs_prune: Whether those are so many that it would stop without ``prune``.
        encoder: The name of the encoder that made the index.
        encoder_state: What has that name now; None: the vectors came ready, without a name.
        ready_documents: How many documents came with their vectors, which no encoder makes again.
    """

    index: Path
    roots: tuple[str, ...]
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    missing_roots: tuple[str, ...] = ()
    unchanged: int = 0
    unread: UnreadFiles = field(default_factory=UnreadFiles)
    skipped: SkipTally = field(default_factory=SkipTally)
    not_indexed: Mapping[str, int] = field(default_factory=dict)
    deleted_documents: int = 0
    needs_prune: bool = False
    encoder: str = ""
    encoder_state: EncoderState | None = None
    ready_documents: int = 0

    @property
    def is_current(self) -> bool:
        """Whether the next ``index`` would have nothing to do."""
        is_other = self.encoder_state is EncoderState.OTHER
        return not (self.added or self.changed or self.removed or is_other)

    @property
    def is_in_doubt(self) -> bool:
        """Whether the next ``index`` could not do all.

        Files cannot be read, very many documents would go, or there is no encoder for them.
        """
        return bool(
            self.unread.documents
            or self.missing_roots
            or self.needs_prune
            or (self.roots and self.lacks_encoder)
        )

    @property
    def lacks_encoder(self) -> bool:
        """Whether ``index`` stops: no such encoder, or another that cannot make all again."""
        if self.encoder_state is EncoderState.OTHER:
            return self.ready_documents > 0
        return self.encoder_state is EncoderState.MISSING

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {
            "index": str(self.index),
            "roots": list(self.roots),
            "added": list(self.added),
            "changed": list(self.changed),
            "removed": list(self.removed),
            "unreadable": list(self.unreadable),
            "missing_roots": list(self.missing_roots),
            "unchanged": self.unchanged,
            "kept_documents": self.unread.documents,
            "not_indexed": dict(self.not_indexed),
            "deleted_documents": self.deleted_documents,
            "needs_prune": self.needs_prune,
            "encoder": self.encoder,
            "encoder_state": self.encoder_state,
        }


def status(
    path: str | Path,
    roots: Sequence[str | Path] | None = None,
    options: ScanOptions | None = None,
    *,
    prune: bool = False,
    encoder: EncoderIdentity | None = None,
) -> IndexStatus:
    """Compare an index with its files and its encoder; it is only read, and may be written to.

    Args:
        path: The folder of the index.
        roots: What to look at; None: all that was ever indexed into it.
        options: How; None: as each root was indexed last.
        prune: As ``Indexer.sync`` would be called.
        encoder: The encoder of that ``Indexer``; None: what the index names, loaded.

    Raises:
        IndexNotFoundError: There is no index.
        InputError: A root that is given does not exist.
    """
    index = Path(path)
    with open_reader(index) as reader:
        sources, config = reader.sources(), reader.manifest.config
        made_with = reader.manifest.encoder
        scans = scans_of(config, sources)
        known = reader.content_hashes()
    names = KnownRoots(scans)
    wanted = list(scans) if roots is None else [str(names.name_of(Path(root))) for root in roots]
    missing = [root for root in wanted if roots is None and not _is_there(Path(root))]
    looks = [
        _look(
            index, root, options or scans.get(root) or ScanOptions(), sources, known, prune, config
        )
        for root in wanted
        if root not in missing
    ]
    n_deleted = len({i for look in looks for i in look.deleted})
    return IndexStatus(
        index=index,
        roots=tuple(wanted),
        added=_sorted(look.added for look in looks),
        changed=_sorted(look.changed for look in looks),
        removed=_sorted(look.removed for look in looks),
        unreadable=_sorted(look.unreadable for look in looks),
        missing_roots=tuple(missing),
        unchanged=len({name for look in looks for name in look.unchanged}),
        unread=_all_unread([look.unread for look in looks]),
        skipped=_all_skipped(look.skipped for look in looks),
        not_indexed=_all_counts(look.not_indexed for look in looks),
        deleted_documents=n_deleted,
        needs_prune=not prune and needs_prune(n_deleted, len(known)),
        encoder=made_with.name,
        encoder_state=encoder_state(made_with, encoder),
        ready_documents=sum(map(is_from_vectors, known.values())),
    )


def _is_there(root: Path) -> bool:
    try:
        root.stat()
    except OSError:  # of a folder above that may not be read, of a volume that is cut off
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Look:
    """The files under one root by what became of them, and the documents that would go."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    unreadable: list[str]
    unchanged: list[str]
    unread: UnreadFiles
    skipped: SkipTally
    not_indexed: dict[str, int]
    deleted: list[str]


def _look(
    index: Path,
    root: str,
    options: ScanOptions,
    sources: Sequence[SourceRecord],
    known: Mapping[str, str],
    prune: bool,
    config: Mapping[str, Any],
) -> _Look:
    options = without_index(options, index, [Path(root)])
    there = scan([Path(root)], options)
    name = printable(root)
    below = {source.path: source for source in sources if is_below(source.path, name)}
    found = find_changes(below, there, options, prune=prune)
    report, changes, records = IndexReport(), FileChanges(), sources
    reader = FileReader(known, sources, options, lambda _: None, report)
    if found.changed or found.removed or found.unreadable:
        changes = reader.read(replace(found, added=()))
        records = changes.sources or ()
    failures = known_failures(config, records, reader.failures)
    for skipped in (*there.skipped, *_skipped(failures, reader.failures)):
        report.skipped.add(skipped)
    return _Look(
        added=[source.location for source in found.added],
        changed=[s.location for s in found.changed if s.location not in changes.stale],
        removed=list(found.removed),
        unreadable=[*found.unreadable, *changes.stale],
        unchanged=[source.location for source in (*found.unchanged, *found.touched)],
        unread=report.unread,
        skipped=report.skipped,
        not_indexed=left_out(root, there.skipped, records, failures)["counts"],
        deleted=[*changes.gone, *changes.excluded],
    )


def _skipped(failures: Failures, told: Failures) -> Iterator[Skipped]:
    """Yield what was known before of files that were not read now."""
    for path in sorted(failures.keys() - told.keys()):
        with suppress(ValueError):  # a reason of another version
            yield Skipped(Path(path), SkipReason(failures[path]))


def _all_skipped(parts: Iterable[SkipTally]) -> SkipTally:
    found = SkipTally()
    for part in parts:
        found.counts.update(part.counts)
        for reason, examples in part.examples.items():
            kept = found.examples.setdefault(reason, [])
            kept += examples[: found.n_examples - len(kept)]
    return found


def _all_counts(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for part in parts:
        found.update(part)
    return dict(found.most_common())


def _sorted(parts: Iterable[list[str]]) -> tuple[str, ...]:
    return tuple(sorted({name for part in parts for name in part}))


def _all_unread(parts: Sequence[UnreadFiles]) -> UnreadFiles:
    found = UnreadFiles()
    for part in parts:
        found.documents += part.documents
        found.n_files += part.n_files
        found.n_named += part.n_named
        found.examples += part.examples[: MOST_NAMED - len(found.examples)]
    return found
