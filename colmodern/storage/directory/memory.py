"""How does memory hold an index? For tests, and for indexes that need not outlast the process."""

from __future__ import annotations

import errno
import os
from collections.abc import Hashable
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, Self

import pyarrow as pa

from colmodern.errors import IndexLockedError

__all__ = ["MemoryDirectory"]


class MemoryDirectory:
    """An index in the memory of this process; see ``Directory``. Threads may share it."""

    def __init__(self, name: str = "memory") -> None:
        """Start empty; ``name`` is what messages call it."""
        self._path = Path(name)
        # Each file: its bytes, and a number that no other file ever had. Replaced, never changed.
        self._files: dict[str, tuple[Any, int]] = {}
        self._numbers = count()
        self._lock = Lock()

    def __repr__(self) -> str:
        """Return the name."""
        return f"<MemoryDirectory {self._path}>"

    @property
    def path(self) -> Path:
        """The name."""
        return self._path

    def map(self, name: str) -> Any:
        """Return a whole file."""
        return self._file(name)[0]

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a file from ``start`` on, at most ``length`` of them."""
        end = None if length is None else start + length
        return bytes(memoryview(self._file(name)[0])[start:end])

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""
        return len(memoryview(self._file(name)[0]))

    def version(self, name: str) -> Hashable:
        """Return the number of a file's bytes; None: no such file."""
        return self._files[name][1] if name in self._files else None

    def entries(self) -> list[str]:
        """Return the names of all files and folders at the top."""
        return list({name.split("/")[0] for name in tuple(self._files)})

    def create(self, name: str) -> _NewMemoryFile:
        """Start a new file; others see it once it is closed."""
        if name in self._files:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._path / name))
        return _NewMemoryFile(self, name)

    def replace(self, name: str, data: bytes) -> None:
        """Give a file other bytes in one step."""
        self.publish(name, pa.py_buffer(data))

    def publish(self, name: str, data: Any) -> None:
        """Give a name a buffer that nobody will change."""
        self._files[name] = (data, next(self._numbers))

    def sync(self, folder: str = "") -> None:
        """Do nothing: no byte outlasts the process."""

    def delete(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        found = [file for file in tuple(self._files) if file == name or file.startswith(f"{name}/")]
        if not found:
            raise self._missing(name)
        for file in found:
            self._files.pop(file, None)

    def lock(self) -> _MemoryLock:
        """Take the lock."""
        if not self._lock.acquire(blocking=False):
            raise IndexLockedError(
                f"The index {self._path} is being written to by process {os.getpid()} on this "
                "machine. Wait until that has finished, or end it.",
                path=self._path,
            )
        return _MemoryLock(self._lock)

    def scratch(self, folder: str = "") -> _MemoryScratch:  # noqa: ARG002  as a disk needs it
        """Return room in memory."""
        return _MemoryScratch()

    def _file(self, name: str) -> tuple[Any, int]:
        try:
            return self._files[name]
        except KeyError:
            raise self._missing(name) from None

    def _missing(self, name: str) -> FileNotFoundError:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._path / name))


class _MemoryLock:
    def __init__(self, lock: Lock) -> None:
        self._lock: Lock | None = lock

    def release(self) -> None:
        """Let the next writer in; a second call does nothing."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class _NewMemoryFile:
    def __init__(self, directory: MemoryDirectory, name: str) -> None:
        self._directory = directory
        self._name = name
        self._sink = pa.BufferOutputStream()  # its buffers are aligned as those of a mapped file

    def write(self, data: Any) -> None:
        """Append all of a buffer."""
        self._sink.write(data)

    def sync(self) -> None:
        """Do nothing: no byte outlasts the process."""

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Show the file to others, if it is whole."""
        if kind is None:
            data = memoryview(self._sink.getvalue()).toreadonly()
            self._directory.publish(self._name, pa.py_buffer(data))


class _MemoryScratch:
    def __init__(self) -> None:
        self._bytes = bytearray()

    def __len__(self) -> int:
        """Return the number of bytes."""
        return len(self._bytes)

    def append(self, data: Any) -> None:
        """Append all of a buffer of bytes."""
        self._bytes += data

    def read(self, start: int, length: int) -> bytes:
        """Return some of the bytes."""
        return bytes(memoryview(self._bytes)[start : start + length])

    def map(self) -> Any:
        """Return all bytes as a buffer."""
        return self._bytes

    def close(self) -> None:
        """Give the memory back; a buffer taken before keeps its bytes."""
        self._bytes = bytearray()
