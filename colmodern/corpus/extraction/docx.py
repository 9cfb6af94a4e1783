"""DOCX: the paragraphs of a Word document, a blank line between them, and its headings."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.text.headings import Heading
from colmodern.text.noted_headings import sections_field

__all__ = ["parse_docx"]

_HEADING_STYLE = re.compile(r"heading ?(?P<level>[1-9])")

# Old Word files and encrypted new ones are containers of this kind, not zip files.
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def parse_docx(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the paragraphs of a DOCX file, its title, and its headings as ``sections``.

    Headings and the title are told by the styles of their paragraphs.

    Raises:
        ExtractionError: If the file is encrypted or broken, or unpacks to more than the limit.
    """
    if data.startswith(_OLE_MARK):
        detail = "it is encrypted, or an old Word file; save it as .docx without a password"
        raise ExtractionError(source.path, SkipReason.ENCRYPTED, detail)
    with parsing(source, "DOCX"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [part for part in archive.infolist() if part.filename.endswith(".xml")]
        n_bytes = sum(part.file_size for part in parts)
        # Markup takes several bytes for each byte of text; a bomb takes thousands.
        if n_bytes > 4 * options.max_file_bytes:
            detail = f"it unpacks to {n_bytes:,} bytes"
            raise ExtractionError(source.path, SkipReason.TOO_LARGE, detail)
        from mammoth import docx

        return _parsed(docx.read(io.BytesIO(data)).value.children)


def _parsed(elements: list[Any]) -> Parsed:
    from mammoth.raw_text import extract_raw_text_from_element

    texts: list[str] = []
    headings: list[Heading] = []
    title, at = "", 0
    for element in elements:
        text = without_surrogates(extract_raw_text_from_element(element))
        if not texts:
            text = text.lstrip()
        style, line = _style_of(element), " ".join(text.split())
        if line and style == "title":
            title = title or line
        elif line and (match := _HEADING_STYLE.fullmatch(style)):
            headings.append(Heading(at, int(match["level"]), line))
        if text:
            texts.append(text)
            at += len(text)
    return Parsed("".join(texts).rstrip(), title, sections_field(headings))


def _style_of(element: Any) -> str:
    """Return the name of a paragraph's style, which is English in files of every language."""
    name = getattr(element, "style_name", None) or getattr(element, "style_id", None)
    return (name or "").lower()
