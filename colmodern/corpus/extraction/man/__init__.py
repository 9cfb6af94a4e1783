"""Manual pages (man, mdoc): what a terminal shows of them, without headers and footers."""

from __future__ import annotations

from colmodern.corpus.extraction.man.page import ManPage
from colmodern.corpus.extraction.parsed import Parsed
from colmodern.corpus.extraction.spelled import spelled
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.text.noted_headings import sections_field

__all__ = ["parse_man"]


def parse_man(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return a manual page, its name as title, and its headings as ``sections``.

    A file that only has the name of one, as ``syslog.1``, is returned as it is.

    Raises:
        ExtractionError: If the bytes are no text, or the page only names another one.
    """
    text, notes = spelled(data, source, options)
    page = ManPage(text)
    page.read()
    if page.target and not page.layout.length:
        raise ExtractionError(source.path, SkipReason.EMPTY, f"it only names {page.target}")
    if not page.is_page:
        return Parsed(text, "", {"type": "text"}, notes)
    metadata = sections_field(page.layout.headings)
    return Parsed(page.layout.text(), page.title, metadata, notes)
