"""AsciiDoc, Org and LaTeX: kept as they are, like Markdown; their headings are noted.

Each is read line by line. What looks like a heading in a listing or a comment is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from colmodern.corpus.extraction.latex_words import words_of_latex
from colmodern.corpus.extraction.parsed import Parsed
from colmodern.corpus.extraction.spelled import spelled
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source
from colmodern.text.headings import Heading
from colmodern.text.noted_headings import sections_field

__all__ = ["parse_asciidoc", "parse_latex", "parse_org"]

# No line of a heading is longer.
_LONGEST = 1000

_ADOC_HEADING = re.compile(r"(?P<marks>={1,6}|#{1,6})[ \t]+(?P<title>\S.*)$")
_ADOC_BLOCK = re.compile(r"(?:-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|```.*|\|===)$")
_ADOC_UNDERLINE = {"=": 1, "-": 2, "~": 3, "^": 4, "+": 5}

_ORG_HEADING = re.compile(r"(?P<marks>\*{1,20})[ \t]+(?P<title>\S.*)$")
_ORG_STATE = re.compile(r"(?:(?:TODO|NEXT|WAITING|DONE|CANCELED|CANCELLED|COMMENT)\b[ \t]*)")
_ORG_PRIORITY = re.compile(r"\[#[A-Z0-9]\][ \t]*")
_ORG_BLOCK = re.compile(r"[ \t]*#\+(?P<which>begin|end)_(?P<name>\S{1,40})", re.IGNORECASE)
_ORG_TITLE = re.compile(r"#\+title:(?P<title>.*)$", re.IGNORECASE)

# Marks of how words look, and of links, that are no words of a heading.
_ORG_LINK = re.compile(r"\[\[[^\[\]\n]{1,500}\](?:\[(?P<words>[^\[\]\n]{1,500})\])?\]")
_ORG_LOOK = re.compile(
    r"(?<!\S)(?P<mark>[*/_=~+])(?P<words>\S[^\n]{0,300}?)(?P=mark)(?![\w*/_=~+])"
)
_ADOC_LINK = re.compile(r"(?:\b(?:link|xref):[^\s\[\]]{1,500})\[(?P<words>[^\[\]\n]{0,500})\]")
_ADOC_LOOK = re.compile(r"(?<!\w)(?P<mark>[*_`+]{1,2})(?P<words>\S[^\n]{0,300}?)(?P=mark)(?!\w)")

_TEX_LEVELS = {
    "part": 1, "chapter": 2, "section": 3, "subsection": 4, "subsubsection": 5, "paragraph": 6,
    "subparagraph": 7,
}  # fmt: skip
_TEX_HEADING = re.compile(
    r"[ \t]*\\(?P<kind>part|chapter|(?:sub){0,2}section|(?:sub)?paragraph|title)\*?"
    r"(?:\[[^\]\n]{0,300}\])?\{"
)
_TEX_BLOCK = re.compile(
    r"[ \t]*\\(?P<which>begin|end)\{(?P<name>(?:[vV]erbatim|lstlisting|minted|comment)\*?)\}"
)

Line = tuple[int, str]


def parse_asciidoc(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return an AsciiDoc file as it is, with its title and its headings as ``sections``."""
    return _parsed(data, source, options, _asciidoc_headings)


