"""Plain text, Markdown, reStructuredText and source code: kept as they are.

Markup stays in the text, so that a passage shown as evidence is what stands in the file. The
title is only looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from colmodern.corpus.extraction.front_matter import front_matter_fields
from colmodern.corpus.extraction.parsed import Parsed
from colmodern.corpus.extraction.spelled import spelled
from colmodern.corpus.formats import LANGUAGES
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source
from colmodern.text.headings import without_closing_marks

__all__ = ["markdown_title", "parse_code", "parse_markdown", "parse_rst", "parse_text"]

# A title stands at the top of a file, not hundreds of lines down.
TITLE_LINES = 60

_HEADING = re.compile(r" {0,3}#{1,2}[ \t]+(?P<title>.*)$")
_UNDERLINE = re.compile(r" {0,3}=+[ \t]*$")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_TAKEN = frozenset({
    "path", "type", "size", "modified", "sections", "page_starts", "cell_starts", "slide_starts",
    "row_starts", "time_starts",
})  # fmt: skip
_RST_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*$")


def parse_text(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return a text file as it is."""
    text, notes = spelled(data, source, options)
    return Parsed(text, notes=notes)


def parse_code(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return a source file as it is, with its language."""
    language = LANGUAGES[source.suffix]
    text, notes = spelled(data, source, options)
    return Parsed(text, "", {"language": language}, notes)


def parse_markdown(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return a Markdown file as it is, with its title and the fields of its front matter."""
    text, notes = spelled(data, source, options)
    title = markdown_title(text)
    fields = {_free_name(name): value for name, value in front_matter_fields(text).items()}
    return Parsed(text, title, fields, notes)


def _free_name(name: str) -> str:
    """Return the name of a field of front matter, or another if every file has one so called."""
    return f"front_{name}" if name in _TAKEN else name


def parse_rst(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return a reStructuredText file as it is, with its title."""
    text, notes = spelled(data, source, options)
    return Parsed(text, _rst_title(text), notes=notes)


def markdown_title(text: str) -> str:
    """Return the title in the front matter, else the first heading; empty if there is neither."""
    lines = _first_lines(text)
    front_matter = _front_matter(lines)
    for line in front_matter:
        if line.startswith("title:") and (title := _unquoted(line.removeprefix("title:"))):
            return title
    body = _outside_fences(lines[len(front_matter) :])
    for line, following in pairwise([*body, ""]):
        if match := _HEADING.match(line):
            return without_closing_marks(match["title"])
        if line.strip() and _UNDERLINE.match(following):
            return line.strip()
    return ""


def _unquoted(title: str) -> str:
    """Return a title without blanks around it and without the quotes that enclose it."""
    title = title.strip(" \t")
    is_quoted = len(title) > 2 and title[0] == title[-1] and title[0] in "'\""
    return title[1:-1] if is_quoted else title


def _first_lines(text: str) -> list[str]:
    # No line of a title is long: this bounds the work on a file that is all one line.
    return text[: TITLE_LINES * 200].splitlines()[:TITLE_LINES]


def _front_matter(lines: list[str]) -> list[str]:
    if not lines or lines[0].strip() != "---":
        return []
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() in {"---", "..."}:
            return lines[: number + 1]
    return []


def _outside_fences(lines: list[str]) -> Iterator[str]:
    is_inside = False
    for line in lines:
        if _FENCE.match(line):
            is_inside = not is_inside
        elif not is_inside:
            yield line


def _rst_title(text: str) -> str:
    """Return the first line that is adorned by a line of punctuation at least as long."""
    for line, following in pairwise(_first_lines(text)):
        title = line.strip()
        if not title or _RST_ADORNMENT.match(line) or not _RST_ADORNMENT.match(following):
            continue
        if len(following.strip()) >= len(title):
            return title
    return ""
