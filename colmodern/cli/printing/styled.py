"""How is text of several styles put on lines, and painted where there is a terminal?

A pipe or a file gets the text alone, and does not wait for what paints: to import that takes a
tenth of a search.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "Piece", "wrapped"]

_USUAL_WIDTH, _TAB = 80, 8
_WORD = re.compile(r"(?:\A\s*)?\S+\s*")


class Piece(NamedTuple):
    """Text of one style, such as ``bold cyan``, which may lead to an address."""

    text: str
    style: str = ""
    link: str | None = None


class Output:
    """Takes lines: a terminal, where they are painted, or what keeps the text alone."""

    def __init__(self, file: TextIO | None = None, *, width: int | None = None) -> None:
        """Print to ``file``, by default to standard output and as wide as the terminal."""
        self._file = sys.stdout if file is None else file
        self._is_painted = _may_be_painted(self._file)
        self.width = _columns() if width is None else width

    def print(self, pieces: Sequence[Piece]) -> None:
        """Print a line, however long it is."""
        if self._is_painted:
            self._paint(pieces)
        else:
            print(_text_of(pieces), file=self._file)

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self._file, highlight=False)

    def _paint(self, pieces: Sequence[Piece]) -> None:
        from rich.style import Style
        from rich.text import Text

        line = Text()
        for piece in pieces:
            line.append(piece.text, Style.parse(piece.style) + Style(link=piece.link))
        self._console.print(line, soft_wrap=True)


def wrapped(pieces: Sequence[Piece], width: int) -> Iterator[list[Piece]]:
    """Yield the lines of a text, none of more than ``width`` cells; a word is cut only if it is.

    White space at the end of a line is left out.
    """
    text = _text_of(pieces)
    if "\t" in text:
        pieces = list(_without_tabs(pieces))
        text = _text_of(pieces)
    starts = list(_starts(text, width))
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield _cut(pieces, start, start + len(text[start:end].rstrip()))


def _may_be_painted(file: TextIO) -> bool:
    """Say whether there may be a terminal, or somebody may want it painted as if there were."""
    return file.isatty() or not {"FORCE_COLOR", "TTY_COMPATIBLE"}.isdisjoint(os.environ)


def _columns() -> int:
    """Return the width of the terminal that any standard stream is."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        return int(said)
    for stream in (0, 1, 2):
        try:
            return os.get_terminal_size(stream).columns or _USUAL_WIDTH
        except OSError:
            continue
    return _USUAL_WIDTH


def _text_of(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _without_tabs(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces of a line with spaces up to the next stop instead of each tab."""
    at = 0
    for piece in pieces:
        parts = []
        for character in piece.text:
            part = " " * (_TAB - at % _TAB) if character == "\t" else character
            at += _cells(part)
            parts.append(part)
        yield piece._replace(text="".join(parts))


def _starts(text: str, width: int) -> Iterator[int]:
    """Yield where the lines of a text begin."""
    yield 0
    room = width
    for match in _WORD.finditer(text):
        start, word = match.start(), match[0]
        need = _cells(word.rstrip())
        if need <= room:
            room -= _cells(word)
            continue
        if start:
            yield start
        room = width
        if need > width:
            for number, character in enumerate(word):
                cells = _cells(character)
                if cells > room:
                    yield start + number
                    room = width
                room -= cells
        else:
            room -= _cells(word)


def _cells(text: str) -> int:
    """Return how many cells of a terminal a text takes, or one more where terminals differ."""
    return len(text) if text.isascii() else sum(map(_cells_of_one, text))


def _cells_of_one(character: str) -> int:
    if character == "\ufe0f":  # makes a picture, of two cells, of the character before it
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cut(pieces: Sequence[Piece], start: int, end: int) -> list[Piece]:
    """Return what is left of pieces between two places of their text."""
    kept, at = [], 0
    for piece in pieces:
        text = piece.text[max(0, start - at) : max(0, end - at)]
        if text:
            kept.append(piece._replace(text=text))
        at += len(piece.text)
    return kept
