"""PDF: the text of its pages, and where each page begins in it.

Pages are joined by a form feed. A page that is only a picture has no text: nothing is recognised
from pictures here.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from itertools import accumulate
from typing import Any

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.types import Metadata

__all__ = ["page_at", "parse_pdf"]

PAGE_BREAK = "\f"

# PDFium marks the hyphen at which a line was broken by one of these.
_LINE_BREAK_HYPHEN = re.compile("[\x02\ufffe](?:\r?\n)?")


# What programs put where a title belongs when nobody wrote one.
_NO_TITLE = re.compile(
    r"untitled|microsoft (word|powerpoint)|.*\.(docx?|dvi|indd|odt|pptx?|qxd|rtf|tex|tmp)$",
    re.IGNORECASE,
)


def parse_pdf(data: bytes, source: Source, _: ScanOptions) -> Parsed:
    """Return the text of a PDF file, its title, and ``pages`` and ``page_starts`` as metadata.

    ``page_starts`` is a JSON list: the offset in the text at which each page begins.

    Raises:
        ExtractionError: If the file is encrypted or broken, or no page has any text.
    """
    import pypdfium2
    from pypdfium2 import raw

    with parsing(source, "PDF"):
        try:
            pdf = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
                detail = "it needs a password"
                raise ExtractionError(source.path, SkipReason.ENCRYPTED, detail) from error
            raise
        try:
            pages = [_page_text(pdf[number]) for number in range(len(pdf))]
            title = without_surrogates(pdf.get_metadata_value("Title")).strip()
            title = "" if _NO_TITLE.match(title) else title
        finally:
            pdf.close()
    if not any(page.strip() for page in pages):
        detail = f"{len(pages)} page(s) without text; scanned pages need text recognition first"
        raise ExtractionError(source.path, SkipReason.EMPTY, detail)
    starts = [0, *accumulate(len(page) + len(PAGE_BREAK) for page in pages[:-1])]
    metadata: Metadata = {
        "pages": len(pages),
        "page_starts": json.dumps(starts, separators=(",", ":")),
    }
    return Parsed(PAGE_BREAK.join(pages), title, metadata)


def page_at(metadata: Metadata, offset: int) -> int | None:
    """Return the number from 1 of the page on which a character stands; None without pages."""
    starts = metadata.get("page_starts")
    return bisect_right(json.loads(starts), offset) if isinstance(starts, str) else None


def _page_text(page: Any) -> str:
    text_page = page.get_textpage()
    try:
        text = str(text_page.get_text_bounded())
    finally:
        text_page.close()
        page.close()
    text = _LINE_BREAK_HYPHEN.sub("", text).replace("\r\n", "\n").replace(PAGE_BREAK, " ")
    return without_surrogates(text)
