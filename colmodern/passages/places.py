"""Where in a document does a character stand, in the words of its reader?

A page of a PDF file, a cell of a notebook, a section under its headings, a function in its class.
Pages, cells and the sections of formats whose markup is not in the text were noted when the file
was read; headings of Markdown and symbols of source code are read from the text itself.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from colmodern.text.headings import markdown_headings, rst_headings, titles_above
from colmodern.text.noted_headings import json_list, noted_headings
from colmodern.text.symbols import code_symbols
from colmodern.types import Metadata

_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands.

    Attributes:
        page: The page of a PDF file, from 1.
        cell: The cell of a notebook, from 1.
        section: The headings above it, or the class and the function around it, outermost first.
    """

    page: int | None = None
    cell: int | None = None
    section: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as a person would say it; empty if nothing is known."""
        parts = []
        if self.page is not None:
            parts.append(f"page {self.page}")
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.section:
            parts.append(_SEPARATOR.join(self.section))
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {"page": self.page, "cell": self.cell, "section": list(self.section)}


def place_of(metadata: Metadata, text: str, offset: int) -> Place:
    """Return the place of a character of a document; O(length of the text before it)."""
    pages, cells = metadata.get("page_starts"), metadata.get("cell_starts")
    return Place(
        None if pages is None else _numbered(pages, offset),
        None if cells is None else _numbered(cells, offset),
        _section(metadata, text, offset),
    )


def _numbered(starts: object, offset: int) -> int | None:
    """Return the number from 1 of the last start at or before an offset."""
    found = json_list(starts)
    if not found or not all(isinstance(start, int) for start in found):
        return None
    return bisect_right(found, offset) or None


def _section(metadata: Metadata, text: str, offset: int) -> tuple[str, ...]:
    kind = metadata.get("type")
    if kind == "code":
        return code_symbols(text, offset)
    if kind == "markdown":
        return titles_above(markdown_headings(text, offset), offset)
    if kind == "rst":
        return titles_above(rst_headings(text, offset), offset)
    return titles_above(noted_headings(metadata), offset) if "sections" in metadata else ()
