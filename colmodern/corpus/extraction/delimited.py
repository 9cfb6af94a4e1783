"""CSV and TSV: one row a record, under a header that names the fields.

CSV follows RFC 4180; what separates the fields is what the header holds most of (commas,
semicolons, tabs, bars), or what a first line ``sep=;`` of Excel says. TSV has no quoting: a line is
a row, and a quotation mark is a quotation mark.

A quotation mark that is never closed would make one row of all that follows. Where a row
of several lines is not sound, it ends with its first line, and what follows is read anew. One that
is still open where the file ends may have been cut short: it is no row, and what follows is taken
only where it has all fields. Nor is a last line that has no line break and lacks fields.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from colmodern.corpus.extraction.parsed import OnSkipped, Row
from colmodern.corpus.extraction.record_lines import RecordLines
from colmodern.corpus.extraction.rows import no_text_field
from colmodern.corpus.extraction.streams import open_text
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, Skipped, SkipReason, Source

__all__ = ["read_csv", "read_tsv"]

# The csv module takes its limit as a C long, which has 32 bits on some systems.
LARGEST_LIMIT = 2**31 - 1

# So many marks that are never closed are mended; a file with more is no CSV.
_MOST_MENDED = 100

_MARKS = ",;\t|"
_OPEN = "the file ends inside a quotation mark"
_NEVER_CLOSED = "a quotation mark is never closed; the row ends with its line"

_SEP_LINE = re.compile(r"\ufeff?\"?sep=(?P<mark>[^\r\n\"])\"?[\r\n]*", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')


class _Record(NamedTuple):
    """The fields of a row, the number of the line at which it ends, and what is wrong with it.

    ``is_open``: the file ends inside its quotation marks.
    """

    fields: list[str]
    line: int
    fault: str = ""
    is_open: bool = False


def read_csv(source: Source, options: ScanOptions, report: OnSkipped) -> Iterator[Row]:
    """Yield the rows of a CSV file; a row with more fields than the header is reported.

    Raises:
        ExtractionError: If the file cannot be read, or the header does not name the text field.
    """
    with open_text(source, options, report) as file:
        first = file.readline(options.max_file_bytes)
        said = _SEP_LINE.fullmatch(first)
        if said is None:
            file.seek(0)
        mark = options.delimiter or (said["mark"] if said else _mark_of(first))
        lines = RecordLines(file, source, options, report, has_quotes=True)
        yield from _rows(_records(lines, mark, said is not None), lines, report)


def read_tsv(source: Source, options: ScanOptions, report: OnSkipped) -> Iterator[Row]:
    """Yield the rows of a TSV file; as :func:`read_csv`, but without quoting."""
    with open_text(source, options, report) as file:
        lines = RecordLines(file, source, options, report, has_quotes=False)
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        records = (_Record(fields, rows.line_num) for fields in rows)
        yield from _rows(records, lines, report)


def _mark_of(header: str) -> str:
    """Return what a header has most of outside quotation marks; a comma if it has none of them."""
    bare = _QUOTED.sub("", header)
    return max(_MARKS, key=bare.count)


class _Kept:
    """Lines as they are read; those of the record that is being read are kept."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.of_record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.of_record.append(line)
            yield line

    def after_first(self) -> Iterator[str]:
        return chain(self.of_record[1:], self._lines)


def _records(lines: Iterable[str], mark: str, n_before: int) -> Iterator[_Record]:
    for _ in range(_MOST_MENDED):
        kept = _Kept(lines)
        reader = csv.reader(kept, delimiter=mark)
        before = 0
        is_mended = False
        for fields in _until_error(reader):
            is_open = fields is not None and _is_open(kept.of_record, mark)
            is_long = len(kept.of_record) > 1
            if fields is None or is_open or (is_long and _is_unsound(kept.of_record, mark)):
                fault = _OPEN if is_open else _NEVER_CLOSED
                n_before += before + 1
                closed = kept.of_record[0].rstrip("\r\n") + '"'
                own = next(csv.reader([closed], delimiter=mark))
                yield _Record(own, n_before, fault, is_open)
                lines, is_mended = kept.after_first(), True
                break
            yield _Record(fields, n_before + reader.line_num)
            before = reader.line_num
            kept.of_record.clear()
        if not is_mended:
            return
    raise csv.Error(f"more than {_MOST_MENDED} quotation marks are never closed")


def _until_error(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """Yield the records; None for one with a field beyond the limit, which ends them."""
    try:
        yield from reader
    except csv.Error:
        yield None


def _is_unsound(lines: list[str], mark: str) -> bool:
    """Say whether a record ends inside quotation marks, or goes on after a field is closed."""
    try:
        list(csv.reader(lines, delimiter=mark, strict=True))
    except csv.Error:
        return True
    return False


def _is_open(lines: list[str], mark: str) -> bool:
    """Say whether a record goes on behind its last line: it takes in one more."""
    n_marks = sum(line.count('"') for line in lines)
    return n_marks % 2 == 1 and sum(1 for _ in csv.reader([*lines, "more"], delimiter=mark)) == 1


def _rows(records: Iterator[_Record], lines: RecordLines, report: OnSkipped) -> Iterator[Row]:
    header: list[str] = []
    was_open = False
    source, options = lines.source, lines.options
    # The limit of the csv module holds for the whole process, so it is only ever raised.
    wanted = min(options.max_file_bytes, LARGEST_LIMIT)
    csv.field_size_limit(max(csv.field_size_limit(), wanted))
    try:
        for record in records:
            values = record.fields
            if not values:
                lines.end_record()
                continue
            if not header:
                header = [name.strip() for name in values]
                if options.text_field not in header:
                    raise no_text_field(source, header, options)
                lines.start_rows()
                continue
            number = lines.next_row()
            if record.fault:
                detail = f"line {record.line}: {record.fault}"
                reason = SkipReason.BROKEN if record.is_open else SkipReason.PART
                report(Skipped(source.path, reason, detail, number))
            if record.is_open:
                was_open = True
                continue
            wrong = _wrong_fields(values, header, was_open=was_open, is_cut=lines.is_cut)
            if wrong is None:
                yield Row(number, dict(zip(header, values, strict=False)))
            else:
                reason, clause = wrong
                report(Skipped(source.path, reason, f"line {record.line}: {clause}", number))
    except csv.Error as error:
        raise ExtractionError(source.path, SkipReason.BROKEN, str(error)) from error


def _wrong_fields(
    values: list[str], header: list[str], *, was_open: bool, is_cut: bool
) -> tuple[SkipReason, str] | None:
    """Return what is wrong with the number of fields of a row, if anything is.

    Args:
        values: The fields.
        header: The names.
        was_open: Whether a row before was still open where the file ends.
        is_cut: Whether the file ends in this row, without a line break.
    """
    if any(values[len(header) :]):
        return SkipReason.BAD_ROW, f"{len(values)} fields, the header {len(header)}"
    if len(values) >= len(header):
        return None
    if was_open:
        return SkipReason.BAD_ROW, "it follows an open quotation mark and lacks fields"
    return (SkipReason.BROKEN, "the file ends in it, before its last field") if is_cut else None
