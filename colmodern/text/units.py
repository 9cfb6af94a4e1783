"""What are the units of a text, shown whole: sentences, rows, items, headings, lines of code?

A line break ends a unit where it means something: before a heading, a row or an item, after a short
line. In a paragraph whose lines were broken at a width it is a space. The rules look at characters
only and know no language; each is one pass over the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

__all__ = ["Unit", "UnitKind", "units_of"]


class UnitKind(IntEnum):
    """What a unit is."""

    SENTENCE = 0
    ROW = 1
    ITEM = 2
    HEADING = 3
    CODE = 4


class Unit(NamedTuple):
    """A part of a text: its characters, what it is, and whether a paragraph or an item starts."""

    start: int
    end: int
    kind: UnitKind
    first: bool


class _Line(NamedTuple):
    """A line: where it starts, and its characters without white space around them."""

    line_start: int
    start: int
    end: int


class _LineBlock(NamedTuple):
    """Lines that belong together, and where the last of them begins."""

    start: int
    end: int
    kind: UnitKind
    last: _Line


_SPACES = frozenset(
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_BREAK = re.compile("[\n\f]")
_ENDS = frozenset(".!?\u2026")
_WIDE_ENDS = frozenset("\u3002\uff01\uff1f\uff61")  # of Chinese and Japanese; no space follows
_CLOSERS = frozenset("\"')]*_\u201d\u2019\u00bb\u300d\u300f\uff09")
_OPENERS = frozenset("\"'([*_\u201c\u2018\u00ab\u300c\u300e\uff08")
_BULLETS = frozenset("-*+\u2022")
# Thai letters and marks but the one of repetition, which stands between blanks.
_THAI = frozenset(map(chr, range(0x0E01, 0x0E4F))) - {"\u0e3f", "\u0e46"}
_ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "no", "vs", "fig", "figs", "eq", "sec", "cf", "al"}
    | {"etc", "e.g", "i.e", "ca", "approx", "jr", "sr"}
)
_LEAST_WRAPPED, _MOST_WRAPPED, _WIDTH = 55, 130, 72  # lengths of a line broken at a width
_LEAST_BEFORE_LOWER = 30
_LEAST_THAI = 40  # a blank parts clauses and sentences; shorter ones are names and lists


def units_of(text: str, *, is_code: bool = False) -> list[Unit]:
    """Return the units of a text, in order; none overlaps another, white space lies between them.

    Args:
        text: Any text.
        is_code: Whether every line of it is source code.
    """
    return list(_code_lines(text) if is_code else _units(text))


def _code_lines(text: str) -> Iterator[Unit]:
    first = True
    for line in _lines(text):
        if line.start < line.end:
            yield Unit(line.line_start, line.end, UnitKind.CODE, first)
        first = line.start == line.end


def _units(text: str) -> Iterator[Unit]:
    block: _LineBlock | None = None
    fence = ""
    for line in _lines(text):
        if line.start == line.end:
            yield from _sentences(text, block)
            block = None
            continue
        mark = text[line.start : line.start + 3]
        if fence or mark in ("```", "~~~"):
            yield from _sentences(text, block)
            block = None
            yield Unit(line.line_start, line.end, UnitKind.CODE, not fence)
            fence = ("" if mark == fence else fence) if fence else mark
            continue
        kind = _kind_of(text, line)
        if _is_rule(text, line):
            if (
                block is not None
                and block.last.start == block.start
                and block.kind is not UnitKind.ITEM
            ):
                yield Unit(block.start, line.end, UnitKind.HEADING, True)
            else:
                yield from _sentences(text, block)
            block = None
        elif kind in (UnitKind.HEADING, UnitKind.ROW):
            yield from _sentences(text, block)
            block = None
            yield Unit(line.start, line.end, kind, True)
        elif kind is UnitKind.SENTENCE and block is not None and _continues(text, block, line):
            block = block._replace(end=line.end, last=line)
        else:
            yield from _sentences(text, block)
            block = _LineBlock(line.start, line.end, kind, line)
    yield from _sentences(text, block)


def _lines(text: str) -> Iterator[_Line]:
    """Yield the lines of a text; a form feed, which ends a page, is a line break and empty line."""
    at = 0
    for stop in [match.start() for match in _BREAK.finditer(text)] + [len(text)]:
        start, end = at, stop
        while start < end and text[start] in _SPACES:
            start += 1
        while end > start and text[end - 1] in _SPACES:
            end -= 1
        yield _Line(at, start, end)
        if text[stop : stop + 1] == "\f":
            yield _Line(stop, stop, stop)
        at = stop + 1


def _kind_of(text: str, line: _Line) -> UnitKind:
    """Return what a line starts."""
    at, end = line.start, line.end
    if text[at] == "|" or "\t" in text[at:end] or "   " in text[at:end]:
        return UnitKind.ROW
    after = at
    while after < end and text[after] == "#":
        after += 1
    if 0 < after - at <= 6 and after < end and text[after] in _SPACES:
        return UnitKind.HEADING
    if text[at] in _BULLETS and at + 1 < end and text[at + 1] in _SPACES:
        return UnitKind.ITEM
    after = at
    while after < end and "0" <= text[after] <= "9":
        after += 1
    is_number = 0 < after - at <= 3 and after + 1 < end and text[after] in ".)"
    return UnitKind.ITEM if is_number and text[after + 1] in _SPACES else UnitKind.SENTENCE


def _is_rule(text: str, line: _Line) -> bool:
    """Whether a line is nothing but one mark, three times or more."""
    mark = text[line.start]
    if line.end - line.start < 3 or not mark.isascii() or mark.isalnum() or mark == "|":
        return False
    return text[line.start : line.end] == mark * (line.end - line.start)


def _continues(text: str, block: _LineBlock, line: _Line) -> bool:
    """Whether a line goes on with the sentence of the line before it."""
    length = block.last.end - block.last.start
    is_indented = line.start > line.line_start
    if is_indented and block.kind is UnitKind.ITEM:
        return True
    if _is_lower(text[line.start]) and length >= _LEAST_BEFORE_LOWER and not is_indented:
        return True
    word = line.start
    while word < line.end and text[word] not in _SPACES:
        word += 1
    fits = length + 1 + (word - line.start) <= _WIDTH
    return _LEAST_WRAPPED <= length <= _MOST_WRAPPED and not fits


def _sentences(text: str, block: _LineBlock | None) -> Iterator[Unit]:
    """Yield the sentences of a block."""
    if block is None:
        return
    start, first, kind = block.start, True, block.kind
    at = start
    while at < block.end:
        after = _after_end(text, start, at, block.end)
        if after is None:
            at += 1
            continue
        yield Unit(start, after, kind, first)
        first = False
        if kind is UnitKind.HEADING:
            kind = UnitKind.SENTENCE
        start = after
        while start < block.end and text[start] in _SPACES:
            start += 1
        at = start
    if start < block.end:
        yield Unit(start, block.end, kind, first)


def _after_end(text: str, start: int, at: int, stop: int) -> int | None:
    """Return where the sentence that began at ``start`` is over, if it ends with this character."""
    mark = text[at]
    if mark in _THAI:
        return _after_thai(text, start, at, stop)
    if mark not in _ENDS and mark not in _WIDE_ENDS:
        return None
    after = at + 1
    while after < stop and text[after] in _CLOSERS:
        after += 1
    if after >= stop or mark in _WIDE_ENDS:
        return after
    return after if text[after] in _SPACES and _is_over(text, start, at, after, stop) else None


def _after_thai(text: str, start: int, at: int, stop: int) -> int | None:
    """Return where a Thai sentence is over: a blank between two letters ends it."""
    after = at + 1
    if after - start < _LEAST_THAI or after >= stop or text[after] not in _SPACES:
        return None
    following = after
    while following < stop and text[following] in _SPACES:
        following += 1
    return after if following < stop and text[following] in _THAI else None


def _is_over(text: str, start: int, at: int, after: int, stop: int) -> bool:
    """Whether a sentence is over at a mark that is followed by white space."""
    if at > start and text[at - 1] in _SPACES:  # a mark by itself, as in text split into tokens
        return True
    following = after
    while following < stop and (text[following] in _SPACES or text[following] in _OPENERS):
        following += 1
    if following < stop and _is_lower(text[following]):
        return False
    return text[at] != "." or not _is_short_form(text, start, at)


def _is_short_form(text: str, start: int, at: int) -> bool:
    """Whether the word before a full stop is an initial, a number of an item or an abbreviation."""
    word = at
    while word > start and at - word < 8 and text[word - 1] not in _SPACES | _OPENERS:
        word -= 1
    before = text[word:at]
    if len(before) == 1 and "A" <= before <= "Z":
        return True
    if word == start and 0 < len(before) <= 3 and all("0" <= digit <= "9" for digit in before):
        return True
    return before.lower() in _ABBREVIATIONS if before.isascii() else False


def _is_lower(character: str) -> bool:
    """Whether a character is a small Latin, Greek or Cyrillic letter."""
    return (
        "a" <= character <= "z"
        or ("\u00df" <= character <= "\u00ff" and character != "\u00f7")
        or "\u03b1" <= character <= "\u03c9"
        or "\u0430" <= character <= "\u045f"
    )
