"""Which files are new, changed or gone since they were last indexed?

A file is unchanged if its size and its time stamp are those recorded. If only the time stamp
differs, the hash of its bytes decides, so that a copy or a checkout does not index everything
again. A file that another version of an extractor has read is changed.

The racy case: a file that is written twice within one tick of the clock of its file system can
keep its size and its time stamp while its bytes differ. A scan therefore marks files changed
within the last two seconds as unsettled; record :attr:`Source.trusted_mtime_ns`, which is -1 for
them, and the next look compares their hash. What stays undetected is a change that keeps the size
and sets the time stamp back on purpose.

A file is gone only if the folder that held it was read and does not list it any more. What is
there and cannot be read, for whatever reason, keeps its documents; so do all files of a folder that
was given and now has none, and of one below it that is there and holds nothing at all, for that is
how a volume looks that is not mounted.

Take the hash *before* the text is extracted: a change in between then shows as a change at the
next look, instead of hiding behind the hash of a text that was never indexed.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from unicodedata import normalize

from colmodern.corpus.formats import extractor_fingerprint
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import (
    ExtractionError,
    Scan,
    Skipped,
    SkipReason,
    Source,
    printable,
)

__all__ = ["Changes", "SourceState", "find_changes", "hash_source"]

# These are no accident either: the text is read under another name, or must not be read.
_ON_PURPOSE = frozenset({SkipReason.DUPLICATE, SkipReason.LINKED_OUTSIDE})

DIGEST_BYTES = 20
BLOCK_BYTES = 1 << 20


class SourceState(Protocol):
    """What is remembered of a file that was indexed."""

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    @property
    def mtime_ns(self) -> int:
        """The source's ``trusted_mtime_ns`` then."""
        ...

    @property
    def content_hash(self) -> str:
        """The :func:`hash_source` of its bytes."""
        ...

    @property
    def extractor(self) -> str:
        """The :func:`extractor_fingerprint` of what read it."""
        ...


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update has to do.

    Attributes:
        added: Files to index.
        changed: Files whose documents are to be replaced.
        touched: Files with a new time stamp but the old bytes: only their record changes.
        unchanged: Files to leave alone.
        removed: Locations of files that are gone, or that a rule leaves out now: their documents
            go.
        excluded: Those of ``removed`` that a rule leaves out, or that are read under another name.
        unreadable: Why an indexed file, by its location, cannot be read at the moment, though it
            is there or may be: its documents stay.
    """

    added: tuple[Source, ...] = ()
    changed: tuple[Source, ...] = ()
    touched: tuple[Source, ...] = ()
    unchanged: tuple[Source, ...] = ()
    removed: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    unreadable: Mapping[str, Skipped] = field(default_factory=dict)


def hash_source(source: Source) -> str:
    """Return the BLAKE2b digest of a file's bytes, 40 hexadecimal digits.

    Raises:
        ExtractionError: If the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    try:
        with source.path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ExtractionError(source.path, SkipReason.UNREADABLE, reason) from error
    return digest.hexdigest()


def find_changes(
    previous: Mapping[str, SourceState],
    scan: Scan,
    options: ScanOptions,
    *,
    hash_of: Callable[[Source], str] = hash_source,
    prune: bool = False,
) -> Changes:
    """Compare what was indexed with what is there.

    Args:
        previous: What is remembered of each file, by :attr:`Source.location`.
        scan: What is there. Files remembered from outside its roots are left alone: they appear
            in no part of the answer.
        options: Those of the scan.
        hash_of: Hashes a source; called only where size and time stamp leave a doubt.
        prune: Whether a root without any file, or an empty folder where files were, is what it
            should be, and no missing volume.
    """
    verdicts: defaultdict[str, list[Source]] = defaultdict(list)
    unreadable: dict[str, Skipped] = {}
    for source in scan.sources:
        state = previous.get(source.location)
        try:
            verdicts[_verdict(source, state, options, hash_of)].append(source)
        except ExtractionError as error:
            unreadable[source.location] = error.skipped
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for location, why in _missing(previous, scan, prune=prune):
        if why is None:
            missing["gone"].append(location)
        elif why.reason.is_by_rule or why.reason in _ON_PURPOSE:
            missing["excluded"].append(location)
        else:
            unreadable[location] = why
    return Changes(
        added=tuple(verdicts["added"]),
        changed=tuple(verdicts["changed"]),
        touched=tuple(verdicts["touched"]),
        unchanged=tuple(verdicts["unchanged"]),
        removed=tuple(sorted(missing["gone"] + missing["excluded"])),
        excluded=tuple(missing["excluded"]),
        unreadable=dict(sorted(unreadable.items())),
    )


def _verdict(
    source: Source,
    state: SourceState | None,
    options: ScanOptions,
    hash_of: Callable[[Source], str],
) -> str:
    if state is None:
        return "added"
    if state.size != source.size:
        return "changed"
    if state.extractor != extractor_fingerprint(source.format, options):
        return "changed"
    if state.mtime_ns == source.mtime_ns:
        return "unchanged"
    return "touched" if hash_of(source) == state.content_hash else "changed"


def _missing(
    previous: Mapping[str, SourceState], scan: Scan, *, prune: bool
) -> Iterator[tuple[str, Skipped | None]]:
    """Yield the locations that the scan should have met and has not, each with what hid it."""
    present = {source.location for source in scan.sources}
    roots = {printable(root) for root in scan.roots}
    # By its composed form: a volume may be copied to one that spells names another way.
    hidden = {normalize("NFC", printable(skipped.path)): skipped for skipped in scan.skipped}
    empty: dict[str, bool] = {}
    emptied = _EmptyFolders()
    for location in sorted(previous.keys() - present):
        above = list(_up(location))
        own_roots = [place for place in above if place in roots]
        if not own_roots:
            continue
        spelled = (normalize("NFC", place) for place in above)
        why = next((hidden[place] for place in spelled if place in hidden), None)
        root = own_roots[0]
        if why is None and not prune:
            if root not in empty:
                empty[root] = not any(_is_below(place, root) for place in present)
            folder = root if empty[root] else emptied.above(location, root)
            why = None if folder is None else _no_files(folder)
        yield location, why


class _EmptyFolders:
    """Which folders are there and hold nothing, as that of a volume that is not mounted."""

    def __init__(self) -> None:
        self._known: dict[str, bool | None] = {}

    def above(self, location: str, root: str) -> str | None:
        """Return the folder that held a file, or what is left above it, if nothing is in it."""
        for folder in _up(location):  # one may stand where the file was
            if not _is_below(folder, root) or folder == root:
                return None
            if folder not in self._known:
                self._known[folder] = _is_empty(folder)
            is_empty = self._known[folder]
            if is_empty is not None:
                return folder if is_empty else None
        return None


def _is_empty(folder: str) -> bool | None:
    """Say whether a folder holds nothing; None: there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return False


def _is_below(place: str, root: str) -> bool:
    return place == root or place.startswith(root.removesuffix(os.sep) + os.sep)


def _up(location: str) -> Iterator[str]:
    """Yield a path and the folders above it."""
    path = Path(location)
    yield location
    for folder in path.parents:
        yield str(folder)


def _no_files(folder: str) -> Skipped:
    detail = "no file is there any more; is a volume not mounted? Otherwise say so with --prune"
    return Skipped(Path(folder), SkipReason.UNREADABLE, detail)
