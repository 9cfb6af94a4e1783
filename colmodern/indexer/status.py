"""What changed in the files of an index since they were indexed? Nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colmodern.corpus import ScanOptions, find_changes, scan
from colmodern.indexer.scans import root_name, scans_of, without_index
from colmodern.storage import IndexReader, SourceRecord


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
        missing_roots: Roots that are gone as a whole; their documents stay.
        unchanged: How many files are as they were.
    """

    index: Path
    roots: tuple[str, ...]
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    missing_roots: tuple[str, ...] = ()
    unchanged: int = 0

    @property
    def is_current(self) -> bool:
        """Whether the next ``index`` would have nothing to do."""
        return not (self.added or self.changed or self.removed)

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
        }


def status(
    path: str | Path,
    roots: Sequence[str | Path] | None = None,
    options: ScanOptions | None = None,
) -> IndexStatus:
    """Compare an index with its files; it is only read, and may be written meanwhile.

    Args:
        path: The folder of the index.
        roots: What to look at; None: all that was ever indexed into it.
        options: How; None: as each root was indexed last.

    Raises:
        IndexNotFoundError: There is no index.
        InputError: A root that is given does not exist.
    """
    index = Path(path)
    with IndexReader.open(index) as reader:
        sources = reader.sources()
        known = scans_of(reader.manifest.config, sources)
    wanted = list(known) if roots is None else [root_name(Path(root)) for root in roots]
    missing = [root for root in wanted if roots is None and not Path(root).exists()]
    looks = [
        _look(index, root, options or known.get(root) or ScanOptions(), sources)
        for root in wanted
        if root not in missing
    ]
    return IndexStatus(
        index=index,
        roots=tuple(wanted),
        missing_roots=tuple(missing),
        unchanged=len({name for look in looks for name in look["unchanged"]}),
        **{
            state: tuple(sorted({name for look in looks for name in look[state]}))
            for state in ("added", "changed", "removed", "unreadable")
        },
    )


def _look(
    index: Path, root: str, options: ScanOptions, sources: Sequence[SourceRecord]
) -> dict[str, list[str]]:
    """Return the files under one root by what became of them."""
    options = without_index(options, index, [Path(root)])
    found = find_changes(
        {source.path: source for source in sources}, scan([Path(root)], options), options
    )
    return {
        "added": [source.location for source in found.added],
        "changed": [source.location for source in found.changed],
        "removed": list(found.removed),
        "unreadable": list(found.unreadable),
        "unchanged": [source.location for source in (*found.unchanged, *found.touched)],
    }
