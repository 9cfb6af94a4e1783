"""How does a file come from an object store? Block by block, and only if it is what was sent."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from colmodern.remote.failures import ObjectMissingError
from colmodern.remote.layout import object_name
from colmodern.remote.place import RemotePlace
from colmodern.remote.state import damaged_object
from colmodern.remote.transfer import StoppedError
from colmodern.storage import FileRecord
from colmodern.storage.directory.durable import write_all
from colmodern.storage.directory.regular import opened_file
from colmodern.storage.format.manifest import CHECKSUM_BYTES

__all__ = ["checksum_of_file", "fetch_file"]

# A request each: one that hangs or breaks off is asked again for so much.
_BLOCK_BYTES = 4 << 20


def fetch_file(
    place: RemotePlace,
    record: FileRecord,
    part: Path,
    *,
    stopping: threading.Event,
    fetched: Callable[[int], object],
) -> None:
    """Fetch a file; what an attempt that was killed left of it is gone on with.

    Nobody else may write to ``part``. When this returns it is whole, on the disk, and has the
    checksum of the record.

    Args:
        place: Where from.
        record: What the file must be; it was checked.
        part: Where it goes.
        stopping: Ends it when set.
        fetched: Called with numbers of bytes that are there.

    Raises:
        ObjectMissingError: There is no such object.
        IndexCorruptError: The object is not what was sent.
        OSError: The disk is full or refuses.
    """
    is_begun = part.exists() and part.stat().st_size > 0
    if _fetched(place, record, part, stopping, fetched):
        return
    # What an earlier attempt left may be what is wrong.
    if is_begun and _fetched(place, record, part, stopping, fetched):
        return
    name = object_name(record)
    raise damaged_object(place, str(name), f"it has another checksum than {record.name} had")


def checksum_of_file(path: Path) -> tuple[int, str]:
    """Return how many bytes a file has, and their checksum.

    Raises:
        OSError: It cannot be read.
    """
    digest, size = blake2b(digest_size=CHECKSUM_BYTES), 0
    with opened_file(path) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def _fetched(
    place: RemotePlace,
    record: FileRecord,
    part: Path,
    stopping: threading.Event,
    fetched: Callable[[int], object],
) -> bool:
    """Fetch what is missing of a file; False, and nothing is left, if it is not what was sent."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(part, flags, 0o666)
    try:
        digest = blake2b(digest_size=CHECKSUM_BYTES)
        size = _taken_over(descriptor, record, digest)
        fetched(size)
        size = _fetch_rest(place, record, descriptor, digest, size, stopping, fetched)
        is_right = (size, digest.hexdigest()) == (record.bytes, record.checksum)
        if is_right:
            os.fsync(descriptor)
        else:
            os.ftruncate(descriptor, 0)
            fetched(-size)
    finally:
        os.close(descriptor)
    return is_right


def _taken_over(descriptor: int, record: FileRecord, digest: Any) -> int:
    """Take what is there of a file into the checksum, and return how many bytes that is."""
    size = 0
    while block := os.read(descriptor, _BLOCK_BYTES):
        digest.update(block)
        size += len(block)
        if size > record.bytes:
            break
    return size


def _fetch_rest(
    place: RemotePlace,
    record: FileRecord,
    descriptor: int,
    digest: Any,
    size: int,
    stopping: threading.Event,
    fetched: Callable[[int], object],
) -> int:
    name = str(object_name(record))
    while size < record.bytes:
        if stopping.is_set():
            raise StoppedError
        try:
            block = place.read(name, size, min(_BLOCK_BYTES, record.bytes - size))
        except ObjectMissingError:
            raise ObjectMissingError(place.url, name=name) from None
        if not block:
            raise damaged_object(place, name, f"it ends after {size:,} bytes of {record.bytes:,}")
        write_all(descriptor, block)
        digest.update(block)
        size += len(block)
        fetched(len(block))
    return size
