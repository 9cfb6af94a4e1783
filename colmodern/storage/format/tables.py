"""How do columns become the bytes of an Arrow file, and NumPy views of such bytes?

One file holds one record batch, so every column is one contiguous run of bytes. Nothing is copied
when it is read, and no view is handed out that could reach beyond the bytes: types, offsets and
alignment are compared first. The views keep the buffer alive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from colmodern.errors import IndexCorruptError
from colmodern.storage.format.plain_arrow import NotPlainError, check_plain
from colmodern.types import IntVector

__all__ = [
    "StringColumn",
    "Table",
    "damaged",
    "fixed_lists",
    "lists",
    "structs",
    "write_batch",
]


def lists(offsets: IntVector, values: Any) -> Any:
    """Return a large_list column of non-null values; offsets shape (n + 1,), int64."""
    item = pa.field("item", values.type, nullable=False)
    return pa.LargeListArray.from_arrays(pa.array(offsets), values, type=pa.large_list(item))


def fixed_lists(rows: NDArray[np.uint8]) -> Any:
    """Return a fixed_size_list column of the rows of a matrix, shape (n, width)."""
    item = pa.field("item", pa.uint8(), nullable=False)
    kind = pa.list_(item, rows.shape[1])
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), type=kind)


def structs(kind: Any, fields: Sequence[NDArray[Any]]) -> Any:
    """Return a column of structs of a type, from a vector for each of its fields."""
    names = [kind.field(i) for i in range(kind.num_fields)]
    return pa.StructArray.from_arrays([pa.array(field) for field in fields], fields=names)


def write_batch(sink: Any, schema: Any, columns: Sequence[Any]) -> None:
    """Write an Arrow IPC file with one record batch to a binary file."""
    batch = pa.record_batch(list(columns), schema=schema)
    with pa.ipc.new_file(pa.PythonFile(sink, mode="w"), schema) as writer:
        writer.write_batch(batch)


def damaged(path: Path, what: str) -> IndexCorruptError:
    """Return the error that says what is wrong with a file."""
    return IndexCorruptError(
        f"{path} is damaged: {what}. Mend it with `colmodern repair`, or restore it from a backup.",
        path=path,
    )


class StringColumn(Sequence[str]):
    """A column of strings that are decoded when they are asked for."""

    def __init__(self, offsets: IntVector, data: Any, path: Path) -> None:
        """Keep int64 offsets, shape (n + 1,), and the UTF-8 bytes; neither is checked yet."""
        self._offsets = offsets
        self._data = data
        self._path = path

    def __len__(self) -> int:
        """Return the number of strings."""
        return len(self._offsets) - 1

    @property
    def offsets(self) -> IntVector:
        """Where each string begins, shape (n + 1,), int64; unchecked."""
        return self._offsets

    @property
    def data(self) -> Any:
        """The UTF-8 bytes of all strings; none if the last offset is out of range."""
        end = int(self._offsets[-1])
        return self._data[:end] if 0 <= end <= len(self._data) else self._data[:0]

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Return one string, or a list of them for a slice.

        Raises:
            IndexCorruptError: The offsets leave the file, or the bytes are not UTF-8.
        """
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        try:
            return self.bytes_at(index).decode("utf-8")
        except UnicodeDecodeError as error:
            raise damaged(self._path, f"a text is not UTF-8 ({error.reason})") from error

    def bytes_at(self, index: int) -> bytes:
        """Return the UTF-8 bytes of one string."""
        position = range(len(self._offsets) - 1)[index]
        start, end = int(self._offsets[position]), int(self._offsets[position + 1])
        if not 0 <= start <= end <= len(self._data):
            raise damaged(self._path, "the offsets of a text column are out of range")
        return bytes(self._data[start:end])

    def bytes_of(self, first: int, last: int) -> tuple[IntVector, Any]:
        """Return the strings first .. last - 1: where each begins, from 0, and their UTF-8 bytes.

        Raises:
            IndexCorruptError: The offsets leave the file.
        """
        offsets = self._offsets[first : last + 1]
        if offsets[0] < 0 or offsets[-1] > len(self._data) or np.any(np.diff(offsets) < 0):
            raise damaged(self._path, "the offsets of a text column are out of range")
        return offsets - offsets[0], self._data[int(offsets[0]) : int(offsets[-1])]


