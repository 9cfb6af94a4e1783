"""A local LanceDB database with one table, ``documents``.

LanceDB knows cosine only for several vectors a row, so its ``_distance`` is the number of query
vectors less MaxSim.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from colmodern.errors import MissingPackageError
from colmodern.exchange.rows import ExportedDocument
from colmodern.exchange.targets.arrow import batches_of, schema_of
from colmodern.storage import IndexReader

TABLE = "documents"


def write(output: Path, reader: IndexReader, rows: Iterator[ExportedDocument]) -> int:
    """Write a database and return how many rows its table has.

    Raises:
        MissingPackageError: LanceDB is not installed.
    """
    try:
        import lancedb
    except ImportError as error:
        raise MissingPackageError(
            purpose="An export to LanceDB", package="lancedb>=0.40"
        ) from error
    database = lancedb.connect(str(output))
    batches = batches_of(reader, rows)
    table = database.create_table(TABLE, data=batches, schema=schema_of(reader))
    return int(table.count_rows())
