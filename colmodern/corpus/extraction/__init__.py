"""What documents does a file hold?

One small module a family of formats: a parser turns the bytes of a file into one text, a row
reader turns a file into a stream of rows. Only this module knows them all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from colmodern.corpus.extraction.attached import with_attached
from colmodern.corpus.extraction.bytes_of import file_bytes
from colmodern.corpus.extraction.delimited import read_csv, read_tsv
from colmodern.corpus.extraction.epub import parse_epub
from colmodern.corpus.extraction.html import parse_html
from colmodern.corpus.extraction.jsonl import read_jsonl
from colmodern.corpus.extraction.mail import parse_eml
from colmodern.corpus.extraction.man import parse_man
from colmodern.corpus.extraction.notebook import parse_notebook
from colmodern.corpus.extraction.office.docx import parse_docx
from colmodern.corpus.extraction.office.odf import parse_odp, parse_ods, parse_odt
from colmodern.corpus.extraction.office.pptx import parse_pptx
from colmodern.corpus.extraction.office.xlsx import parse_xlsx
from colmodern.corpus.extraction.outlined import parse_asciidoc, parse_latex, parse_org
from colmodern.corpus.extraction.parquet import read_parquet
from colmodern.corpus.extraction.parsed import OnSkipped, Parsed, Parser, RowReader
from colmodern.corpus.extraction.pdf import page_at, parse_pdf
from colmodern.corpus.extraction.rows import document_of_row, no_text_field
from colmodern.corpus.extraction.rtf import parse_rtf
from colmodern.corpus.extraction.subtitles import parse_subtitles
from colmodern.corpus.extraction.text import parse_code, parse_markdown, parse_rst, parse_text
from colmodern.corpus.extraction.titles import stands_in, written_title
from colmodern.corpus.generated import why_generated
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Extracted, ExtractionError, Skipped, SkipReason, Source
from colmodern.types import Document, MetadataValue

__all__ = ["extract", "page_at"]

logger = logging.getLogger(__name__)

_PARSERS: dict[str, Parser] = {
    "text": parse_text,
    "markdown": parse_markdown,
    "rst": parse_rst,
    "html": parse_html,
    "pdf": parse_pdf,
    "docx": parse_docx,
    "xlsx": parse_xlsx,
    "pptx": parse_pptx,
    "odt": parse_odt,
    "ods": parse_ods,
    "odp": parse_odp,
    "rtf": parse_rtf,
    "epub": parse_epub,
    "eml": parse_eml,
    "notebook": parse_notebook,
    "man": parse_man,
    "asciidoc": parse_asciidoc,
    "org": parse_org,
    "latex": parse_latex,
    "subtitles": parse_subtitles,
    "code": parse_code,
}

_ROW_READERS: dict[str, RowReader] = {
    "jsonl": read_jsonl,
    "csv": read_csv,
    "tsv": read_tsv,
    "parquet": read_parquet,
}

# Formats whose text is what stands in the file.
_AS_IT_IS = frozenset({"text", "markdown", "rst", "asciidoc", "org", "latex", "code"})

# A message that names the fields of a file is no place for thousands of them.
MOST_NAMES = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _warn(skipped: Skipped) -> None:
    logger.warning("%s", skipped)


def extract(
    source: Source, options: ScanOptions | None = None, *, report: OnSkipped = _warn
) -> Iterator[Extracted]:
    """Yield the documents of a file: one for a file of text, one a row for a row file.

    The id of a document is that of its row, else the key of the source; ids are not checked
    against each other here, see :class:`~colmodern.corpus.IdRegistry`. A row file is read as the
    documents are asked for, in bounded memory.

    Args:
        source: What :func:`~colmodern.corpus.scan` found.
        options: Those of the scan.
        report: Called with each row that is left out; by default it is logged as a warning.

    Raises:
        ExtractionError: If the file as a whole gives no document; of a row file that breaks off,
            after the documents before the break.
    """
    options = options if options is not None else ScanOptions()
    if source.format.is_rows:
        yield from _rows(source, options, report)
    else:
        yield Extracted(_file(source, options, report), None)


def _rows(source: Source, options: ScanOptions, report: OnSkipped) -> Iterator[Extracted]:
    names: dict[str, None] = {}
    has_text_field = may_lack_text = is_looked_for = False
    for row in _ROW_READERS[source.format.name](source, options, report):
        has_text_field = has_text_field or options.text_field in row.fields
        if not has_text_field and len(names) < MOST_NAMES:
            names.update(dict.fromkeys(row.fields))
        if not (has_text_field or is_looked_for) and options.title_field in row.fields:
            is_looked_for, may_lack_text = True, _has_text_field(source, options)
        may_lack_text = may_lack_text or has_text_field
        try:
            document = document_of_row(row, source, options, may_lack_text=may_lack_text)
        except RecursionError:  # it could just be read, and not be written
            detail = "nested too deeply"
            document = Skipped(source.path, SkipReason.BAD_ROW, detail, row.number)
        if isinstance(document, Document):
            yield Extracted(document, row.number)
        else:
            report(document)
    if names and not has_text_field:
        raise no_text_field(source, names, options)


def _has_text_field(source: Source, options: ScanOptions) -> bool:
    """Say whether any row has the field of the text, as far as the file can be read."""
    rows = _ROW_READERS[source.format.name](source, options, lambda _: None)
    try:
        return any(options.text_field in row.fields for row in rows)
    except ExtractionError:
        return False


def _file(source: Source, options: ScanOptions, report: OnSkipped) -> Document:
    data = file_bytes(source, options.max_file_bytes)
    if not options.generated:
        _check_written(data, source)
    parsed = _parsed(data, source, options)
    for note in parsed.notes:
        report(Skipped(source.path, *note))
    if not parsed.text.strip():
        raise ExtractionError(source.path, SkipReason.EMPTY, "no text")
    metadata: dict[str, MetadataValue] = {
        "path": source.key,
        "type": source.format.name,
        "size": source.size,
        "modified": _iso_time(source.mtime_ns),
        **parsed.metadata,
    }
    title = written_title(parsed.title)
    if title:
        metadata["title"] = title
    # A title is searched along with the text: one that stands there is not said twice.
    if stands_in(title, parsed.text):
        title = ""
    return Document(source.key, parsed.text, title, metadata)


def _parsed(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    parsed = _PARSERS[source.format.name](data, source, options)
    return with_attached(parsed, source, options, _parsed) if parsed.attached else parsed


def _check_written(data: bytes, source: Source) -> None:
    """Refuse what a program wrote for another.

    Raises:
        ExtractionError: It did.
    """
    name = source.format.name
    if name not in _AS_IT_IS:
        return
    is_prose = name != "code" and not source.is_proven
    kind = why_generated(data, source.path.name, is_prose=is_prose)
    if kind is not None:
        detail = f"{kind}; --generated takes it"
        raise ExtractionError(source.path, SkipReason.GENERATED, detail)


def _iso_time(mtime_ns: int) -> str | None:
    """Return a time stamp in UTC to the second; None for one that no calendar holds."""
    try:
        moment = _EPOCH + timedelta(seconds=mtime_ns // 1_000_000_000)
    except OverflowError:
        return None
    return moment.isoformat().replace("+00:00", "Z")
