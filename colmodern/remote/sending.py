"""How does a file get to an object store? Read once, and only if it is what its record says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

from colmodern.errors import IndexCorruptError, IndexStoreError
from colmodern.remote.layout import object_name
from colmodern.remote.place import RemotePlace
from colmodern.remote.transfer import StoppedError
from colmodern.storage import FileRecord
from colmodern.storage.directory.regular import opened_file
from colmodern.storage.format.manifest import CHECKSUM_BYTES

__all__ = ["send_file"]

_BLOCK_BYTES = 1 << 20


def send_file(
    place: RemotePlace,
    record: FileRecord,
    path: Path,
    *,
    stopping: threading.Event,
    sent: Callable[[int], object],
) -> None:
    """Send a file; its object appears only if all of it has the checksum of the record.

    Args:
        place: Where to.
        record: What the file must be.
        path: Where it is.
        stopping: Ends it when set.
        sent: Called with numbers of bytes that were read.

    Raises:
        FileNotFoundError: It is gone; a commit may have removed it.
        IndexCorruptError: It is not what the record says.
        IndexStoreError: It cannot be read.
    """
    name = object_name(record)
    if name is None:
        raise IndexCorruptError(f"{path} has a checksum in its manifest that is none.", path=path)
    try:
        place.put(name, _checked_blocks(record, path, stopping, sent), record.bytes)
    except _LocalError as error:
        if isinstance(error.cause, FileNotFoundError):
            raise error.cause from None
        reason = error.cause.strerror or error.cause
        raise IndexStoreError(f"{path} cannot be read: {reason}.", path=path) from error.cause


class _LocalError(Exception):
    """What the system said of the file here, which must not pass for an answer of the store."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _checked_blocks(
    record: FileRecord, path: Path, stopping: threading.Event, sent: Callable[[int], object]
) -> Iterator[bytes]:
    """Yield the bytes of a file, and raise at their end if they are not those of the record."""
    digest, size = blake2b(digest_size=CHECKSUM_BYTES), 0
    for block in _blocks(path):
        if stopping.is_set():
            raise StoppedError
        digest.update(block)
        size += len(block)
        if size > record.bytes:
            break
        sent(len(block))
        yield block
    found = digest.hexdigest()
    if (size, found) != (record.bytes, record.checksum):
        raise IndexCorruptError(
            f"{path} was changed or cut short: its content has not the {record.bytes} bytes and "
            f"the checksum {record.checksum} that the manifest says. Mend it with `colmodern "
            "repair`, or restore it from a backup.",
            path=path,
        )


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with opened_file(path) as file:
            while block := file.read(_BLOCK_BYTES):
                yield block
    except OSError as error:
        raise _LocalError(error) from error
