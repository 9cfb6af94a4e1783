"""A text as it is put together: lines, paragraphs, rows of cells, and where its headings start.

Blanks and breaks are held back until the next word, so that a text neither starts nor ends with
any, and so that the widest of several breaks is the one that is written.
"""

from __future__ import annotations

import re
from enum import IntEnum

from colmodern.text.headings import Heading

__all__ = ["TextLayout"]

_BLANKS = re.compile(r"\s+")


class Break(IntEnum):
    """What separates a word from the one before it; a wider break takes the place of others."""

    NONE = 0
    SPACE = 1
    CELL = 2
    LINE = 3
    PARAGRAPH = 4


_WRITTEN = {Break.NONE: "", Break.SPACE: " ", Break.LINE: "\n", Break.PARAGRAPH: "\n\n"}


class TextLayout:
    """Puts a text together.

    Attributes:
        headings: What was written as a heading so far.
        length: Characters written so far; breaks that are held back are not counted.
    """

    def __init__(self) -> None:
        """Start with no text."""
        self.headings: list[Heading] = []
        self.length = 0
        self._parts: list[str] = []
        self._break = Break.NONE
        self._cells = 0
        self._rows = 0
        self._heading: tuple[int, int] | None = None

    @property
    def last(self) -> str:
        """The last character, as far as a word that follows would touch it; else empty."""
        return self._parts[-1][-1:] if self._parts and self._break is Break.NONE else ""

    def write(self, text: str) -> None:
        """Write words; a run of blanks of any kind is one space."""
        words = _BLANKS.sub(" ", text)
        if words.startswith(" "):
            self.space()
        if bare := words.strip(" "):
            self._put(bare)
            if words.endswith(" "):
                self.space()

    def write_verbatim(self, text: str) -> None:
        """Write a text with its own blanks and line breaks; in a row, with single spaces."""
        if self._rows:
            self.write(text)
        elif text.strip() or (self._parts and self._break < Break.LINE):
            self._put(text)

    def space(self) -> None:
        """Keep what follows apart from the word before."""
        self._widen(Break.SPACE)

    def line(self) -> None:
        """Let what follows start a line; in a row it is only kept apart."""
        self._widen(Break.SPACE if self._rows else Break.LINE)

    def paragraph(self) -> None:
        """Let what follows start a paragraph; in a row it is only kept apart."""
        self._widen(Break.SPACE if self._rows else Break.PARAGRAPH)

    def start_row(self) -> None:
        """Start a row: until its end everything stands on one line."""
        self.line()
        self._rows += 1

    def end_cell(self) -> None:
        """Let what follows in the row be the next cell; empty cells are kept."""
        self._widen(Break.CELL)
        self._cells += 1

    def end_row(self) -> None:
        """End a row."""
        self._rows -= 1
        if self._break is Break.CELL:
            self._break, self._cells = Break.NONE, 0
        self.line()

    def start_heading(self, level: int) -> None:
        """Start a heading; its level is 1 at the top. One that is open ends."""
        self.end_heading()
        self.paragraph()
        self._heading = (len(self._parts), level)

    def end_heading(self) -> None:
        """End a heading, and note it if it has any words."""
        if self._heading is None:
            return
        first, level = self._heading
        written = "".join(self._parts[first:])
        title = " ".join(written.split())
        if title:
            start = self.length - len(written.lstrip())
            self.headings.append(Heading(start, level, title))
        self._heading = None
        self.paragraph()

    def text(self) -> str:
        """Return the text so far."""
        return "".join(self._parts).rstrip()

    def _widen(self, wanted: Break) -> None:
        self._break = max(self._break, wanted)

    def _put(self, text: str) -> None:
        if self._break >= Break.LINE or not self._parts:
            text = self._without_blanks_around(text)
        if self._parts:
            mark = "\t" * self._cells if self._break is Break.CELL else _WRITTEN[self._break]
            self._append(mark)
        self._break, self._cells = Break.NONE, 0
        self._append(text)

    def _without_blanks_around(self, text: str) -> str:
        """Return a text without line breaks at its start; those at the end of the last one go."""
        while self._parts and not (last := self._parts[-1].rstrip()):
            self.length -= len(self._parts.pop())
        if self._parts:
            self.length -= len(self._parts[-1]) - len(last)
            self._parts[-1] = last
        return text.lstrip("\r\n")

    def _append(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self.length += len(text)
