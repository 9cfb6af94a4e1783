"""How does a column grow while documents come in, without growing in memory?"""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from colmodern.storage.directory import Scratch
from colmodern.types import IntVector

__all__ = ["ColumnBuffer", "TextColumnBuffer"]


class ColumnBuffer:
    """A column of numbers that is appended to, then read once as an array."""

    def __init__(self, scratch: Scratch) -> None:
        """Start empty; the numbers wait in ``scratch``."""
        self._scratch = scratch

    def append(self, values: NDArray[Any]) -> None:
        """Append an array, row after row."""
        self._scratch.append(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)

    def array(self, dtype: DTypeLike) -> NDArray[Any]:
        """Return everything as a vector; nothing may be appended afterwards."""
        return np.frombuffer(self._scratch.map(), dtype)

    def close(self) -> None:
        """Give memory and disk back; arrays taken before stay valid."""
        self._scratch.close()


class TextColumnBuffer:
    """A column of strings that is appended to, then written once."""

    def __init__(self, scratch: Scratch) -> None:
        """Start empty; the UTF-8 bytes wait in ``scratch``."""
        self._scratch = scratch
        self._offsets = array("q", [0])

    def append(self, offsets: IntVector, data: Any) -> None:
        """Append strings.

        Args:
            offsets: Shape (n + 1,), int64: where each begins and the last one ends, from 0.
            data: A buffer of their UTF-8 bytes.
        """
        self._offsets.frombytes((offsets[1:] + len(self._scratch)).tobytes())
        self._scratch.append(data)

    def column(self) -> Any:
        """Return a large_string column; nothing may be appended afterwards."""
        buffers = (pa.py_buffer(self._offsets), pa.py_buffer(self._bytes()))
        return pa.LargeStringArray.from_buffers(len(self._offsets) - 1, *buffers)

    def order(self) -> NDArray[np.int32]:
        """Return the positions in the order of the UTF-8 bytes; equal ones as they came."""
        data, ends = self._bytes(), self._offsets
        keys = [data[ends[i] : ends[i + 1]].tobytes() for i in range(len(ends) - 1)]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int32)

    def close(self) -> None:
        """Give memory and disk back; a column taken before stays valid."""
        self._scratch.close()

    def _bytes(self) -> NDArray[np.uint8]:
        return np.frombuffer(self._scratch.map(), np.uint8)
