"""What an extractor gives back, and how it says that it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, Skipped, SkipReason, Source
from colmodern.types import Metadata

__all__ = ["Attachment", "Note", "OnSkipped", "Parsed", "Parser", "Row", "RowReader", "parsing"]


class Note(NamedTuple):
    """Something that whoever indexes a file should know, though the file is read."""

    reason: SkipReason
    detail: str


class Attachment(NamedTuple):
    """A file that stands in a document: its name, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Parsed:
    """The text of a file.

    Attributes:
        text: All of it.
        title: What the file calls itself; empty if it does not say.
        metadata: What the extractor knows beyond what every file has.
        notes: What to tell about how the file was read.
        attached: The files that stand in it, which are still to be read.
    """

    text: str
    title: str = ""
    metadata: Metadata = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    attached: tuple[Attachment, ...] = ()


class Row(NamedTuple):
    """A row of a row file: its number from 1 and its fields."""

    number: int
    fields: Mapping[str, Any]


OnSkipped = Callable[[Skipped], None]
Parser = Callable[[bytes, Source, ScanOptions], Parsed]
RowReader = Callable[[Source, ScanOptions, OnSkipped], Iterator[Row]]


@contextmanager
def parsing(source: Source, kind: str) -> Iterator[None]:
    """Turn whatever a foreign parser raises on a broken file into an ExtractionError."""
    try:
        yield
    except (ExtractionError, MemoryError):
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ExtractionError(source.path, SkipReason.UNREADABLE, reason) from error
    except Exception as error:
        detail = f"not a sound {kind} file: {str(error) or type(error).__name__}"
        raise ExtractionError(source.path, SkipReason.BROKEN, detail) from error
