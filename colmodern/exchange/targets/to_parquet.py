"""A Parquet file: what ``Embeddings.from_parquet`` reads, and every tool of data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from colmodern.exchange.rows import ExportedDocument
from colmodern.exchange.targets.arrow import batches_of, schema_of
from colmodern.storage import IndexReader


def write(output: Path, reader: IndexReader, rows: Iterator[ExportedDocument]) -> int:
    """Write a file and return how many rows it has."""
    import pyarrow.parquet as pq

    n_rows = 0
    with pq.ParquetWriter(output, schema_of(reader), compression="zstd") as writer:
        for batch in batches_of(reader, rows):
            writer.write_batch(batch)
            n_rows += batch.num_rows
    return n_rows
