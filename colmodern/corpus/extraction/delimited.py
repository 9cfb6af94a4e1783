"""CSV and TSV: one row a record, under a header that names the fields.

CSV follows RFC 4180; where the header holds semicolons or tabs and no comma, those separate the
fields. TSV has no quoting: a line is a row, and a quotation mark is a quotation mark.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING

from colmodern.corpus.extraction.parsed import OnSkipped, Row
from colmodern.corpus.extraction.record_lines import RecordLines
from colmodern.corpus.extraction.rows import no_text_field
from colmodern.corpus.extraction.streams import open_text
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, Skipped, SkipReason, Source

if TYPE_CHECKING:
    from _csv import Reader as CSVReader

__all__ = ["read_csv", "read_tsv"]

# The csv module takes its limit as a C long, which has 32 bits on some systems.
LARGEST_LIMIT = 2**31 - 1


def read_csv(source: Source, options: ScanOptions, report: OnSkipped) -> Iterator[Row]:
    """Yield the rows of a CSV file; one too large, or wider than the header, is reported.

    Raises:
        ExtractionError: If the file cannot be read, a row of several lines is larger than the
            limit, or the header does not name the text field.
    """
    with open_text(source, options, report) as file:
        header = file.readline(options.max_file_bytes)
        delimiter = next((mark for mark in ",;\t" if mark in header), ",")
        file.seek(0)
        lines = RecordLines(file, source, options, report, has_quotes=True)
        yield from _rows(csv.reader(lines, delimiter=delimiter), lines, report)


def read_tsv(source: Source, options: ScanOptions, report: OnSkipped) -> Iterator[Row]:
    """Yield the rows of a TSV file; as :func:`read_csv`, but without quoting."""
    with open_text(source, options, report) as file:
        lines = RecordLines(file, source, options, report, has_quotes=False)
        records = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        yield from _rows(records, lines, report)


def _rows(records: CSVReader, lines: RecordLines, report: OnSkipped) -> Iterator[Row]:
    header: list[str] = []
    source, options = lines.source, lines.options
    # The limit of the csv module holds for the whole process, so it is only ever raised.
    wanted = min(options.max_file_bytes, LARGEST_LIMIT)
    csv.field_size_limit(max(csv.field_size_limit(), wanted))
    try:
        for values in records:
            if not values:
                lines.end_record()
            elif not header:
                header = [name.strip() for name in values]
                if options.text_field not in header:
                    raise no_text_field(source, header, options)
                lines.start_rows()
            elif any(values[len(header) :]):
                number = lines.next_row()
                detail = f"line {records.line_num}: {len(values)} fields, the header {len(header)}"
                report(Skipped(source.path, SkipReason.BAD_ROW, detail, number))
            else:
                yield Row(lines.next_row(), dict(zip(header, values, strict=False)))
    except csv.Error as error:
        detail = f"line {records.line_num}: {error}; is a quotation mark never closed?"
        raise ExtractionError(source.path, SkipReason.BROKEN, detail) from error
