"""Parquet: one row a record, read in small batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from colmodern.corpus.extraction.parsed import OnSkipped, Row, parsing
from colmodern.corpus.extraction.rows import no_text_field
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, Skipped, SkipReason, Source

__all__ = ["read_parquet"]

# Rows can hold whole books: few of them at a time keep the memory bounded.
BATCH_ROWS = 64

# A row is counted in characters; in UTF-8 one has no more bytes than these.
_MOST_BYTES_A_CHARACTER = 4

# Otherwise a whole row group, which may be the whole file, is read ahead; so do threads.
_IN_PIECES: dict[str, Any] = {"pre_buffer": False, "buffer_size": 1 << 20}


def read_parquet(source: Source, options: ScanOptions, report: OnSkipped) -> Iterator[Row]:
    """Yield the rows of a Parquet file; columns of bytes are never read, large rows are reported.

    Raises:
        ExtractionError: If the file cannot be read, or no column is the text field.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with parsing(source, "Parquet"), pq.ParquetFile(source.path, **_IN_PIECES) as file:
        columns = _columns(file, source, options)
    # A text that is kept once for many rows is not copied for each of them.
    texts = [name for name, kind in columns.items() if pa.types.is_string(kind)]
    how = {**_IN_PIECES, "read_dictionary": texts}
    with parsing(source, "Parquet"), pq.ParquetFile(source.path, **how) as file:
        number = 0
        for group in range(file.num_row_groups):
            if _is_one_large_row(file, group, list(columns), options):
                number += 1
                report(_too_large(source, options, number))
                continue
            read = {"row_groups": [group], "columns": list(columns), "use_threads": False}
            for batch in file.iter_batches(_batch_rows(file, group, options), **read):
                for at in range(batch.num_rows):
                    number += 1
                    try:
                        fields = {n: _value(batch.column(i)[at]) for i, n in enumerate(columns)}
                    except ValueError as error:
                        detail = f"a value cannot be read: {error}"
                        report(Skipped(source.path, SkipReason.BAD_ROW, detail, number))
                        continue
                    if _size(fields) <= options.max_file_bytes:
                        yield Row(number, fields)
                        continue
                    report(_too_large(source, options, number))


def _columns(file: Any, source: Source, options: ScanOptions) -> dict[str, Any]:
    """Return the types of the columns that are read, by name."""
    import pyarrow as pa

    schema = file.schema_arrow
    if options.text_field not in schema.names:
        raise no_text_field(source, schema.names, options)
    is_bytes = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    columns = {f.name: f.type for f in schema if not any(test(f.type) for test in is_bytes)}
    if options.text_field not in columns:
        detail = f"column {options.text_field!r} holds bytes, not text; save it as strings"
        raise ExtractionError(source.path, SkipReason.NO_TEXT_FIELD, detail)
    return columns


def _value(cell: Any) -> Any:
    """Return what a cell holds; a time that no calendar has is nothing.

    Raises:
        ValueError: It cannot be read: a text that is not UTF-8, or such a time in a list.
    """
    import pyarrow as pa

    try:
        return cell.as_py()
    except (OverflowError, ValueError) as error:
        if pa.types.is_temporal(cell.type):
            return _time(cell)
        raise ValueError(error) from error


def _time(cell: Any) -> Any:
    """Return a time to the microsecond, in UTC where its zone is unknown; None: there is none."""
    import pyarrow as pa

    kind = cell.type
    unit = getattr(kind, "unit", None)
    unit = "us" if unit == "ns" else unit  # Python knows no nanoseconds
    if pa.types.is_timestamp(kind):
        kind = pa.timestamp(unit, kind.tz and "UTC")
    elif pa.types.is_duration(kind):
        kind = pa.duration(unit)
    elif pa.types.is_time64(kind):
        kind = pa.time64(unit)
    try:
        return cell.cast(kind, safe=False).as_py()
    except (OverflowError, ValueError):
        return None


def _batch_rows(file: Any, group: int, options: ScanOptions) -> int:
    """Return how many rows are read at a time: one where they are large."""
    record = file.metadata.row_group(group)
    mean = record.total_byte_size / max(1, record.num_rows)
    return BATCH_ROWS if mean * BATCH_ROWS <= options.max_file_bytes else 1


def _is_one_large_row(file: Any, group: int, columns: list[str], options: ScanOptions) -> bool:
    """Say whether a row group is one row that is too large, without reading it."""
    record = file.metadata.row_group(group)
    if record.num_rows != 1:
        return False
    chunks = [record.column(i) for i in range(record.num_columns)]
    read = [chunk for chunk in chunks if chunk.path_in_schema.split(".")[0] in columns]
    n_bytes: int = sum(chunk.total_uncompressed_size for chunk in read)
    return n_bytes > _MOST_BYTES_A_CHARACTER * options.max_file_bytes


def _too_large(source: Source, options: ScanOptions, number: int) -> Skipped:
    detail = f"a row of more than {options.max_file_bytes:,} characters"
    return Skipped(source.path, SkipReason.TOO_LARGE, detail, number)


def _size(value: Any) -> int:
    """Return how many characters the texts in a value have."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list | tuple) else 0
