"""Office files made by hand: parts of XML in an archive."""

from __future__ import annotations

import io
import zipfile

from colmodern.corpus import ScanOptions, extract, scan

WORD = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def archive(parts):
    """Return a zip archive of texts by their names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name, text)
    return file.getvalue()


def docx(body, **parts):
    """Return a Word document; other parts are named without their folder and suffix."""
    made = {"word/document.xml": f"<w:document {WORD}><w:body>{body}</w:body></w:document>"}
    made |= {f"word/{name}.xml": text for name, text in parts.items()}
    return archive(made)


def paragraph(text, style="", extra=""):
    """Return a paragraph of Word."""
    kind = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{kind}<w:r><w:t>{text}</w:t></w:r>{extra}</w:p>"


def read(path, data, **options):
    """Write a file; return its only document and the notes of reading it."""
    path.write_bytes(data)
    options = ScanOptions(**options)
    (source,) = scan([path], options).sources
    notes = []
    ((document, _),) = extract(source, options, report=notes.append)
    return document, [(note.reason, note.detail) for note in notes]
