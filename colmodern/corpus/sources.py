"""The values that pass through this room: what was found, what was left out, and why."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from colmodern.corpus.formats import FileFormat
from colmodern.errors import InputError
from colmodern.types import Document

__all__ = [
    "Extracted",
    "ExtractionError",
    "Scan",
    "SkipReason",
    "SkipTally",
    "Skipped",
    "Source",
    "printable",
]


class SkipReason(StrEnum):
    """Why a file, a folder or a row did not become a document, or not quite the one it is."""

    HIDDEN = "hidden"
    IGNORED = "ignored"
    EXCLUDED = "excluded"
    INDEX = "an index"
    LINKED_FOLDER = "link to a folder"
    LINKED_OUTSIDE = "link to a file outside"
    DUPLICATE = "given twice"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too large"
    TOO_COSTLY = "too costly"
    UNREADABLE = "unreadable"
    BINARY = "binary"
    GENERATED = "generated"
    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    BAD_ROW = "bad row"
    NO_TEXT_FIELD = "no text field"
    GUESSED = "encoding guessed"
    REPLACED = "bytes replaced"
    PART = "part left out"
    NO_TEXT_ON_PAGE = "pages without text"
    LOST_IDS = "rows lost their ids"

    @property
    def is_by_rule(self) -> bool:
        """Whether a rule or an option asked for it, so that a report need not dwell on it."""
        return self in _BY_RULE

    @property
    def may_pass(self) -> bool:
        """Whether the next attempt may go well with the same bytes."""
        return self in _MAY_PASS

    @property
    def is_note(self) -> bool:
        """Whether the file did become a document, and this is only told of it."""
        return self in _NOTES


_BY_RULE = frozenset({SkipReason.HIDDEN, SkipReason.IGNORED, SkipReason.EXCLUDED, SkipReason.INDEX})

_MAY_PASS = frozenset({SkipReason.UNREADABLE, SkipReason.TOO_COSTLY})

_NOTES = frozenset({
    SkipReason.GUESSED, SkipReason.REPLACED, SkipReason.PART, SkipReason.NO_TEXT_ON_PAGE,
    SkipReason.LOST_IDS,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was left out.

    Attributes:
        path: The file or folder.
        reason: Why, as one of a few words that can be counted.
        detail: The rest of the story, as a clause without a full stop.
        row: The number of the row from 1, where only a row was left out.
    """

    path: Path
    reason: SkipReason
    detail: str = ""
    row: int | None = None

    @property
    def is_unread(self) -> bool:
        """Whether something is there that was not read; a row that is blank was read."""
        if self.reason.is_note or self.reason is SkipReason.GENERATED:
            return False
        return self.row is None or self.reason is not SkipReason.EMPTY

    def __str__(self) -> str:
        """Return one line for a person to read."""
        place = printable(self.path) + (f", row {self.row}" if self.row is not None else "")
        return f"{place}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


class ExtractionError(InputError):
    """A file that cannot become a document; ``skipped`` says which and why."""

    def __init__(self, path: Path, reason: SkipReason, detail: str = "") -> None:
        """Keep what a caller needs to count it."""
        self.skipped = Skipped(path, reason, detail)
        super().__init__(str(self.skipped))


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be read.

    Attributes:
        path: Where it is, absolute.
        root: The root under which it was found, absolute; the file itself if that was the root.
        key: Its path below the root with forward slashes; its name if it is the root; in Unicode's
            composed form (NFC), whatever the file system says. The id of its document.
        size: In bytes.
        mtime_ns: When it was last changed, in nanoseconds since 1970.
        format: How to read it.
        is_settled: False if the file was so young when it was looked at that a second change
            could leave the same time stamp.
        is_proven: Whether its first bytes, rather than its name, say how to read it.
    """

    path: Path
    root: Path
    key: str
    size: int
    mtime_ns: int
    format: FileFormat
    is_settled: bool = True
    is_proven: bool = False

    @property
    def suffix(self) -> str:
        """The end of its name that says what it holds, in lower case: not ``.gz``."""
        suffix = self.path.suffix.lower()
        return suffix if suffix != ".gz" else Path(self.path.stem).suffix.lower()

    @property
    def location(self) -> str:
        """The absolute path as text that can be stored; what tells one source from another."""
        return printable(self.path)

    @property
    def trusted_mtime_ns(self) -> int:
        """The time stamp to record for the next look: -1 if this one proves nothing yet."""
        return self.mtime_ns if self.is_settled else -1


class Extracted(NamedTuple):
    """A document and the number of its row from 1 (None: the whole file is the document)."""

    document: Document
    row: int | None


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found under some roots.

    Attributes:
        roots: The roots, absolute, in the order given.
        sources: The files to read: root by root, in the order of their names.
        skipped: What was left out, in the order it was met.
    """

    roots: tuple[Path, ...]
    sources: tuple[Source, ...]
    skipped: tuple[Skipped, ...]


@dataclass(slots=True)
class SkipTally:
    """Counts what was left out and keeps the first few of each reason, in bounded memory."""

    n_examples: int = 5
    counts: Counter[SkipReason] = field(default_factory=Counter)
    examples: dict[SkipReason, list[Skipped]] = field(default_factory=dict)

    def add(self, skipped: Skipped) -> None:
        """Count one more."""
        self.counts[skipped.reason] += 1
        examples = self.examples.setdefault(skipped.reason, [])
        if len(examples) < self.n_examples:
            examples.append(skipped)


def printable(path: Path | str) -> str:
    r"""Return a path as text that can be written as UTF-8: bytes that are none become ``\xe9``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
