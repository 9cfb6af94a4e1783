"""HTML: the main text of a page, without its navigation and its decoration."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.extraction.text import decode_source
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source
from colmodern.text.noted_headings import found_in, sections_field

__all__ = ["parse_html"]

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")

# Elements whose text no reader sees, and those that stand on a line of their own.
_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg", "title"})
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "dd", "div", "dl", "dt",
    "figcaption", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
    "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
})  # fmt: skip


def parse_html(data: bytes, source: Source, _: ScanOptions) -> Parsed:
    """Return the main text of a page, its title, and where its headings stand as ``sections``.

    It is all its text if no part of it is the main one.

    Raises:
        ExtractionError: If the bytes are no text, or the parsers cannot read the page.
    """
    declared = _CHARSET.search(data[:4096])
    encoding = declared.group(1).decode("ascii") if declared else None
    text = decode_source(data, source, declared=encoding)
    with parsing(source, "HTML"):
        page = _Page(_XML_DECLARATION.sub("", text))
        body = _main_text(page.markup) or page.text()
        return Parsed(body, page.title(), sections_field(found_in(body, page.headings())))


def _main_text(markup: str) -> str:
    import trafilatura

    return str(trafilatura.extract(markup, include_comments=False, favor_recall=True) or "")


class _Page(HTMLParser):
    """All text that a reader of a page would see, and its title."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.markup = markup
        self._texts: list[str] = []
        self._title: list[str] = []
        self._unseen: list[str] = []
        self._headings: list[tuple[int, list[str]]] = []
        self._is_heading = False
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag in _BLOCKS:
            self._texts.append("\n")
            if tag in _LEVELS:
                self._headings.append((_LEVELS[tag], []))
                self._is_heading = True

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        elif tag in _BLOCKS:
            self._texts.append("\n")
            self._is_heading = self._is_heading and tag not in _LEVELS

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._texts.append(data)
            if self._is_heading:
                self._headings[-1][1].append(data)
        elif self._unseen == ["title"]:
            self._title.append(data)

    def text(self) -> str:
        """Return the text, a block a line."""
        lines = (" ".join(line.split()) for line in "".join(self._texts).splitlines())
        return "\n".join(line for line in lines if line)

    def headings(self) -> list[tuple[int, str]]:
        """Return the level and the text, on one line, of every heading."""
        return [(level, " ".join("".join(texts).split())) for level, texts in self._headings]

    def title(self) -> str:
        """Return the title on one line."""
        return " ".join("".join(self._title).split())
