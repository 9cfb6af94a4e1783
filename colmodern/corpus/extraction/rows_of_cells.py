"""Rows of tables in a stream: what is in a row is known at its end only.

A row of values is one line. A row that lays out a page, with headings, tables or long cells, is
paragraphs. So the steps of a row are kept until it ends, and then done in one way or the other.
"""

from __future__ import annotations

from collections.abc import Callable

from colmodern.corpus.extraction.layout import TextLayout

__all__ = ["LONGEST_CELL", "StreamedLayout"]

LONGEST_CELL = 1000
"""A row with a cell of more characters than this is no row of values."""

Step = Callable[[TextLayout], None]


class StreamedLayout:
    """Puts a text together as :class:`TextLayout` does, with rows whose cells come one by one."""

    def __init__(self) -> None:
        """Start with no text."""
        self.layout = TextLayout()
        self._depth = 0
        self._steps: list[tuple[Step, bool]] = []
        self._cell = 0
        self._is_of_parts = False
        self._last = ""

    @property
    def last(self) -> str:
        """The last character that was written, if a word that follows would touch it."""
        return self._last

    def write(self, text: str) -> None:
        """Write words."""
        self._cell += len(text)
        self._last = text[-1:] if text and not text[-1].isspace() else ""
        self._do(lambda layout: layout.write(text))

    def space(self) -> None:
        """Keep what follows apart."""
        self._last = ""
        self._do(TextLayout.space)

    def line(self) -> None:
        """Let what follows start a line."""
        self._last = ""
        self._do(TextLayout.line)

    def paragraph(self) -> None:
        """Let what follows start a paragraph."""
        self._last = ""
        self._do(TextLayout.paragraph)

    def start_heading(self, level: int) -> None:
        """Start a heading; a row that has one is made of parts."""
        self._is_of_parts = True
        self._last = ""
        self._do(lambda layout: layout.start_heading(level))

    def end_heading(self) -> None:
        """End a heading."""
        self._do(TextLayout.end_heading)

    def start_row(self) -> None:
        """Start a row; one inside a row makes that one a row of parts."""
        self._depth += 1
        self._last = ""
        self._is_of_parts = self._depth > 1
        self._cell = 0

    def end_cell(self) -> None:
        """End a cell."""
        self._is_of_parts = self._is_of_parts or self._cell > LONGEST_CELL
        self._cell = 0
        self._last = ""
        self._steps.append((TextLayout.end_cell, True))

    def end_row(self) -> None:
        """End a row, and write it."""
        self._depth -= 1
        if self._depth > 0:
            self.line()
            return
        steps, self._steps = self._steps, []
        if not self._is_of_parts:
            self.layout.start_row()
        for step, is_cell in steps:
            if is_cell and self._is_of_parts:
                self.layout.paragraph()
            else:
                step(self.layout)
        if not self._is_of_parts:
            self.layout.end_row()
        self._is_of_parts = False

    def _do(self, step: Step) -> None:
        if self._depth:
            self._steps.append((step, False))
        else:
            step(self.layout)
