"""What must a place be able to do to hold an index? A protocol of a few methods.

Names are those of FORMAT.md, with ``/`` between a segment and its file. A file, once written, is
never written to again; only ``replace`` gives a name other bytes, in one step. So whoever has
mapped a file keeps what it read, whatever is committed or deleted later.

All methods raise ``OSError`` where the place refuses, ``FileNotFoundError`` for a name that is not
there; ``writing`` in ``durable`` turns that into the error that users see.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias

__all__ = ["Directory", "IndexLocation", "Lock", "NewFile", "Scratch"]


class Directory(Protocol):
    """A place that holds one index."""

    @property
    def path(self) -> Path:
        """What messages call it; ``path / name`` is what they call a file of it."""

    def map(self, name: str) -> Any:
        """Return a whole file as a read-only ``pyarrow.Buffer``, without copying it.

        The buffer stays valid when the file is deleted.
        """

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a file from ``start`` on, at most ``length`` of them."""

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""

    def version(self, name: str) -> Hashable:
        """Return what changes whenever ``replace`` gives a file other bytes; None: no such file.

        It costs next to nothing, so that a server may ask many times a second.
        """

    def entries(self) -> list[str]:
        """Return the names of all files and folders at the top."""

    def create(self, name: str) -> NewFile:
        """Start a new file; the folder in its name is made.

        Raises:
            FileExistsError: There is such a file; nobody's bytes are ever written over.
        """

    def replace(self, name: str, data: bytes) -> None:
        """Give a file other bytes in one step: it has the old ones or the new ones, always.

        What it names must be durable already. Call ``sync`` afterwards: before that a power cut may
        bring the old bytes back.
        """

    def sync(self, folder: str = "") -> None:
        """Wait until the names at the top, or in a folder, outlast a power cut."""

    def delete(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it."""

    def lock(self) -> Lock:
        """Take the right to write, which one holder at a time has; the place is made if need be.

        Raises:
            IndexLockedError: Another writer holds it; the message says who.
            IndexWriteError: The place cannot be written to, or has no locks.
        """

    def scratch(self, folder: str = "") -> Scratch:
        """Return room for bytes that nobody else sees and that end with the process.

        Where there is a disk, it is that of the index, below ``folder``.
        """


class Lock(Protocol):
    """The right to write to one index, held until ``release``."""

    def release(self) -> None:
        """Let the next writer in; a second call does nothing."""


class NewFile(Protocol):
    """A file that is being written; it is whole once it is closed."""

    def write(self, data: Any) -> None:
        """Append all of a buffer."""

    def sync(self) -> None:
        """Wait until what was written outlasts a power cut."""

    def __enter__(self) -> Self:
        """Return the file itself."""

    def __exit__(self, *_: object) -> None:
        """Close the file."""


class Scratch(Protocol):
    """Bytes that are appended to and read back."""

    def __len__(self) -> int:
        """Return the number of bytes."""

    def append(self, data: Any) -> None:
        """Append all of a buffer of bytes."""

    def read(self, start: int, length: int) -> bytes:
        """Return some of the bytes."""

    def map(self) -> Any:
        """Return all bytes as a buffer, which stays valid; nothing may be appended afterwards."""

    def close(self) -> None:
        """Give the room back."""


IndexLocation: TypeAlias = str | Path | Directory
