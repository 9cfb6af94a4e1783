"""Where in a document does a character stand, in the words of its reader?

A page of a PDF file, a slide, a cell of a notebook, a row of a sheet, a section under its headings,
a time in a film, a function in its class. Pages, slides, cells, rows, times and the sections of
formats whose markup is not in the text were noted when the file was read; headings of Markdown and
symbols of source code are read from the text itself.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from colmodern.text.headings import Heading, markdown_headings, rst_headings, titles_above
from colmodern.text.noted_headings import json_list, noted_headings
from colmodern.text.symbols import code_symbols
from colmodern.types import Metadata

_SEPARATOR = " > "
_READ_TYPES = ("markdown", "rst", "code")  # their headings and symbols stand in the text

NOTED_FIELDS = frozenset(
    {"sections", "page_starts", "cell_starts", "slide_starts", "row_starts", "time_starts"}
)
"""The metadata that say where places begin: of no use to a reader, who has the places."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands.

    Attributes:
        page: The page of a PDF file, from 1.
        cell: The cell of a notebook, from 1.
        section: The headings above it, or the class and the function around it, outermost first;
            the name of a sheet, a chapter, an attachment.
        slide: The slide of a presentation, from 1.
        row: The row of a sheet, as the sheet counts them.
        seconds: From the start of a film, where its subtitle is shown.
    """

    page: int | None = None
    cell: int | None = None
    section: tuple[str, ...] = ()
    slide: int | None = None
    row: int | None = None
    seconds: int | None = None

    def __str__(self) -> str:
        """Return it as a person would say it; empty if nothing is known."""
        parts = []
        if self.page is not None:
            parts.append(f"page {self.page}")
        if self.slide is not None:
            parts.append(f"slide {self.slide}")
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.section:
            parts.append(_SEPARATOR.join(self.section))
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.seconds is not None:
            hours, rest = divmod(self.seconds, 3600)
            parts.append(f"{hours}:{rest // 60:02}:{rest % 60:02}")
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON: the parts, and ``place``, all of it as it is read."""
        return {
            "place": str(self),
            "page": self.page,
            "slide": self.slide,
            "cell": self.cell,
            "section": list(self.section),
            "row": self.row,
            "seconds": self.seconds,
        }


def reads_text(metadata: Metadata) -> bool:
    """Say whether ``place_of`` looks at the text of a document with such metadata."""
    return metadata.get("type") in _READ_TYPES or "row_starts" in metadata


def place_of(metadata: Metadata, text: str, offset: int) -> Place:
    """Return the place of a character of a document; O(length of the text before it)."""
    return Place(
        _numbered(metadata.get("page_starts"), offset),
        _numbered(metadata.get("cell_starts"), offset),
        _section(metadata, text, offset),
        _numbered(metadata.get("slide_starts"), offset),
        _row(metadata.get("row_starts"), text, offset),
        _last_noted(metadata.get("time_starts"), offset)[1],
    )


def _numbered(starts: object, offset: int) -> int | None:
    """Return the number from 1 of the last start at or before an offset."""
    found = json_list(starts)
    if not found or not all(isinstance(start, int) for start in found):
        return None
    return bisect_right(found, offset) or None


def _row(starts: object, text: str, offset: int) -> int | None:
    """Return the row of an offset: from a start on, each line is the next row; 0 ends a sheet."""
    start, row = _last_noted(starts, offset)
    return row + text.count("\n", start, offset) if row else None


def _last_noted(starts: object, offset: int) -> tuple[int, int | None]:
    """Return the last pair of a start and a number that begins at or before an offset."""
    found = json_list(starts)
    if not all(_is_pair(pair) for pair in found):
        return 0, None
    at = bisect_right(found, offset, key=lambda pair: pair[0])
    return (found[at - 1][0], found[at - 1][1]) if at else (0, None)


def _is_pair(pair: object) -> bool:
    match pair:
        case [int(), int()]:
            return True
    return False


def headings_of(metadata: Metadata, text: str, end: int) -> list[Heading]:
    """Return the headings of a document that start at or before ``end``; code has none."""
    kind = metadata.get("type")
    if kind == "markdown":
        return markdown_headings(text, end)
    if kind == "rst":
        return rst_headings(text, end)
    return noted_headings(metadata) if kind != "code" and "sections" in metadata else []


def _section(metadata: Metadata, text: str, offset: int) -> tuple[str, ...]:
    if metadata.get("type") == "code":
        return code_symbols(text, offset)
    return titles_above(headings_of(metadata, text, offset), offset)
