"""Parquet: one row a record, read in small batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from colmodern.corpus.extraction.parsed import OnSkipped, Row, parsing
from colmodern.corpus.extraction.rows import no_text_field
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source

__all__ = ["read_parquet"]

# Rows can hold whole books: few of them at a time keep the memory bounded.
BATCH_ROWS = 64

# Otherwise a whole row group, which may be the whole file, is read ahead; so do threads.
_IN_PIECES: dict[str, Any] = {"pre_buffer": False, "buffer_size": 1 << 20}


def read_parquet(source: Source, options: ScanOptions, _: OnSkipped) -> Iterator[Row]:
    """Yield the rows of a Parquet file; columns of bytes are never read.

    Raises:
        ExtractionError: If the file cannot be read, or no column is the text field.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with parsing(source, "Parquet"), pq.ParquetFile(source.path, **_IN_PIECES) as file:
        schema = file.schema_arrow
        if options.text_field not in schema.names:
            raise no_text_field(source, schema.names, options)
        is_bytes = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
        columns = [f.name for f in schema if not any(test(f.type) for test in is_bytes)]
        if options.text_field not in columns:
            detail = f"column {options.text_field!r} holds bytes, not text; save it as strings"
            raise ExtractionError(source.path, SkipReason.NO_TEXT_FIELD, detail)
        number = 0
        for batch in file.iter_batches(BATCH_ROWS, columns=columns, use_threads=False):
            for fields in batch.to_pylist():
                number += 1
                yield Row(number, fields)
