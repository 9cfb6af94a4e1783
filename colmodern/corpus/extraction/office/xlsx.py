"""XLSX: what the sheets of an Excel workbook show, with comments, boxes and charts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.office.archive import Archive
from colmodern.corpus.extraction.office.drawings import words_of_drawing
from colmodern.corpus.extraction.office.elements import Handler
from colmodern.corpus.extraction.office.properties import title_of
from colmodern.corpus.extraction.office.relations import Relations, relations_of
from colmodern.corpus.extraction.office.sheet_text import SheetText
from colmodern.corpus.extraction.office.xlsx_sheet import (
    Comments,
    Formats,
    SharedStrings,
    SheetReader,
    Workbook,
)
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source

__all__ = ["parse_xlsx"]

_SHEETS = re.compile(r"worksheets/sheet\d*\.xml")


def parse_xlsx(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the sheets of a workbook, a row a line, with a tab between cells.

    Numbers and dates are shown by their formats, formulas by their results. The metadata have the
    sheets as ``sections``, and ``row_starts``: pairs of an offset and the row that begins there;
    the lines that follow are the next rows.

    Raises:
        ExtractionError: If the file is encrypted or broken, or holds more than the limits.
    """
    with parsing(source, "XLSX"):
        archive = Archive(data, source, options)
        main = next((n for n in archive.names if posixpath.basename(n) == "workbook.xml"), None)
        if main is None:
            detail = "not a sound XLSX file: it has no workbook.xml"
            raise ExtractionError(source.path, SkipReason.BROKEN, detail)
        index = _WorkbookIndex()
        archive.read(main, index)
        related = relations_of(archive, main)
        text = SheetText(source, options.max_file_bytes)
        workbook = _shared(archive, main, related, from_1904=index.from_1904)
        for name, part in _sheets(archive, main, index, related):
            text.start_sheet(name)
            _read_sheet(archive, part, workbook, text)
        result = without_surrogates(text.result())
        archive.check_read(result)
        return Parsed(result, title_of(archive), text.places(), tuple(archive.notes))


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    relation: str
    is_hidden: bool


class _WorkbookIndex:
    """Reads which sheets there are, in their order."""

    def __init__(self) -> None:
        self.sheets: list[_Sheet] = []
        self.from_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            is_hidden = attributes.get("state", "visible") != "visible"
            sheet = _Sheet(attributes.get("name", ""), attributes.get("id", ""), is_hidden)
            self.sheets.append(sheet)
        elif name == "workbookPr":
            # Extensions have an element of this name, too.
            self.from_1904 |= attributes.get("date1904") in {"1", "true"}

    def text(self, text: str) -> None:
        pass

    def end(self, name: str) -> None:
        pass


def _sheets(
    archive: Archive, main: str, index: _WorkbookIndex, related: Relations
) -> list[tuple[str, str]]:
    """Return the names and parts of the sheets that a person sees; what is missing is noted."""
    if not any(sheet.relation in related for sheet in index.sheets):
        found = archive.matching(_SHEETS, posixpath.dirname(main))
        return [(posixpath.basename(part).removesuffix(".xml"), part) for part in found]
    sheets = []
    for sheet in index.sheets:
        if sheet.is_hidden:
            archive.note(f"sheet {sheet.name!r}", "it is hidden")
        elif sheet.relation not in related:
            archive.note(f"sheet {sheet.name!r}", "it is not there")
        else:
            sheets.append((sheet.name, related[sheet.relation].part))
    return sheets


def _shared(archive: Archive, main: str, related: Relations, *, from_1904: bool) -> Workbook:
    strings, formats = SharedStrings(), Formats()
    _read_first(archive, main, "sharedStrings", related, strings)
    _read_first(archive, main, "styles", related, formats)
    return Workbook(strings.found, formats.found(), from_1904)


def _read_first(
    archive: Archive, main: str, kind: str, related: Relations, reader: Handler
) -> None:
    part = next(related.of_kind(kind), f"{posixpath.dirname(main)}/{kind}.xml")
    if part in archive.names:
        archive.read(part, reader)


def _read_sheet(archive: Archive, part: str, workbook: Workbook, text: SheetText) -> None:
    related = relations_of(archive, part)
    comments = _comments(archive, related)
    reader = SheetReader(workbook, comments, text.row)
    if not archive.read(part, reader):
        reader.finish()
    for cell, comment in comments.items():
        text.paragraph(f"{cell}: {comment}")
    for drawing in related.of_kind("drawing"):
        text.paragraph(words_of_drawing(archive, drawing))


def _comments(archive: Archive, related: Relations) -> dict[str, str]:
    """Return the comments of a sheet; those with answers stand in a part of their own, too."""
    found: dict[str, str] = {}
    for kind in ("comments", "threadedComment"):
        for part in related.of_kind(kind):
            reader = Comments()
            archive.read(part, reader)
            found |= reader.found
    return found