class Table:
    """The record batch of one Arrow file, column by column as NumPy views (read-only)."""

    def __init__(
        self, data: Any, path: Path, *, schema: Any = None, n_rows: int | None = None
    ) -> None:
        """Take the bytes of a file, a ``pyarrow.Buffer``; ``path`` is for the messages.

        Raises:
            IndexCorruptError: It is no such file, or has other columns or rows than it should.
        """
        self.path = path
        self._guard: Callable[[], None] | None = None
        self._batch = self._read(data)
        if schema is not None and not self._batch.schema.equals(schema):
            raise self.corrupt("its columns are not those of the format")
        if n_rows is not None and self._batch.num_rows != n_rows:
            raise self.corrupt(f"it has {self._batch.num_rows} rows, the manifest says {n_rows}")

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return int(self._batch.num_rows)

    @property
    def schema(self) -> Any:
        """The Arrow schema."""
        return self._batch.schema

    def guarded(self, guard: Callable[[], None] | None) -> Self:
        """Return the same table, which calls ``guard`` before a column is handed out."""
        table = copy(self)
        table._guard = guard
        return table

    def corrupt(self, what: str) -> IndexCorruptError:
        """Return the error that says what is wrong with this file."""
        return damaged(self.path, what)

    def vector(self, name: str) -> NDArray[Any]:
        """Return a column of numbers, shape (n_rows,)."""
        return self._numbers(self._column(name))

    def matrix(self, name: str) -> NDArray[Any]:
        """Return a column of fixed-size lists, shape (n_rows, width)."""
        column = self._column(name)
        width = column.type.list_size
        self._data_buffers(column)
        values = self._numbers(column.values, len(column) * width)
        return values.reshape(len(column), width)

    def ragged(self, name: str) -> tuple[IntVector, tuple[NDArray[Any], ...]]:
        """Return a column of lists as offsets, shape (n_rows + 1,), and values.

        Lists of structs give one values array for each field. The offsets are compared with the
        values: they start at 0, never fall and end at the last value.
        """
        offsets = self.offsets(name)
        child = self._column(name).values
        if not pa.types.is_struct(child.type):
            return offsets, (self._numbers(child),)
        self._data_buffers(child)
        fields = tuple(child.field(i) for i in range(child.type.num_fields))
        return offsets, tuple(self._numbers(field, len(child)) for field in fields)

    def offsets(self, name: str) -> IntVector:
        """Return where the values of each list of a column begin, compared with the values."""
        column = self._column(name)
        offsets = self._offsets(column)
        n_values = len(column.values)
        if offsets[0] != 0 or offsets[-1] != n_values or np.any(offsets[1:] < offsets[:-1]):
            raise self.corrupt(f"the offsets of {name} are out of range")
        return offsets

    def strings(self, name: str) -> StringColumn:
        """Return a column of strings."""
        column = self._column(name)
        data = column.buffers()[2]
        view = memoryview(b"") if data is None else memoryview(data)
        return StringColumn(self._offsets(column), view, self.path)

    def rows(self) -> list[dict[str, Any]]:
        """Return every row as a dict: for small tables; everything is checked and copied."""
        if self._guard is not None:
            self._guard()
        try:
            self._batch.validate(full=True)
            rows: list[dict[str, Any]] = self._batch.to_pylist()
        except (pa.ArrowException, ValueError) as error:
            raise self.corrupt(str(error)) from error
        return rows

    def _read(self, data: Any) -> Any:
        try:
            check_plain(data)
            batch = pa.ipc.open_file(data).get_batch(0)
            batch.validate()
        except NotPlainError as error:
            raise self.corrupt(f"it is not an Arrow file as FORMAT.md has it: {error}") from error
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self.corrupt(f"it is not an Arrow IPC file ({error})") from error
        return batch

    def _column(self, name: str) -> Any:
        if self._guard is not None:
            self._guard()
        return self._batch.column(name)

    def _data_buffers(self, column: Any) -> Sequence[Any]:
        """Return the buffers after the validity bitmap, which must not be there."""
        buffers: list[Any] = column.buffers()
        if buffers[0] is not None or column.offset:
            raise self.corrupt("a column has nulls or does not start at its first row")
        return buffers[1:]

    def _numbers(self, column: Any, count: int | None = None) -> NDArray[Any]:
        dtype = np.dtype(column.type.to_pandas_dtype())
        (data,) = self._data_buffers(column)
        return self._view(data, dtype, len(column) if count is None else count)

    def _offsets(self, column: Any) -> IntVector:
        offsets = self._data_buffers(column)[0]
        if len(column) == 0:
            return np.zeros(1, np.int64)
        return self._view(offsets, np.dtype(np.int64), len(column) + 1)

    def _view(self, data: Any, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        if count == 0:
            return np.zeros(0, dtype)
        if data is None or data.size < count * dtype.itemsize or data.address % dtype.itemsize:
            raise self.corrupt("a column is shorter than its rows, or misaligned")
        return np.frombuffer(data, dtype, count)
