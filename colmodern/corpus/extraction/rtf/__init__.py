"""RTF: what a document in Rich Text Format says, its notes and comments included."""

from __future__ import annotations

from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.extraction.rtf.body import RtfBody
from colmodern.corpus.extraction.rtf.tokens import tokens_of
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.text.noted_headings import sections_field

__all__ = ["parse_rtf"]


def parse_rtf(data: bytes, source: Source, options: ScanOptions) -> Parsed:  # noqa: ARG001
    """Return the text of an RTF file, its title, and its headings as ``sections``.

    Notes and comments follow the paragraph they belong to, headers and footers the whole text; a
    row of a table is a line.

    Raises:
        ExtractionError: If the file is no RTF, or its groups nest too deeply.
    """
    with parsing(source, "RTF"):
        if not data.lstrip(b"\xef\xbb\xbf \t\r\n")[:5].startswith(b"{\\rtf"):
            detail = "not a sound RTF file: it does not begin as one"
            raise ExtractionError(source.path, SkipReason.BROKEN, detail)
        body = RtfBody()
        for token in tokens_of(data):
            body.take(token)
        body.finish()
        text = "\n\n".join(filter(None, (body.result(), *body.running)))
        return Parsed(text, body.title, sections_field(body.headings()))