def parse_org(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return an Org file as it is, with its title and its headings as ``sections``."""
    return _parsed(data, source, options, _org_headings)


def parse_latex(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return a LaTeX file as it is, with its title and its headings as ``sections``."""
    return _parsed(data, source, options, _latex_headings)


def _parsed(
    data: bytes,
    source: Source,
    options: ScanOptions,
    read: Callable[[str], Iterable[Heading]],
) -> Parsed:
    text, notes = spelled(data, source, options)
    found = list(read(text))
    # What a file calls itself has level 0: all of it stands there.
    title = next((heading.title for heading in found if heading.level == 0), "")
    headings = [heading for heading in found if heading.level]
    if not title and headings and headings[0].level == 1:
        title = headings[0].title
    return Parsed(text, title, sections_field(headings), notes)


def _lines(text: str) -> Iterator[Line]:
    """Yield the lines of a text without their ends, each with where it starts."""
    at = 0
    for line in text.split("\n"):
        yield at, line[:_LONGEST].rstrip()
        at += len(line) + 1


def _asciidoc_headings(text: str) -> Iterator[Heading]:
    block = ""
    before, blank = (0, ""), True  # the line before, and whether none or a blank stands before it
    for at, line in _lines(text):
        is_underline = not block and blank and _underlines(line, before[1])
        if is_underline:
            yield Heading(before[0], _ADOC_UNDERLINE[line[0]], before[1])
        elif block:
            block = "" if line == block else block
        elif _ADOC_BLOCK.match(line):
            block = "```" if line.startswith("```") else line
        elif match := _ADOC_HEADING.match(line):
            title = _without_marks(match["title"], "=#")
            yield Heading(at, len(match["marks"]), _without_look(title, _ADOC_LINK, _ADOC_LOOK))
        blank = not before[1]
        before = (at, "" if is_underline or block else line)


def _underlines(line: str, title: str) -> bool:
    """Say whether a line of one mark underlines a title, which is about as long."""
    is_mark = len(line) > 2 and line[0] in _ADOC_UNDERLINE and line == line[0] * len(line)
    is_title = any(map(str.isalnum, title)) and not title.startswith((".", "//", "[", ":"))
    return is_mark and is_title and abs(len(line) - len(title)) <= 1


def _without_marks(title: str, marks: str) -> str:
    """Return a title without the marks that may close its line."""
    bare = title.rstrip(marks)
    return bare.rstrip() if bare.endswith((" ", "\t")) else title


def _without_look(title: str, link: re.Pattern[str], look: re.Pattern[str]) -> str:
    """Return a heading as it is read: the words of its links, and none of its marks."""
    words = link.sub(lambda match: match["words"] or match[0], title)
    return look.sub(r"\g<words>", words).strip() or title


def _org_headings(text: str) -> Iterator[Heading]:
    block = ""
    for at, line in _lines(text):
        if match := _ORG_BLOCK.match(line):
            name, starts = match["name"].lower(), match["which"].lower() == "begin"
            block = (block or name) if starts else "" if name == block else block
        elif block:
            continue
        elif match := _ORG_HEADING.match(line):
            yield Heading(at, len(match["marks"]), _org_title(match["title"]))
        elif match := _ORG_TITLE.match(line):
            yield Heading(at, 0, match["title"].strip())


def _org_title(title: str) -> str:
    """Return a heading without its state, its priority and its tags."""
    for mark in (_ORG_STATE, _ORG_PRIORITY):
        if match := mark.match(title):
            title = title[match.end() :]
    words, _, last = title.rpartition(" ")
    is_tags = len(last) > 2 and last[0] == last[-1] == ":"
    return _without_look(words.rstrip() if is_tags else title, _ORG_LINK, _ORG_LOOK)


def _latex_headings(text: str) -> Iterator[Heading]:
    block = ""
    lines = list(_lines(text))
    for number, (at, line) in enumerate(lines):
        if match := _TEX_BLOCK.match(line):
            name, starts = match["name"], match["which"] == "begin"
            block = (block or name) if starts else "" if name == block else block
        elif not block and (match := _TEX_HEADING.match(line)):
            following = (more for _, more in lines[number + 1 : number + 4])
            title = words_of_latex(_braced("\n".join((line[match.end() :], *following))))
            yield Heading(at, _TEX_LEVELS.get(match["kind"], 0), title)


def _braced(text: str) -> str:
    """Return a text up to the brace that closes it."""
    depth, at = 1, 0
    while at < len(text) and depth:
        if text[at] == "\\":
            at += 1
        else:
            depth += (text[at] == "{") - (text[at] == "}")
        at += 1
    return text[: at - 1] if depth == 0 else text
