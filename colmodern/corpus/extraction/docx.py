"""DOCX: the paragraphs of a Word document, a blank line between them."""

from __future__ import annotations

import io
import zipfile

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source

__all__ = ["parse_docx"]

# Old Word files and encrypted new ones are containers of this kind, not zip files.
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def parse_docx(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the paragraphs of a DOCX file.

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
        import mammoth

        text = mammoth.extract_raw_text(io.BytesIO(data)).value
    return Parsed(without_surrogates(text.strip()))
