"""How do bytes reach a disk so that they are still there after a power cut?

A file is written, synced and then named in the manifest; the manifest itself is replaced in one
step. A full disk or a read-only folder becomes an ``IndexWriteError``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from colmodern.errors import IndexStoreError, IndexWriteError
from colmodern.storage.format.names import DRAFT

__all__ = ["DurableFile", "replace_file", "sync_folder", "write_all", "writing"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the block into an ``IndexWriteError`` that says what to do."""
    try:
        yield
    except IndexStoreError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            cause, remedy = "there is no room left on the disk", "Make room and try again."
        elif error.errno in _REFUSED:
            cause, remedy = (
                "the folder may not be written to",
                ("Check its owner and permissions, or choose another folder for the index."),
            )
        else:
            cause, remedy = error.strerror or str(error), "Check the disk and try again."
        raised = IndexWriteError(
            f"Writing the index {path} failed: {cause}. What was committed before is unharmed. "
            f"{remedy}",
            path=path,
        )
        raised.errno = error.errno
        raise raised from error


def write_all(descriptor: int, data: Any) -> None:
    """Write all of a buffer to an open file."""
    rest = memoryview(data).cast("B")
    while len(rest):
        rest = rest[os.write(descriptor, rest) :]


class DurableFile:
    """A new file on a disk."""

    def __init__(self, path: Path) -> None:
        """Create the file; one that exists is never written to, a reader may have it mapped."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(path, flags, 0o666)

    def write(self, data: Any) -> None:
        """Append all of a buffer."""
        write_all(self._descriptor, data)

    def sync(self) -> None:
        """Wait until the disk has it all."""
        os.fsync(self._descriptor)

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        os.close(self._descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """Give a file another content in one step: it has the old one or the new one, always.

    The new content is read back first. Whatever it names must be on the disk already. Call
    ``sync_folder`` afterwards: before that a power cut may bring the old file back.
    """
    draft = path.with_name(path.name + DRAFT)
    draft.unlink(missing_ok=True)
    try:
        with DurableFile(draft) as file:
            file.write(data)
            file.sync()
        _check_written(draft, data)
        sync_folder(path.parent)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _check_written(path: Path, data: bytes) -> None:
    if path.read_bytes() != data:
        raise OSError(errno.EIO, "the disk gives back other bytes than were written")
