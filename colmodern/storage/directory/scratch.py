"""Where do bytes wait that are no file of an index yet? In memory, then in a nameless file.

The system removes such a file with the process. A kill in the moment of its making may leave it,
so it is made in a folder that the next writer clears.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path
from typing import IO, Any

from colmodern.storage.directory.durable import write_all

__all__ = ["FileScratch"]

_IN_MEMORY = 1 << 20


class FileScratch:
    """Bytes that leave the memory when they are many; see ``Scratch``."""

    def __init__(self, folder: Path) -> None:
        """Start empty; ``folder`` is made when the bytes leave the memory."""
        self._folder = folder
        self._recent = bytearray()
        self._file: IO[bytes] | None = None
        self._size = 0

    def __len__(self) -> int:
        """Return the number of bytes."""
        return self._size

    def append(self, data: Any) -> None:
        """Append all of a buffer of bytes."""
        self._size += len(data)
        if len(self._recent) + len(data) < _IN_MEMORY:
            self._recent += data
            return
        descriptor = self._flushed()
        write_all(descriptor, data)

    def read(self, start: int, length: int) -> bytes:
        """Return some of the bytes."""
        if self._file is None:
            return bytes(self._recent[start : start + length])
        self._flushed()
        self._file.seek(start)
        data = self._file.read(length)
        self._file.seek(0, os.SEEK_END)
        return data

    def map(self) -> Any:
        """Return all bytes as a buffer, which stays valid; nothing may be appended afterwards."""
        if self._file is None:
            return self._recent
        return mmap.mmap(self._flushed(), self._size, access=mmap.ACCESS_READ)

    def close(self) -> None:
        """Give memory and disk back."""
        self._recent = bytearray()
        if self._file is not None:
            self._file.close()

    def _flushed(self) -> int:
        """Write what is in memory to the file, which is made if need be; return its descriptor."""
        if self._file is None:
            self._folder.mkdir(exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
        descriptor = self._file.fileno()
        write_all(descriptor, self._recent)
        self._recent.clear()
        return descriptor
