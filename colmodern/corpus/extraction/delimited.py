"""CSV and TSV: one row a record, under a header that names the fields.

CSV follows RFC 4180; where the header holds semicolons or tabs and no comma, those separate the
fields. TSV has no quoting: a line is a row, and a quotation mark is a quotation mark.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING

from colmodern.corpus.extraction.parsed import OnSkipped, Row
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
    """Yield the rows of a CSV file; a row with more fields than the header is reported.

    Raises:
        ExtractionError: If the file cannot be read, a field is larger than the limit, or the
            header does not name the text field.
    """
    with open_text(source, options, report) as file:
        header = file.readline(options.max_file_bytes)
        delimiter = next((mark for mark in ",;\t" if mark in header), ",")
        file.seek(0)
        _allow_fields_of(options.max_file_bytes)
        yield from _rows(csv.reader(file, delimiter=delimiter), source, options, report)


def read_tsv(source: Source, options: ScanOptions, report: OnSkipped) -> Iterator[Row]:
    """Yield the rows of a TSV file; as :func:`read_csv`, but without quoting."""
    with open_text(source, options, report) as file:
        _allow_fields_of(options.max_file_bytes)
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        yield from _rows(rows, source, options, report)


def _allow_fields_of(n_characters: int) -> None:
    # The limit of the csv module holds for the whole process, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), min(n_characters, LARGEST_LIMIT)))


def _rows(
    records: CSVReader, source: Source, options: ScanOptions, report: OnSkipped
) -> Iterator[Row]:
    header: list[str] = []
    number = 0
    try:
        for values in filter(None, records):
            if not header:
                header = [name.strip() for name in values]
                if options.text_field not in header:
                    raise no_text_field(source, header, options)
                continue
            number += 1
            if any(values[len(header) :]):
                detail = f"line {records.line_num}: {len(values)} fields, the header {len(header)}"
                report(Skipped(source.path, SkipReason.BAD_ROW, detail, number))
            else:
                yield Row(number, dict(zip(header, values, strict=False)))
    except csv.Error as error:
        detail = f"line {records.line_num}: {error}; is a quotation mark never closed?"
        raise ExtractionError(source.path, SkipReason.BROKEN, detail) from error
