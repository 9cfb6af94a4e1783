"""Which sections do the pages of the site have, and what stands in each? The index of its search.

The search itself runs in the browser: ``tools/site/search`` counts words as ``colmodern.text`` does
and ranks sections as ``colmodern search --mode bm25`` would.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import TypeAlias

from colmodern import Document
from colmodern.searcher.bm25 import K1, B
from colmodern.text.units import units_of
from colmodern.text.words import ANALYSIS

SEARCH = Path(__file__).parent / "search"
"""The scripts of the browser and their style."""
PLACE = "search/sections.js"
"""Where the index lies in the site; a script, for a page that is a file may read no file."""

Block: TypeAlias = str | list[str]
"""A paragraph, an item or a row, with tabs between its sentences; or lines of code."""

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = {
    "address", "article", "blockquote", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "hr", "li", "ol", "p", "pre", "section", "summary", "table", "tbody", "thead", "tr", "ul",
}  # fmt: skip
_UNREAD = {"button", "iframe", "noscript", "script", "style", "svg", "template"}


@dataclass
class Section:
    """A page from one heading to the next.

    Attributes:
        anchor: The id of its heading; empty before the first one.
        level: 1 to 6.
        heading: What the heading says.
        blocks: What stands below it.
    """

    anchor: str = ""
    level: int = 1
    heading: str = ""
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """A page of the site: its address from the root, and its sections, with or without a text."""

    url: str
    sections: Sequence[Section]


def page_of(url: str, html: str) -> Page:
    """Return the sections of a page.

    Args:
        url: Its address from the root of the site.
        html: Its content, without navigation.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_block()
    first, *rest = reader.sections
    return Page("" if url == "./" else url, [first, *rest] if first.blocks else rest)


def documents_of(pages: Sequence[Page]) -> Iterator[Document]:
    """Yield each section that has a text as ``colmodern`` would index it.

    Its address is the id; its title has its heading and those above it.
    """
    for page in pages:
        above: list[str] = []
        for one in page.sections:
            above = [*above[: one.level - 1], *[""] * (one.level - 1 - len(above)), one.heading]
            if not one.blocks:
                continue
            lines = [line for block in one.blocks for line in _lines(block)]
            yield Document(
                f"{page.url}#{one.anchor}" if one.anchor else page.url,
                "\n".join(lines),
                " > ".join(filter(None, above)),
            )


def script_of(pages: Sequence[Page]) -> str:
    """Return the index as the script that the browser reads."""
    site = {"analysis": ANALYSIS, "k1": K1, "b": B, "pages": [asdict(page) for page in pages]}
    written = json.dumps(site, ensure_ascii=False, separators=(",", ":"))
    return f"siteSearch.site = {written};\n"


def said_of(pages: Sequence[Page], script: str) -> str:
    """Return how large the index is, in a sentence."""
    data = script.encode()
    return (
        f"search: {len(list(documents_of(pages))):,} sections of {len(pages)} pages, "
        f"{len(data):,} bytes, {len(gzip.compress(data, 9)):,} compressed (gzip)"
    )


def _lines(block: Block) -> list[str]:
    return [block] if isinstance(block, str) else block


class _Reader(HTMLParser):
    """Puts the text of a page into sections and blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.sections = [Section()]
        self._text: list[str] = []
        self._heading: Section | None = None
        self._prefix = ""
        self._in: dict[str, int] = dict.fromkeys(("unread", "pre", "tr"), 0)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_link_to_itself = tag == "a" and "headerlink" in (given.get("class") or "").split()
        if self._in["unread"] or tag in _UNREAD or is_link_to_itself:
            self._in["unread"] += tag in _UNREAD or tag == "a"
        elif tag in _HEADINGS:
            self.end_block()
            self._heading = Section(given.get("id") or "", _HEADINGS[tag])
        elif tag == "br":
            self._text.append("\n" if self._in["pre"] else " ")
        elif tag in {"td", "th"}:
            self._text.append(" | " if "".join(self._text).strip() else "")
        elif tag in _BLOCKS:
            self._begin_block(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._in["unread"]:
            self._in["unread"] -= tag in _UNREAD or tag == "a"
        elif tag in _HEADINGS and self._heading is not None:
            self._heading.heading = _flat("".join(self._text))
            self._text.clear()
            self.sections.append(self._heading)
            self._heading = None
        elif tag in _BLOCKS:
            if tag == "tr" or not self._in["tr"]:
                self.end_block()
            else:
                self._text.append(" ")
            if tag == "li":
                self._prefix = ""  # of an item without a text
            if tag in self._in:
                self._in[tag] = max(0, self._in[tag] - 1)

    def handle_data(self, data: str) -> None:
        if not self._in["unread"]:
            self._text.append(data)

    def end_block(self) -> None:
        """Keep what was read as a block."""
        text = "".join(self._text)
        self._text.clear()
        blocks = self.sections[-1].blocks
        if self._in["pre"] and not self._in["tr"]:
            lines = [line.expandtabs(4).rstrip() for line in text.splitlines()]
            if lines := [line for line in lines if line]:
                blocks.append(lines)
                self._prefix = ""
        elif flat := _flat(text):
            blocks.append(
                self._prefix + "\t".join(flat[one.start : one.end] for one in units_of(flat))
            )
            self._prefix = ""

    def _begin_block(self, tag: str) -> None:
        if self._in["tr"]:
            self._text.append(" ")
        else:
            self.end_block()
            self._prefix = "• " if tag == "li" else self._prefix
        if tag in self._in:
            self._in[tag] += 1


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
