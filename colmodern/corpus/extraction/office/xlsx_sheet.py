"""A sheet of an Excel workbook: its cells as a person sees them, row by row."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from colmodern.corpus.extraction.office.number_format import BUILT_IN, GENERAL, shown_number

__all__ = ["Comments", "Formats", "SharedStrings", "SheetReader", "Workbook"]

_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576
_REFERENCE = re.compile(r"\$?(?P<column>[A-Za-z]{1,3})\$?(?P<row>[0-9]{1,7})")


@dataclass(slots=True)
class Workbook:
    """What the sheets of a workbook share.

    Attributes:
        strings: Texts of cells.
        formats: The format of each style of a cell.
        from_1904: From when days are counted.
    """

    strings: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    from_1904: bool = False

    def shown(self, kind: str, value: str, style: str) -> str:
        """Return a value of a cell as a person sees it."""
        if kind == "s":
            at = int(value) if value.isdecimal() and len(value) < 9 else len(self.strings)
            return self.strings[at] if at < len(self.strings) else ""
        if kind == "b":
            return "TRUE" if value.strip() == "1" else "FALSE"
        if kind != "n":
            return value
        at = int(style) if style.isdecimal() and len(style) < 9 else 0
        code = self.formats[at] if at < len(self.formats) else GENERAL
        try:
            number = float(value)
            return shown_number(number, code, from_1904=self.from_1904)
        except (ValueError, ArithmeticError):  # no number, or one that is none
            return value


class SharedStrings:
    """Reads the texts that cells share, without the readings of their signs."""

    def __init__(self) -> None:
        """Start with none."""
        self.found: list[str] = []
        self._parts: list[str] = []
        self._is_text = False
        self._readings = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        """Take the start of an element."""
        self._readings += name == "rPh"
        self._is_text = name == "t" and not self._readings

    def text(self, text: str) -> None:
        """Take text."""
        if self._is_text:
            self._parts.append(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self._is_text = False
        self._readings -= name == "rPh"
        if name == "si":
            self.found.append("".join(self._parts))
            self._parts = []


class Formats:
    """Reads the formats of the styles of cells."""

    def __init__(self) -> None:
        """Start with none."""
        self._codes = dict(BUILT_IN)
        self._numbers: list[int] = []
        self._is_of_cells = False

    def found(self) -> list[str]:
        """Return the format of each style."""
        return [self._codes.get(number, GENERAL) for number in self._numbers]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        value = attributes.get("numFmtId", "")
        number = int(value) if value.isdecimal() and len(value) < 9 else 0
        if name == "numFmt":
            self._codes[number] = attributes.get("formatCode", GENERAL)
        elif name == "cellXfs":
            self._is_of_cells = True
        elif name == "xf" and self._is_of_cells:
            self._numbers.append(number)

    def text(self, text: str) -> None:
        """Take text, which means nothing."""

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name == "cellXfs":
            self._is_of_cells = False


class Comments:
    """Reads the comments of a sheet by the cells they are about."""

    def __init__(self) -> None:
        """Start with none."""
        self.found: dict[str, str] = {}
        self._cell = ""
        self._parts: list[str] = []
        self._is_text = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if name in {"comment", "threadedComment"}:
            self._cell = attributes.get("ref", "")
            self._parts = []
        self._is_text = name in {"t", "text"}

    def text(self, text: str) -> None:
        """Take text."""
        if self._is_text:
            self._parts.append(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self._is_text = False
        if name in {"comment", "threadedComment"}:
            text = " ".join("".join(self._parts).split())
            before = self.found.get(self._cell)
            self.found[self._cell] = f"{before} {text}" if before else text


class SheetReader:
    """Reads the rows of a sheet, one after the other; a comment stands behind its cell."""

    def __init__(
        self,
        workbook: Workbook,
        comments: dict[str, str],
        write: Callable[[int, list[tuple[int, str]]], None],
    ) -> None:
        """Hand each row to ``write``; the comments that were written are taken out."""
        self._workbook = workbook
        self._comments = comments
        self._write = write
        self._row = 0
        self._column = 0
        self._cells: list[tuple[int, str]] = []
        self._cell = ("", "n", "")
        self._value: list[str] = []
        self._formula: list[str] = []
        self._into: list[str] | None = None
        self._readings = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        self._into = None
        if name == "c":
            reference = attributes.get("r", "")
            self._cell = reference, attributes.get("t", "n"), attributes.get("s", "0")
            self._column = _column_of(reference, self._column)
            self._value, self._formula = [], []
        elif name == "row":
            self._row = _row_of(attributes.get("r", ""), self._row)
            self._cells, self._column = [], 0
        elif name == "v" or (name == "t" and not self._readings):
            self._into = self._value
        elif name == "f":
            self._into = self._formula
        self._readings += name == "rPh"

    def text(self, text: str) -> None:
        """Take text."""
        if self._into is not None:
            self._into.append(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self._into = None
        self._readings -= name == "rPh"
        if name == "c":
            self._end_cell()
        elif name == "row":
            self._write(self._row, self._cells)
            self._cells = []

    def finish(self) -> None:
        """Write the row that is still open, as at the end of a part that breaks off."""
        self._write(self._row, self._cells)

    def _end_cell(self) -> None:
        reference, kind, style = self._cell
        shown = self._workbook.shown(kind, "".join(self._value), style)
        if not self._value and self._formula:  # nobody computed it yet
            shown = f"={''.join(self._formula)}"
        if comment := self._comments.pop(reference, ""):
            shown = f"{shown} ({comment})" if shown else f"({comment})"
        if shown:
            self._cells.append((self._column, shown))


def _column_of(reference: str, before: int) -> int:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return before + 1
    column = 0
    for letter in match["column"].upper():
        column = 26 * column + ord(letter) - 64
    return column if before < column <= _MOST_COLUMNS else before + 1


def _row_of(number: str, before: int) -> int:
    row = int(number) if number.isdecimal() and len(number) < 9 else 0
    return row if before < row <= _MOST_ROWS else before + 1
