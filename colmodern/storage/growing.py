"""Columns that grow while documents come in, without growing in memory.

A column stays in memory while it is small. Then it moves to a file without a name, which the system
removes with the process, and is mapped when it is complete.
"""

from __future__ import annotations

import mmap
import tempfile
from array import array
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from colmodern.storage.durable import write_all

__all__ = ["GrowingBytes", "GrowingTexts"]

_IN_MEMORY = 1 << 20


class GrowingBytes:
    """A run of bytes that is appended to, then read once as an array."""

    def __init__(self, folder: Path) -> None:
        """Start empty; ``folder`` is made when the bytes leave the memory."""
        self._folder = folder
        self._recent = bytearray()
        self._file: IO[bytes] | None = None
        self._size = 0

    def __len__(self) -> int:
        """Return the number of bytes."""
        return self._size

    def append(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self._size += len(data)
        if len(self._recent) + len(data) < _IN_MEMORY:
            self._recent += data
            return
        descriptor = self._descriptor()
        write_all(descriptor, self._recent)
        self._recent.clear()
        write_all(descriptor, data)

    def array(self, dtype: DTypeLike) -> NDArray[Any]:
        """Return everything as a vector; nothing may be appended afterwards."""
        if self._file is None:
            return np.frombuffer(self._recent, dtype)
        descriptor = self._descriptor()
        write_all(descriptor, self._recent)
        self._recent.clear()
        return np.frombuffer(mmap.mmap(descriptor, self._size, access=mmap.ACCESS_READ), dtype)

    def close(self) -> None:
        """Give memory and disk back; arrays taken before stay valid."""
        self._recent = bytearray()
        if self._file is not None:
            self._file.close()

    def _descriptor(self) -> int:
        if self._file is None:
            self._folder.mkdir(exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
        return self._file.fileno()


class GrowingTexts:
    """A column of strings that is appended to, then written once."""

    def __init__(self, folder: Path) -> None:
        """Start empty."""
        self._data = GrowingBytes(folder)
        self._offsets = array("q", [0])

    def append(self, text: str) -> None:
        """Append a string, which must be valid Unicode."""
        self._data.append(text.encode("utf-8"))
        self._offsets.append(len(self._data))

    def column(self) -> Any:
        """Return a large_string column; nothing may be appended afterwards."""
        buffers = (pa.py_buffer(self._offsets), pa.py_buffer(self._data.array(np.uint8)))
        return pa.LargeStringArray.from_buffers(len(self._offsets) - 1, *buffers)

    def order(self) -> NDArray[np.int32]:
        """Return the positions in the order of the UTF-8 bytes; equal ones as they came."""
        data, ends = self._data.array(np.uint8), self._offsets
        keys = [data[ends[i] : ends[i + 1]].tobytes() for i in range(len(ends) - 1)]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int32)

    def close(self) -> None:
        """Give memory and disk back; a column taken before stays valid."""
        self._data.close()
