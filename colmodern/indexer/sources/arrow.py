"""Token vectors in Arrow tables, streams of record batches and Parquet files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import InputError
from colmodern.indexer.sources.embedded import (
    EmbeddedBatch,
    checked_spans,
    cut,
    offsets_of,
)
from colmodern.types import Document, IntVector, Spans

_COLUMNS = ("id", "vectors", "text", "title", "spans", "metadata")
_PIECE_BYTES = 32 << 20
_MAX_PIECE_ROWS = 1 << 14


def table_batches(data: Any) -> tuple[Callable[[], Iterator[EmbeddedBatch]], bool]:
    """Return what starts to read a table or a stream, and whether it may be called again.

    Raises:
        InputError: It is neither, or a column is missing.
    """
    import pyarrow as pa

    if isinstance(data, pa.RecordBatchReader):
        _check_columns(data.schema, "The stream")
        return lambda: _batches(data, "the stream"), False
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    elif not isinstance(data, pa.Table):
        if not hasattr(data, "__arrow_c_stream__"):
            raise InputError(f"Expected an Arrow table or stream, not a {type(data).__name__}.")
        data = pa.table(data)
    _check_columns(data.schema, "The table")
    return lambda: _batches(data.to_batches(max_chunksize=_MAX_PIECE_ROWS), "the table"), True


def parquet_files(path: Path) -> list[Path]:
    """Return the Parquet files at a path: itself, or what a folder holds, by name.

    Raises:
        InputError: There is none, or one cannot be read or lacks a column.
    """
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"The folder {path} holds no file named *.parquet.")
    import pyarrow.parquet as pq

    for file in files:
        with _reading(file):
            schema = pq.read_schema(file)
        _check_columns(schema, str(file))
    return files


def parquet_batches(files: Iterable[Path]) -> Iterator[EmbeddedBatch]:
    """Yield the rows of Parquet files, some megabytes at a time."""
    import pyarrow.parquet as pq

    for file in files:
        with _reading(file), pq.ParquetFile(file, buffer_size=1 << 20) as opened:
            about = opened.metadata
            n_bytes = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
            n_rows = _PIECE_BYTES * about.num_rows // max(1, n_bytes)
            pieces = opened.iter_batches(
                batch_size=min(max(1, n_rows), _MAX_PIECE_ROWS),
                columns=[name for name in _COLUMNS if name in opened.schema_arrow.names],
            )
            yield from _batches(pieces, str(file))


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turn what Arrow raises about a file into an ``InputError``."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as err:
        reason = (str(err).strip() or type(err).__name__).splitlines()[0]
        raise InputError(f"{file} cannot be read as Parquet: {reason}.") from err


def _check_columns(schema: Any, place: str) -> None:
    for name in ("id", "vectors"):
        if name not in schema.names:
            raise InputError(
                f"{place} has no column {name!r}; it has {', '.join(schema.names) or 'none'}."
            )


def _batches(pieces: Iterable[Any], place: str) -> Iterator[EmbeddedBatch]:
    n_rows = 0
    for piece in pieces:
        if piece.num_rows:
            yield from _of_piece(piece, f"{place}, rows from {n_rows}")
        n_rows += piece.num_rows


def _of_piece(piece: Any, place: str) -> Iterator[EmbeddedBatch]:
    ids = _strings(piece, "id", place)
    documents = [
        Document(identifier, text, title, metadata)
        for identifier, text, title, metadata in zip(
            ids,
            _strings(piece, "text", place),
            _strings(piece, "title", place),
            _metadata(piece, ids),
            strict=True,
        )
    ]
    offsets, flat, owner = _lists(piece.column("vectors"), "vectors", ids)
    vectors = _vectors(flat, owner)
    spans = _spans(piece, documents, offsets)
    for first, last in cut(offsets):
        start, end = int(offsets[first]), int(offsets[last])
        yield EmbeddedBatch(
            documents[first:last],
            vectors[start:end],
            offsets[first : last + 1] - start,
            None if spans is None else spans[start:end],
        )


def _strings(piece: Any, name: str, place: str) -> list[str]:
    """Return a column as strings; missing texts and titles are empty, a missing id is refused."""
    import pyarrow as pa

    if name not in piece.schema.names:
        return [""] * piece.num_rows
    column = piece.column(name)
    if name == "id" and column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise InputError(f"{place}: row {row} of them has no id.")
    kind = column.type
    is_number = name == "id" and pa.types.is_integer(kind)
    if not is_number and not _is_string(kind):
        raise InputError(f"The column {name!r} of {place} must hold strings, not {kind}.")
    return [value or "" for value in column.cast(pa.large_string()).to_pylist()]


def _is_string(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return pa.types.is_null(kind) or any(check(kind) for check in checks)


def _metadata(piece: Any, ids: Sequence[str]) -> list[dict[str, Any]]:
    if "metadata" not in piece.schema.names:
        return [{} for _ in ids]
    rows = piece.column("metadata").to_pylist()
    found = []
    for identifier, row in zip(ids, rows, strict=True):
        if row is not None and not isinstance(row, dict | list):
            raise InputError(f"The metadata of document {identifier!r} are no struct: {row!r:.60}.")
        found.append(dict(row or {}))
    return found


def _lists(
    column: Any, name: str, ids: Sequence[str]
) -> tuple[IntVector, Any, Callable[[int], str]]:
    """Return the offsets and values of a column of lists, and who owns a value; no holes."""
    import pyarrow as pa

    if column.null_count:
        missing = ids[column.is_null().to_pylist().index(True)]
        raise InputError(
            f"Document {missing!r} has no {name}; an empty list says that it is empty."
        )
    if pa.types.is_fixed_size_list(column.type):
        offsets = offsets_of(np.full(len(column), column.type.list_size, np.int64))
    elif pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        offsets = column.offsets.to_numpy().astype(np.int64)
        offsets -= offsets[0]
    else:
        raise InputError(f"The column {name!r} must hold lists of lists, not {column.type}.")

    def owner(value: int) -> str:
        number = int(np.searchsorted(offsets, value, side="right")) - 1
        return f"Document {ids[min(number, len(ids) - 1)]!r}"

    values = column.flatten()
    _check_no_holes(values, owner, name)
    return offsets, values, owner


def _vectors(flat: Any, owner: Callable[[int], str]) -> NDArray[Any]:
    """Return the vectors of all documents, shape (n_tokens, dim); a view where Arrow allows it."""
    import pyarrow as pa

    if pa.types.is_fixed_size_list(flat.type):
        dim = flat.type.list_size
    elif pa.types.is_list(flat.type) or pa.types.is_large_list(flat.type):
        lengths = np.diff(flat.offsets.to_numpy())
        dim = int(lengths[0]) if len(lengths) else 0
        odd = np.flatnonzero(lengths != dim)
        if len(odd):
            token = int(odd[0])
            raise InputError(
                f"{owner(token)} has a vector of {lengths[token]} dimensions, those before it "
                f"{dim}."
            )
    else:
        raise InputError(
            f"The column 'vectors' must hold lists of lists, not lists of {flat.type}."
        )
    numbers = flat.flatten()
    if numbers.type not in (pa.float16(), pa.float32()):
        raise InputError(
            f"{owner(0)} has vectors of {numbers.type}; expected float16 (halffloat) or float32 "
            "(float)."
        )
    _check_no_holes(numbers, lambda i: owner(i // max(1, dim)), "vectors")
    return numbers.to_numpy().reshape(-1, dim) if dim else np.zeros((0, 0), np.float32)


def _check_no_holes(values: Any, owner: Callable[[int], str], name: str) -> None:
    if values.null_count:
        first = values.is_null().to_pylist().index(True)
        raise InputError(f"{owner(first)} has a missing value in its {name}.")


def _spans(piece: Any, documents: Sequence[Document], offsets: IntVector) -> Spans | None:
    if "spans" not in piece.schema.names:
        return None
    ids = [document.id for document in documents]
    ends, flat, owner = _lists(piece.column("spans"), "spans", ids)
    pairs = _pairs(flat, owner)
    parts = [
        checked_spans(document.id, pairs[start:end], int(n_tokens), len(document.text))
        for document, start, end, n_tokens in zip(
            documents, ends[:-1], ends[1:], np.diff(offsets), strict=True
        )
    ]
    return np.concatenate(parts)


def _pairs(flat: Any, owner: Callable[[int], str]) -> NDArray[Any]:
    """Return pairs of whole numbers, shape (n, 2), from structs or lists of two."""
    import pyarrow as pa

    if pa.types.is_struct(flat.type) and flat.type.num_fields == 2:
        sides = flat.flatten()
    elif pa.types.is_fixed_size_list(flat.type) and flat.type.list_size == 2:
        numbers = flat.flatten()
        sides = [numbers.take(pa.array(np.arange(side, len(numbers), 2))) for side in (0, 1)]
    elif pa.types.is_list(flat.type) or pa.types.is_large_list(flat.type):
        odd = np.flatnonzero(np.diff(flat.offsets.to_numpy()) != 2)
        if len(odd):
            raise InputError(f"{owner(int(odd[0]))} has a span that is no pair of start and end.")
        numbers = flat.flatten()
        sides = [numbers.take(pa.array(np.arange(side, len(numbers), 2))) for side in (0, 1)]
    else:
        raise InputError(f"The column 'spans' must hold lists of pairs, not lists of {flat.type}.")
    for side in sides:
        _check_no_holes(side, owner, "spans")
    return np.stack([side.to_numpy(zero_copy_only=False) for side in sides], axis=1)
