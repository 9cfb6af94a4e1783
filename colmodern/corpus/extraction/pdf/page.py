"""The text of a page: its lines as a reader sees them.

PDFium gives the characters in the order in which they were drawn, and breaks the line where a new
piece of text starts. Pieces that stand beside each other, as the cells of a row do, are one line
here; numbers that are raised, as footnote marks are, stay apart from what they follow.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from colmodern.corpus.extraction.pdf.characters import Characters, n_without_meaning
from colmodern.corpus.extraction.pdf.hyphens import HYPHENS

__all__ = ["PageText", "page_text"]

# A gap between two letters that is a blank, as a share of their height; kerning is narrower.
_BLANK = 0.1
_MARKS = frozenset("*\u2020\u2021")


class PageText(NamedTuple):
    """The text of a page.

    Attributes:
        text: Its lines, with PDFium's marks of hyphens at line ends.
        is_picture: It shows something, none of which is text.
        is_unreadable: It has text whose characters are not told.
        is_broken: It cannot be loaded.
    """

    text: str
    is_picture: bool = False
    is_unreadable: bool = False
    is_broken: bool = False


def page_text(page: Any) -> PageText:
    """Return the text of a page of PDFium."""
    from pypdfium2 import raw

    text_page = page.get_textpage()
    try:
        text = _lines(text_page)
        n_unknown = n_without_meaning(text_page)
    finally:
        text_page.close()
    kinds = [one.type for one in page.get_objects(max_depth=3)] if len(text) < 40 else []
    has_text_objects = raw.FPDF_PAGEOBJ_TEXT in kinds
    is_unreadable = 2 * n_unknown > len(text) or (has_text_objects and not text.strip())
    is_picture = not text.strip() and not is_unreadable and raw.FPDF_PAGEOBJ_IMAGE in kinds
    return PageText(text, is_picture, is_unreadable)


def _lines(text_page: Any) -> str:
    """Return the text with rows as lines, words apart, and raised numbers apart."""
    if not text_page.count_chars():
        return ""
    text = str(text_page.get_text_range()).replace("\r\n", "\n\n")  # as many characters
    characters = Characters(text_page, len(text))
    parts = []
    before = -1  # the last character that is no blank
    turns = 0  # of the line that it stands in
    for at, letter in enumerate(text):
        if letter.isspace():
            continue
        is_new = before < 0 or "\n" in text[before + 1 : at]
        now = characters.turns(at) if is_new else turns
        if before >= 0:
            is_turned = now != turns
            parts.append("\n" if is_turned else _between(text, before, at, characters, now))
        turns = now
        parts.append(letter)
        before = at
    return "".join(parts)


def _between(text: str, before: int, at: int, characters: Characters, turns: int) -> str:
    """Return what separates two characters that follow each other."""
    is_broken = "\n" in text[before + 1 : at]
    if at > before + 1 and not is_broken:
        return " "
    one, other = characters.box(before, turns), characters.box(at, turns)
    if one is None or other is None or text[before] in HYPHENS:
        return "\n" if is_broken or text[before] in HYPHENS else ""
    overlap = min(one.top, other.top) - max(one.bottom, other.bottom)
    lower = min(one.top - one.bottom, other.top - other.bottom)
    gap = other.left - one.right
    if is_broken:
        is_beside = overlap > 0.5 * lower > 0 and gap >= -0.3 * lower
        return " " if is_beside else "\n"
    if overlap <= 0 < lower and gap < 0:
        return "\n"
    is_blank = gap > _BLANK * lower > 0
    return " " if is_blank else _around_raised(text, before, at, characters, turns)


def _around_raised(text: str, before: int, at: int, characters: Characters, turns: int) -> str:
    """Return what keeps a raised number apart from its neighbour: a blank, or a caret in powers."""
    first, second = text[before], text[at]
    if (second.isdigit() or second in _MARKS) and characters.is_raised(before, at, turns):
        return "^" if first.isdigit() and second.isdigit() else " "
    if first.isdigit() and second.isalpha() and characters.is_raised(at, before, turns):
        return " "
    return ""
