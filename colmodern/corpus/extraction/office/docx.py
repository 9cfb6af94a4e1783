"""DOCX: what a Word document says, its notes, comments, headers and text boxes included."""

from __future__ import annotations

import posixpath
import re

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.office.archive import Archive
from colmodern.corpus.extraction.office.docx_body import Body, Notes
from colmodern.corpus.extraction.office.docx_lists import DocxLists, Numbering, numbering_of
from colmodern.corpus.extraction.office.docx_notes import NotesReader
from colmodern.corpus.extraction.office.docx_styles import Styles, styles_of
from colmodern.corpus.extraction.office.properties import title_of
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.text.noted_headings import sections_field

__all__ = ["parse_docx"]

_MAIN = re.compile(r"document\d?\.xml")
_NOTES = {
    "footnote": re.compile(r"footnotes\d*\.xml"),
    "endnote": re.compile(r"endnotes\d*\.xml"),
    "comment": re.compile(r"comments\d*\.xml"),
}
_AROUND = re.compile(r"(?:header|footer|diagrams/data|charts/chart)\d*\.xml")


def parse_docx(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the text of a DOCX file, its title, and its headings as ``sections``.

    Paragraphs have a blank line between them, items of lists their numbers; a row of a table is a
    line. Notes and comments follow
    the paragraph that refers to them, headers and footers the whole text.

    Raises:
        ExtractionError: If the file is encrypted or broken, or unpacks to more than the limits.
    """
    with parsing(source, "DOCX"):
        archive = Archive(data, source, options)
        main = next(filter(_is_main, archive.names), None)
        if main is None:
            detail = "not a sound DOCX file: it has no document.xml"
            raise ExtractionError(source.path, SkipReason.BROKEN, detail)
        folder = posixpath.dirname(main)
        styles = styles_of(archive, posixpath.join(folder, "styles.xml"))
        numbering = numbering_of(archive, posixpath.join(folder, "numbering.xml"))
        notes = _notes(archive, folder, styles, numbering)
        body = Body(styles, notes, DocxLists(numbering, styles))
        is_whole = archive.read(main, body)
        body.finish()
        text = body.result()
        if not is_whole and not text:
            detail = f"not a sound DOCX file: {archive.notes[-1].detail}"
            raise ExtractionError(source.path, SkipReason.BROKEN, detail)
        rest = [*notes.unused(), *_around(archive, folder, styles, numbering)]
        text = without_surrogates("\n\n".join(filter(None, (text, *rest))))
        title = body.title or title_of(archive)
        return Parsed(text, title, sections_field(body.headings()), tuple(archive.notes))


def _is_main(name: str) -> bool:
    return _MAIN.fullmatch(posixpath.basename(name)) is not None


def _notes(archive: Archive, folder: str, styles: Styles, numbering: Numbering) -> Notes:
    notes = Notes()
    for kind, regex in _NOTES.items():
        for name in archive.matching(regex, folder):
            archive.read(name, NotesReader(notes, kind, styles, DocxLists(numbering, styles)))
    return notes


def _around(archive: Archive, folder: str, styles: Styles, numbering: Numbering) -> list[str]:
    """Return the headers and footers, and the words of diagrams and charts, each once."""
    found: dict[str, None] = {}
    for name in archive.matching(_AROUND, folder):
        body = Body(styles, Notes(), DocxLists(numbering, styles))
        archive.read(name, body)
        body.finish()
        found.setdefault(body.result())
    return list(found)
