"""ODT, ODS and ODP: what text documents, spreadsheets and presentations of OpenDocument say."""

from __future__ import annotations

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.office.archive import Archive
from colmodern.corpus.extraction.office.odp_slides import OdpSlides
from colmodern.corpus.extraction.office.ods_sheets import OdsSheets
from colmodern.corpus.extraction.office.odt_body import OdtBody, RunningText
from colmodern.corpus.extraction.office.properties import title_of
from colmodern.corpus.extraction.office.sheet_text import SheetText
from colmodern.corpus.extraction.office.slide_text import SlideText
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.text.noted_headings import sections_field

__all__ = ["parse_odp", "parse_ods", "parse_odt"]

_CONTENT = "content.xml"


def parse_odt(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return a text document, its title, and its headings as ``sections``.

    Footnotes, comments and frames follow the paragraph they stand in, headers and footers the
    whole text; a row of a table is a line.

    Raises:
        ExtractionError: If the file is encrypted or broken, or unpacks to more than the limits.
    """
    with parsing(source, "ODT"):
        archive = _opened(data, source, options)
        running = _running(archive)
        body = OdtBody(running.lists)
        archive.read(_CONTENT, body)
        body.finish()
        text = "\n\n".join(filter(None, (body.result(), *running.found)))
        title = title_of(archive) or body.title
        sections = sections_field(body.headings())
        archive.check_read(text)
        return Parsed(without_surrogates(text), title, sections, tuple(archive.notes))


def parse_ods(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the sheets of a spreadsheet, as :func:`parse_xlsx` does.

    Raises:
        ExtractionError: As :func:`parse_odt`; or if it holds more than the limits.
    """
    with parsing(source, "ODS"):
        archive = _opened(data, source, options)
        text = SheetText(source, options.max_file_bytes)
        sheets = OdsSheets(text)
        archive.read(_CONTENT, sheets)
        sheets.finish()
        for name in sheets.hidden:
            archive.note(f"sheet {name!r}", "it is hidden")
        result = without_surrogates(text.result())
        archive.check_read(result)
        return Parsed(result, title_of(archive), text.places(), tuple(archive.notes))


def parse_odp(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the slides of a presentation, as :func:`parse_pptx` does.

    Raises:
        ExtractionError: As :func:`parse_odt`.
    """
    with parsing(source, "ODP"):
        archive = _opened(data, source, options)
        text = SlideText()
        slides = OdpSlides(text, _running(archive).lists)
        archive.read(_CONTENT, slides)
        slides.finish()
        title = title_of(archive) or text.first_title
        result = without_surrogates(text.result())
        archive.check_read(result)
        return Parsed(result, title, text.places(), tuple(archive.notes))


def _running(archive: Archive) -> RunningText:
    running = RunningText()
    if "styles.xml" in archive.names:
        archive.read("styles.xml", running)
    return running


class _Manifest:
    """Reads whether the parts of a file are encrypted."""

    is_encrypted = False

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        self.is_encrypted = self.is_encrypted or name == "encryption-data"

    def text(self, text: str) -> None:
        pass

    def end(self, name: str) -> None:
        pass


def _opened(data: bytes, source: Source, options: ScanOptions) -> Archive:
    archive = Archive(data, source, options)
    manifest = _Manifest()
    if "META-INF/manifest.xml" in archive.names:
        archive.read("META-INF/manifest.xml", manifest)
    if manifest.is_encrypted or "encrypted-package" in archive.names:
        detail = "it has a password; save it without"
        raise ExtractionError(source.path, SkipReason.ENCRYPTED, detail)
    if _CONTENT not in archive.names:
        detail = "not a sound OpenDocument file: it has no content.xml"
        raise ExtractionError(source.path, SkipReason.BROKEN, detail)
    return archive
