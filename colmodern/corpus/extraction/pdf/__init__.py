"""PDF: the text of its pages, and where each page begins in it.

Pages are joined by a form feed. A page that is only a picture has no text: nothing is recognised
from pictures here, but such pages are named.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.parsed import Note, Parsed, parsing
from colmodern.corpus.extraction.pdf.additions import additions_of
from colmodern.corpus.extraction.pdf.hyphens import joined_at_hyphens
from colmodern.corpus.extraction.pdf.page import PageText, page_text
from colmodern.corpus.extraction.pdf.running import without_running_lines
from colmodern.corpus.extraction.pdf.vertical import horizontal
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.types import Metadata

__all__ = ["page_at", "parse_pdf"]

PAGE_BREAK = "\f"

# What programs put where a title belongs when nobody wrote one.
_NO_TITLE = re.compile(
    r"\(?(?:untitled|anonymous|unknown)\)?$|untitled|microsoft (?:word|powerpoint)"
    r"|[^\n]*\.(?:docx?|dvi|indd|odt|pptx?|qxd|rtf|tex|tmp)$",
    re.IGNORECASE,
)

# A message names no more pages than a person will read.
_NAMED_PAGES = 10


def parse_pdf(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the text of a PDF file, its title, and ``pages`` and ``page_starts`` as metadata.

    ``page_starts`` is a JSON list: the offset in the text at which each page begins.

    Raises:
        ExtractionError: If the file is encrypted or broken, or no page has any text.
    """
    with parsing(source, "PDF"):
        pdf = _opened(data, source)
        try:
            pages, title = _pages(pdf, options), _title(pdf)
        finally:
            pdf.close()
    pages = _with_vertical(pages, data, source, options)
    texts = joined_at_hyphens(without_running_lines([page.text for page in pages]))
    if not any(text.strip() for text in texts):
        detail = f"{len(pages)} page(s) without text; scanned pages need text recognition first"
        raise ExtractionError(source.path, SkipReason.EMPTY, detail)
    starts = [0, *accumulate(len(text) + len(PAGE_BREAK) for text in texts[:-1])]
    metadata: Metadata = {
        "pages": len(pages),
        "page_starts": json.dumps(starts, separators=(",", ":")),
    }
    return Parsed(PAGE_BREAK.join(texts), title, metadata, tuple(_notes(pages)))


def page_at(metadata: Metadata, offset: int) -> int | None:
    """Return the number from 1 of the page on which a character stands; None without pages."""
    starts = metadata.get("page_starts")
    return bisect_right(json.loads(starts), offset) if isinstance(starts, str) else None


def _opened(data: bytes, source: Source) -> Any:
    import pypdfium2
    from pypdfium2 import raw

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            detail = "it needs a password"
            raise ExtractionError(source.path, SkipReason.ENCRYPTED, detail) from error
        raise
    if pdf.get_formtype():
        pdf.init_forms()
    return pdf


def _pages(pdf: Any, options: ScanOptions) -> list[PageText]:
    pages, left = [], options.max_file_bytes
    for number in range(len(pdf)):
        try:
            page = pdf[number]
        except Exception:  # noqa: BLE001 - one page that cannot be loaded costs no other
            pages.append(PageText("", is_broken=True))
            continue
        try:
            found = page_text(page)
            extra = list(additions_of(page, pdf))
        finally:
            page.close()
        text = "\n".join(filter(None, (found.text, *extra)))
        text = without_surrogates(text.replace(PAGE_BREAK, " "))[:left]
        left -= len(text)
        pages.append(found._replace(text=text))
    return pages


def _with_vertical(
    pages: list[PageText], data: bytes, source: Source, options: ScanOptions
) -> list[PageText]:
    """Read again, line for line across, the pages whose text is set from top to bottom."""
    if not any(page.is_unreadable for page in pages):
        return pages
    with parsing(source, "PDF"):
        pdf = _opened(data, source)
        try:
            turned = horizontal(pdf)
        finally:
            pdf.close()
        if turned is None:
            return pages
        pdf = _opened(turned, source)
        try:
            again = _pages(pdf, options)
        finally:
            pdf.close()
    both = zip(pages, again, strict=True)
    return [new if old.is_unreadable and not new.is_unreadable else old for old, new in both]


def _title(pdf: Any) -> str:
    title = " ".join(without_surrogates(pdf.get_metadata_value("Title")).split())
    return "" if _NO_TITLE.match(title) else title


def _notes(pages: list[PageText]) -> Iterator[Note]:
    kinds = (
        ("is_picture", "text recognition (OCR) is needed for"),
        ("is_unreadable", "the fonts do not say which characters are on"),
        ("is_broken", "cannot be loaded:"),
    )
    for field, what in kinds:
        numbers = [number for number, page in enumerate(pages, 1) if getattr(page, field)]
        if numbers:
            named = ", ".join(map(str, numbers[:_NAMED_PAGES]))
            more = ", ..." if len(numbers) > _NAMED_PAGES else ""
            detail = f"{len(numbers)} of {len(pages)}; {what} page {named}{more}"
            yield Note(SkipReason.NO_TEXT_ON_PAGE, detail)
