"""HTML: the main text of a page, without its navigation and its decoration."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.extraction.text import decode_source
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source

__all__ = ["parse_html"]

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")

# Elements whose text no reader sees, and those that stand on a line of their own.
_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg", "title"})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "dd", "div", "dl", "dt",
    "figcaption", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
    "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
})  # fmt: skip


def parse_html(data: bytes, source: Source, _: ScanOptions) -> Parsed:
    """Return the main text of a page and its title; all its text if no part of it is the main one.

    Raises:
        ExtractionError: If the bytes are no text, or the parsers cannot read the page.
    """
    declared = _CHARSET.search(data[:4096])
    encoding = declared.group(1).decode("ascii") if declared else None
    text = decode_source(data, source, declared=encoding)
    with parsing(source, "HTML"):
        page = _Page(_XML_DECLARATION.sub("", text))
        return Parsed(_main_text(page.markup) or page.text(), page.title())


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
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag in _BLOCKS:
            self._texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        elif tag in _BLOCKS:
            self._texts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._texts.append(data)
        elif self._unseen == ["title"]:
            self._title.append(data)

    def text(self) -> str:
        """Return the text, a block a line."""
        lines = (" ".join(line.split()) for line in "".join(self._texts).splitlines())
        return "\n".join(line for line in lines if line)

    def title(self) -> str:
        """Return the title on one line."""
        return " ".join("".join(self._title).split())
