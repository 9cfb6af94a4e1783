"""Which headings does a text have, and under which does a character stand?

Headings of Markdown and reStructuredText are read from the lines of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = [
    "Heading",
    "as_read",
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


# Each begins with the line break before it, which is found much faster than the start of a line.
_MARKDOWN = re.compile(
    r"\n {0,3}(?:(?P<fence>```+|~~~+)|(?P<marks>#{1,6})[ \t]+(?P<title>[^\n]*)"
    r"|(?P<line>=+|-+)[ \t\r]*(?=\n|\Z))"
)
_ABOVE = re.compile(r" {0,3}(?=\S)")
_FRONT_MATTER = re.compile(r"---[ \t\r]*\n.*?\n(?:---|\.\.\.)[ \t\r]*(?:\n|\Z)", re.DOTALL)
_RST = re.compile(r"\n(?P<mark>[!-/:-@\[-`{-~])(?P=mark){2,}[ \t\r]*(?=\n|\Z)")


def markdown_headings(text: str, end: int) -> list[Heading]:
    """Return the headings of Markdown that start at or before ``end``, outside code and matter."""
    lines = _up_to(text, end)
    front = _FRONT_MATTER.match(text)
    done = front.end() if front else 0
    fence = ""
    found = []
    for match in _MARKDOWN.finditer(lines, done):
        start, title = match.start(), match["title"]
        if match["line"]:
            start = lines.rfind("\n", done, match.start())
            above = _ABOVE.match(lines, start + 1, match.start()) if start >= 0 else None
            if above is None:  # a rule, or dashes under nothing
                continue
            title = lines[above.end() : match.start()].strip()
        if start > end:
            break
        done = match.end()
        if mark := match["fence"]:
            fence = mark if not fence else "" if mark.startswith(fence) else fence
        elif not fence and match["marks"]:
            found.append(Heading(start, len(match["marks"]), without_closing_marks(title)))
        elif not fence:
            found.append(Heading(start, 1 if match["line"].startswith("=") else 2, title))
    return found


def rst_headings(text: str, end: int) -> list[Heading]:
    """Return the underlined titles of reStructuredText that start at or before ``end``.

    The level of a mark is the order in which marks occur.
    """
    lines = _up_to(text, end)
    levels: dict[str, int] = {}
    found: list[Heading] = []
    done = 0
    for match in _RST.finditer(lines):
        start = lines.rfind("\n", done, match.start())
        if start < 0 or start + 1 == match.start() or lines[start + 1].isspace():
            continue
        if start > end:
            break
        done = match.end()
        level = levels.setdefault(match["mark"], len(levels) + 1)
        found.append(Heading(start, level, lines[start + 1 : match.start()].strip()))
    return found


def _up_to(text: str, end: int) -> str:
    """Return a text up to the line after that of ``end``, behind one more line break."""
    stop = text.find("\n", end)
    stop = stop if stop < 0 else text.find("\n", stop + 1)
    return "\n" + (text if stop < 0 else text[:stop])


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
    return tuple([as_read(heading.title) for heading in stack if heading.title])


_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]\n]*+)\](?:\([^()\n]*+\)|\[[^\[\]\n]*+\])")
_ROLE = re.compile(r":(?:[a-z+\-]{1,20}+:){1,3}+`([^`\n]*+)`")
_EMPHASIS = re.compile(r"(?<![\w*])(\*\*|\*|__)(?=\S)([^*_\n]++)\1(?![\w*])")
_ANCHOR = re.compile(r"\{[#.][^{}\n]*+\}$")


def as_read(title: str) -> str:
    """Return a heading of Markdown or reStructuredText as a person reads it, without its marks."""
    plain = _ANCHOR.sub("", _ROLE.sub(r"\1", _IMAGE_OR_LINK.sub(r"\1", title)))
    plain = _EMPHASIS.sub(r"\2", plain).replace("``", "").replace("`", "")
    return plain.strip() or title


def without_closing_marks(title: str) -> str:
    """Return a title without the marks that may close its line."""
    return title.rstrip(" \t\r").rstrip("#").rstrip(" \t")
