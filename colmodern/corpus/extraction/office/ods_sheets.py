"""The sheets of an OpenDocument spreadsheet: cells as they are shown."""

from __future__ import annotations

from colmodern.corpus.extraction.office.odf_reader import OdfReader
from colmodern.corpus.extraction.office.sheet_text import SheetText

__all__ = ["OdsSheets"]

# What is repeated more often than this says nothing new.
_MOST_REPEATED = 1000
_MOST_COUNTED = 1 << 20


class OdsSheets(OdfReader):
    """Reads a spreadsheet into a :class:`SheetText`; a comment stands behind its cell.

    Attributes:
        hidden: The names of sheets that a person does not see.
    """

    def __init__(self, text: SheetText) -> None:
        """Start with no sheet."""
        super().__init__()
        self.hidden: list[str] = []
        self._text = text
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._tables = 0
        self._is_hidden = False
        self._row = self._column = 1
        self._repeated = self._rows = 1
        self._cells: list[tuple[int, str]] = []
        self._notes: list[str] = []
        self._boxes: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if name == "style":
            self._style = attributes.get("name", "")
        super().start(name, attributes)

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table-properties" and attributes.get("display") == "false":
            self._hidden_styles.add(self._style)
        elif name == "table":
            self._tables += 1
            if self._tables == 1:
                self._start_sheet(attributes)
        elif name == "table-row":
            self._rows = _count(attributes.get("number-rows-repeated", "1"))
            self._column, self._cells = 1, []
        elif name in {"table-cell", "covered-table-cell"}:
            self._repeated = _count(attributes.get("number-columns-repeated", "1"))
            self._push("cell", name)

    def _start_sheet(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")
        self._is_hidden = attributes.get("style-name", "") in self._hidden_styles
        if self._is_hidden:
            self.hidden.append(name)
        else:
            self._text.start_sheet(name)
        self._row = 1

    def _end_other(self, name: str) -> None:
        if name == "table":
            self._tables -= 1
            if not self._tables and not self._is_hidden:
                for box in self._boxes:
                    self._text.paragraph(box)
            self._boxes = self._boxes if self._tables else []
        elif name == "table-row":
            self._end_row()

    def _end_row(self) -> None:
        for number in range(self._row, self._row + min(self._rows, _MOST_REPEATED)):
            if self._cells and not self._is_hidden:
                self._text.row(number, self._cells)
        self._row += self._rows
        self._cells = []

    def _took(self, own: str, name: str, text: str) -> None:  # noqa: ARG002
        if own == "note":
            self._notes.append(" ".join(text.split()))
        elif own == "box":
            self._boxes.append(text)
        else:
            self._end_cell(text)

    def _end_cell(self, text: str) -> None:
        shown = " ".join([text, *(f"({note})" for note in self._notes)])
        self._notes = []
        if shown.strip():
            for column in range(self._column, self._column + min(self._repeated, _MOST_REPEATED)):
                self._cells.append((column, shown))
        self._column += self._repeated


def _count(number: str) -> int:
    return min(int(number), _MOST_COUNTED) if number.isdecimal() and len(number) < 9 else 1
