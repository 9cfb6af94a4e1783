"""What do the stages hand on? Parquet tables with fixed columns, written in one step."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from colmodern.errors import InputError

QUERIES = pa.schema(
    [
        ("query_id", pa.string()),
        ("source", pa.string()),
        ("split", pa.string()),
        ("text", pa.string()),
        ("document_ids", pa.list_(pa.string())),  # the positives
    ]
)
DOCUMENTS = pa.schema(
    [
        ("document_id", pa.string()),
        ("source", pa.string()),
        ("split", pa.string()),
        ("text", pa.string()),
    ]
)
NEGATIVES = pa.schema(
    [
        ("query_id", pa.string()),
        ("document_ids", pa.list_(pa.string())),
        ("ranks", pa.list_(pa.int32())),
    ]
)
LISTS = pa.schema(
    [
        ("query_id", pa.string()),
        ("source", pa.string()),
        ("document_ids", pa.list_(pa.string())),  # the positive first
        ("scores", pa.list_(pa.float32())),
    ]
)


def write_table(table: pa.Table, path: Path) -> Path:
    """Write a table so that the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.partial")
    pq.write_table(table, scratch, compression="zstd")
    scratch.replace(path)
    return path


def read_table(path: Path, columns: tuple[str, ...]) -> pa.Table:
    """Return a Parquet file.

    Args:
        path: The file.
        columns: What it must have.

    Raises:
        InputError: The file is missing, is cut short, is no Parquet, or lacks a column.
    """
    if not path.is_file():
        raise InputError(
            f"There is no file {path}; check the recipe and --data.", code="file_not_found"
        )
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as err:
        raise InputError(
            f"{path} is no readable Parquet file ({str(err).splitlines()[0]}); if it was "
            "downloaded, the download may have been interrupted: fetch it again.",
            code="file_unreadable",
        ) from err
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]!r}, only {table.column_names}.", code="row_invalid"
        )
    return table


def to_columns(table: pa.Table) -> dict[str, list]:  # type: ignore[type-arg]
    """Return the columns of a table as Python lists."""
    return {name: table.column(name).to_pylist() for name in table.column_names}
