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

# The work of mammoth grows with the square of the fields that are open; people nest two or three.
MOST_OPEN_FIELDS = 200

_FIELD_MARK = re.compile(rb"fldCharType\s*+=\s*+[\"'](?:(?P<kind>end|separate)[\"'])?+")
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
            parts = [p for p in archive.infolist() if p.filename.endswith((".xml", ".rels"))]
        n_bytes = sum(part.file_size for part in parts)
        # Markup takes several bytes for each byte of text; a bomb takes thousands.
        if n_bytes > 4 * options.max_file_bytes:
            detail = f"it unpacks to {n_bytes:,} bytes"
            raise ExtractionError(source.path, SkipReason.TOO_LARGE, detail)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            n_open = max((_open_fields(archive.read(part)) for part in parts), default=0)
        if n_open > MOST_OPEN_FIELDS:
            detail = f"{n_open:,} fields are open at one place"
            raise ExtractionError(source.path, SkipReason.BROKEN, detail)
        from mammoth import docx

        return _parsed(docx.read(io.BytesIO(data)).value.children)


def _open_fields(xml: bytes) -> int:
    """Return how many fields, or separators of one, may be open at one place.

    A mark that is neither an end nor a separator as Word writes it counts as a beginning, and so
    nothing that is hidden in a comment makes the number smaller than it is.
    """
    has_unread = b"<!--" in xml or b"<![CDATA[" in xml
    n_open = n_separators = most = 0
    for mark in _FIELD_MARK.finditer(xml):
        if mark["kind"] == b"separate":
            n_separators += 1
        elif mark["kind"] is None:
            n_open, n_separators = n_open + 1, max(0, n_separators - (not has_unread))
        elif n_open and not has_unread:
            n_open -= 1
        most = max(most, n_open, n_separators)
    return most


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
