"""HTML: all that a page says, without its navigation and its decoration."""

from __future__ import annotations

from colmodern.corpus.extraction.html.tree import tree_of
from colmodern.corpus.extraction.html.walk import layout_of, title_of
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source
from colmodern.text.noted_headings import sections_field

__all__ = ["parse_html"]


def parse_html(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the text of a page, its title, and where its headings stand as ``sections``.

    Paragraphs and headings have a blank line between them, list items and rows of a table a line
    each, cells of a row a tab.

    Raises:
        ExtractionError: If the bytes are no text, or the parser cannot read the page.
    """
    with parsing(source, "HTML"):
        page, notes = tree_of(data, source, options)
        layout = layout_of(page)
        headings = sections_field(layout.headings)
        return Parsed(layout.text(), title_of(page), headings, notes)
