"""From which folders, and by which options, were files indexed? Kept among the manifest's options.

So ``status`` looks at a folder with the eyes of the ``index`` before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from functools import cached_property
from glob import escape
from pathlib import Path
from typing import Any

from colmodern.corpus import JOBS_SUFFIX, ScanOptions, named_root, resolved
from colmodern.errors import ConfigError
from colmodern.indexer.left_out import LEFT_OUT
from colmodern.storage import SourceRecord

KEY = "scans"


def kept_scans(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options of a manifest keep of scans; what is no such thing is nothing."""
    kept = config.get(KEY)
    return dict(kept) if isinstance(kept, dict) else {}


def scans_of(config: Mapping[str, Any], sources: Sequence[SourceRecord]) -> dict[str, ScanOptions]:
    """Return the options by which each root was indexed last, by its absolute path.

    Roots of an index that does not remember its scans come from its sources, with the defaults.
    """
    found = {source.root: ScanOptions() for source in sources}
    for root, options in kept_scans(config).items():
        found[root] = _options(options)
    return found


class KnownRoots:
    """The roots of an index: as many as there are files, if those were given one by one."""

    def __init__(self, known: Iterable[str]) -> None:
        """Take them, absolute."""
        self._names = dict.fromkeys(map(Path, known))
        self._above = {place for name in self._names for place in (name, *name.parents)}

    def name_of(self, root: Path) -> Path:
        """Return a root by the name by which the index knows it, or as it is named now.

        So a folder that is given by another of its names gives no document twice.
        """
        named, target = named_root(root), resolved(root)
        if named in self._above or not self._names.keys().isdisjoint(named.parents):
            return named
        places = [place for place in (target, *target.parents) if place in self._targets]
        if places:
            first = min(places, key=lambda place: self._targets[place][0])
            return self._targets[first][1] / target.relative_to(first)
        return target if target in self._above else named

    @cached_property
    def _targets(self) -> dict[Path, tuple[int, Path]]:
        """What each root leads to, with its number and its name; of equal ones the first."""
        found: dict[Path, tuple[int, Path]] = {}
        for number, name in enumerate(self._names):
            found.setdefault(resolved(name), (number, name))
        return found


def with_scans(
    config: Mapping[str, Any],
    roots: Sequence[Path],
    options: ScanOptions,
    left_out: Callable[[str], Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what is to be kept, with that of the old ``config``, once ``roots`` were indexed.

    Args:
        config: The options of the manifest before.
        roots: What was indexed now, by the names of ``KnownRoots``.
        options: How.
        left_out: Returns what to keep of the files of a root that are not in the index.
    """
    plain = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(options).items()}
    names = [str(root) for root in roots]
    return {
        **kept_scans(config),
        **{name: {**plain, LEFT_OUT: dict(left_out(name))} for name in names},
    }


def without_index(options: ScanOptions, index: Path, roots: Sequence[Path]) -> ScanOptions:
    """Return options that keep an index out of itself, if it lies below a root.

    What a server keeps beside it to write (``INDEX.jobs``) is kept out, too.
    """
    own = resolved(index)
    inside = [resolved(root) for root in roots]
    patterns = [
        f"/{escape(one.relative_to(root).as_posix())}/"
        for root in inside
        for one in (own, own.with_name(own.name + JOBS_SUFFIX))
        if one.is_relative_to(root) and own != root
    ]
    return replace(options, exclude=(*options.exclude, *patterns))


def _options(kept: Any) -> ScanOptions:
    """Return options as they were kept; those that this version does not know are passed over."""
    if not isinstance(kept, dict):
        return ScanOptions()
    known = {field.name for field in fields(ScanOptions)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in kept.items()
        if name in known
    }
    try:
        return ScanOptions(**values)
    except (ConfigError, TypeError, AttributeError):
        return ScanOptions()
