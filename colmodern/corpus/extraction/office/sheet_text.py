"""The sheets of a workbook as a text: a row is a line, and its number can be told again."""

from __future__ import annotations

import json

from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.text.headings import Heading
from colmodern.text.noted_headings import sections_field
from colmodern.types import MetadataValue

__all__ = ["SheetText"]

# So many empty cells are kept between two others: a sheet has 16,384 columns.
_MOST_EMPTY = 16


class SheetText:
    """Puts the text of a workbook together."""

    def __init__(self, source: Source, most: int) -> None:
        """Start with no text; more than ``most`` characters are refused."""
        self._source = source
        self._most = most
        self._parts: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._starts: list[tuple[int, int]] = []
        self._following = 0

    def start_sheet(self, name: str) -> None:
        """Start a sheet with its name as its heading."""
        title = " ".join(name.split())
        self._end_rows()
        if title:
            self._put("\n\n", title)
            self._headings.append(Heading(self._length - len(title), 1, title))
        self._following = 0

    def row(self, number: int, cells: list[tuple[int, str]]) -> None:
        """Write a row as a line: its number from 1, its cells by their columns from 1.

        Raises:
            ExtractionError: If the text gets too long.
        """
        parts: list[str] = []
        at = 0
        for column, value in cells:
            if shown := " ".join(value.split()):
                parts.append("\t" * min(max(column - at, 1), _MOST_EMPTY) if parts else "")
                parts.append(shown)
                at = column
        if not parts:
            return
        line = "".join(parts)
        is_first = not self._following
        self._put("\n\n" if is_first else "\n", line)
        if is_first or number != self._following:
            self._starts.append((self._length - len(line), number))
        self._following = number + 1

    def paragraph(self, text: str) -> None:
        """Write what stands in no cell."""
        self._end_rows()
        if text:
            self._put("\n\n", text)

    def result(self) -> str:
        """Return the text so far."""
        return "".join(self._parts)

    def places(self) -> dict[str, MetadataValue]:
        """Return the fields that say in which sheet and row a character stands."""
        starts = json.dumps(self._starts, separators=(",", ":"))
        rows: dict[str, MetadataValue] = {"row_starts": starts} if self._starts else {}
        return rows | sections_field(self._headings)

    def _end_rows(self) -> None:
        """Let no line that follows be a row."""
        if self._following:
            self._starts.append((self._length + 1, 0))
            self._following = 0

    def _put(self, mark: str, text: str) -> None:
        written = mark + text if self._parts else text
        self._length += len(written)
        if self._length > self._most:
            detail = f"its cells hold more than {self._most:,} characters"
            raise ExtractionError(self._source.path, SkipReason.TOO_LARGE, detail)
        self._parts.append(written)
