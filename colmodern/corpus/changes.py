"""Which files are new, changed or gone since they were last indexed?

A file is unchanged if its size and its time stamp are those recorded. If only the time stamp
differs, the hash of its bytes decides, so that a copy or a checkout does not index everything
again. A file that another version of an extractor has read is changed.

The racy case: a file that is written twice within one tick of the clock of its file system can
keep its size and its time stamp while its bytes differ. A scan therefore marks files changed
within the last two seconds as unsettled; record :attr:`Source.trusted_mtime_ns`, which is -1 for
them, and the next look compares their hash. What stays undetected is a change that keeps the size
and sets the time stamp back on purpose.

Take the hash *before* the text is extracted: a change in between then shows as a change at the
next look, instead of hiding behind the hash of a text that was never indexed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from colmodern.corpus.formats import extractor_fingerprint
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, Scan, SkipReason, Source, printable

__all__ = ["Changes", "SourceState", "find_changes", "hash_source"]

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
        removed: Locations of files that are gone, or are skipped now: their documents go.
        unreadable: Locations of indexed files that cannot be read at the moment, by themselves or
            for a folder above them: their documents stay.
    """

    added: tuple[Source, ...] = ()
    changed: tuple[Source, ...] = ()
    touched: tuple[Source, ...] = ()
    unchanged: tuple[Source, ...] = ()
    removed: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


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
) -> Changes:
    """Compare what was indexed with what is there.

    Args:
        previous: What is remembered of each file, by :attr:`Source.location`.
        scan: What is there. Files remembered from outside its roots are left alone: they appear
            in no part of the answer.
        options: Those of the scan.
        hash_of: Hashes a source; called only where size and time stamp leave a doubt.
    """
    verdicts: defaultdict[str, list[Source]] = defaultdict(list)
    for source in scan.sources:
        state = previous.get(source.location)
        verdicts[_verdict(source, state, options, hash_of)].append(source)
    missing, blocked = _missing(previous, scan)
    blocked += [source.location for source in verdicts["unreadable"]]
    return Changes(
        added=tuple(verdicts["added"]),
        changed=tuple(verdicts["changed"]),
        touched=tuple(verdicts["touched"]),
        unchanged=tuple(verdicts["unchanged"]),
        removed=tuple(missing),
        unreadable=tuple(sorted(blocked)),
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
    try:
        return "touched" if hash_of(source) == state.content_hash else "changed"
    except ExtractionError:
        return "unreadable"


def _missing(previous: Mapping[str, SourceState], scan: Scan) -> tuple[list[str], list[str]]:
    """Return the locations that the scan should have met and has not: gone, and out of sight."""
    present = {source.location for source in scan.sources}
    roots = [printable(root) for root in scan.roots]
    unreadable = [printable(s.path) for s in scan.skipped if s.reason is SkipReason.UNREADABLE]
    gone: list[str] = []
    blocked: list[str] = []
    for location in sorted(previous.keys() - present):
        if _is_within(location, unreadable):
            blocked.append(location)
        elif _is_within(location, roots):
            gone.append(location)
    return gone, blocked


def _is_within(location: str, places: Sequence[str]) -> bool:
    return any(Path(location).is_relative_to(place) for place in places)
