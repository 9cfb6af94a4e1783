"""Which headings does a text have, and under which does a character stand?

Headings of Markdown and reStructuredText are read from the lines of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = [
    "Heading",
    "markdown_headings",
    "rst_headings",
    "titles_above",
    "without_closing_marks",
]


class Heading(NamedTuple):
    """A heading: where its line starts, how deep it is (1 is the top), what it says."""

    start: int
    level: int
    title: str


_MARKDOWN = re.compile(
    r"^ {0,3}(?:(?P<fence>```+|~~~+)|(?P<marks>#{1,6})[ \t]+(?P<title>[^\n]*)$"
    r"|(?P<over>\S[^\n]*)\n {0,3}(?P<line>=+|-+)[ \t]*$)",
    re.MULTILINE,
)
_FRONT_MATTER = re.compile(r"---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_RST = re.compile(
    r"^(?P<title>\S[^\n]*)\n(?P<mark>[!-/:-@\[-`{-~])(?P=mark){2,}[ \t]*$", re.MULTILINE
)


def markdown_headings(text: str, end: int) -> list[Heading]:
    """Return the headings of Markdown that start at or before ``end``, outside code and matter."""
    front = _FRONT_MATTER.match(text)
    fence = ""
    found = []
    for match in _MARKDOWN.finditer(text, front.end() if front else 0):
        if match.start() > end:
            break
        if match["fence"]:
            mark = match["fence"]
            if not fence:
                fence = mark
            elif mark.startswith(fence):
                fence = ""
        elif not fence and match["marks"]:
            found.append(
                Heading(match.start(), len(match["marks"]), without_closing_marks(match["title"]))
            )
        elif not fence:
            level = 1 if match["line"].startswith("=") else 2
            found.append(Heading(match.start(), level, match["over"].strip()))
    return found


def rst_headings(text: str, end: int) -> list[Heading]:
    """Return the underlined titles of reStructuredText that start at or before ``end``.

    The level of a mark is the order in which marks occur.
    """
    levels: dict[str, int] = {}
    found = []
    for match in _RST.finditer(text):
        if match.start() > end:
            break
        level = levels.setdefault(match["mark"], len(levels) + 1)
        found.append(Heading(match.start(), level, match["title"].strip()))
    return found


def titles_above(headings: Iterable[Heading], offset: int) -> tuple[str, ...]:
    """Return the titles of the headings that an offset stands under, outermost first.

    Args:
        headings: In the order in which they start; one without a title only ends others.
        offset: A character of the text.
    """
    stack: list[Heading] = []
    for heading in headings:
        if heading.start > offset:
            break
        while stack and stack[-1].level >= heading.level:
            stack.pop()
        stack.append(heading)
    return tuple([heading.title for heading in stack if heading.title])


def without_closing_marks(title: str) -> str:
    """Return a title without the marks that may close its line."""
    return title.rstrip(" \t\r").rstrip("#").rstrip(" \t")
