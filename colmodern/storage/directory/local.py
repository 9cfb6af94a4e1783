"""How does a folder on a disk hold an index?"""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colmodern.storage.directory.base import Directory, IndexLocation
from colmodern.storage.directory.durable import DurableFile, replace_file, sync_folder
from colmodern.storage.directory.regular import opened_file
from colmodern.storage.directory.urls import check_local

if TYPE_CHECKING:
    from colmodern.storage.directory.lock import WriterLock
    from colmodern.storage.directory.scratch import FileScratch

__all__ = ["LocalDirectory", "as_directory"]


class LocalDirectory:
    """The folder of an index; see ``Directory``."""

    def __init__(self, path: str | Path) -> None:
        """Take a folder, which need not exist."""
        self._path = Path(path)
        self._text = str(self._path)

    def __repr__(self) -> str:
        """Return the path."""
        return f"<LocalDirectory {self._path}>"

    @property
    def path(self) -> Path:
        """The folder."""
        return self._path

    def map(self, name: str) -> Any:
        """Return a whole file, mapped into memory; the file is closed, the buffer keeps the map."""
        import pyarrow as pa

        with pa.memory_map(self._file(name)) as source:
            return source.read_buffer()

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a file from ``start`` on, at most ``length`` of them."""
        with opened_file(self._file(name)) as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""
        return os.stat(self._file(name)).st_size  # noqa: PTH116

    def version(self, name: str) -> Hashable:
        """Return the time of the last change, size and number of a file; None: no such file."""
        try:
            found = os.stat(self._file(name))  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def entries(self) -> list[str]:
        """Return the names of all files and folders at the top."""
        return [entry.name for entry in self._path.iterdir()]

    def create(self, name: str) -> DurableFile:
        """Start a new file; the folder in its name is made."""
        path = self._path / name
        if path.parent != self._path:
            path.parent.mkdir(exist_ok=True)
        return DurableFile(path)

    def replace(self, name: str, data: bytes) -> None:
        """Give a file other bytes in one step: written, synced, renamed."""
        replace_file(self._path / name, data)

    def sync(self, folder: str = "") -> None:
        """Wait until the names at the top, or in a folder, outlast a power cut."""
        sync_folder(self._path / folder)

    def delete(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        path = self._path / name
        if path.is_dir():
            import shutil  # 3 ms that a search need not pay

            shutil.rmtree(path)
        else:
            path.unlink()

    def lock(self) -> WriterLock:
        """Take the lock of the kernel; the folder is made if it does not exist."""
        from colmodern.storage.directory.lock import WriterLock

        return WriterLock(self._path)

    def scratch(self, folder: str = "") -> FileScratch:
        """Return room in memory and then in a file without a name."""
        from colmodern.storage.directory.scratch import FileScratch

        return FileScratch(self._path / folder)

    def _file(self, name: str) -> str:
        """Return the path of a file, as a string: opening an index takes very many of them."""
        return f"{self._text}/{name}"


def as_directory(location: IndexLocation) -> Directory:
    """Return the directory at a path, or the one that is given.

    Raises:
        ConfigError: It is a URL, where only a copy on this machine can be worked on.
    """
    if not isinstance(location, str | os.PathLike):
        return location
    check_local(location)
    return LocalDirectory(location)
