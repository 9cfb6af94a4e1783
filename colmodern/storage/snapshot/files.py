"""How are the files that a list names opened and checked?"""

from __future__ import annotations

import errno
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colmodern.codec import Codec
from colmodern.errors import IndexFormatError, IndexNotFoundError, IndexStoreError
from colmodern.storage.directory import Directory, IndexLocation, as_directory
from colmodern.storage.format.codec_table import codec_of
from colmodern.storage.format.manifest import CHECKSUM_BYTES, CodecRecord, FileRecord, Manifest
from colmodern.storage.format.manifest_json import decode_manifest
from colmodern.storage.format.names import (
    MANIFEST,
    PENDING,
    PULL,
    file_generation,
    is_of_commit,
    segment_number,
)
from colmodern.storage.format.tables import Table, damaged

if TYPE_CHECKING:
    from colmodern.storage.format.pending import Pending

__all__ = [
    "check_file",
    "check_not_lost",
    "map_table",
    "pending_after",
    "read_codec",
    "read_manifest",
    "read_pending",
    "unreadable",
]

_BLOCK_BYTES = 1 << 22
_LIMITS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
_NETWORK = {
    *(errno.EAGAIN, errno.ECONNRESET, errno.EHOSTUNREACH, errno.EINTR, errno.ENETDOWN),
    *(errno.ENETUNREACH, errno.ENOTCONN, errno.ESTALE, errno.ETIMEDOUT),
}


def read_manifest(directory: Directory) -> Manifest:
    """Return the manifest of an index.

    Raises:
        IndexNotFoundError: The folder, or the manifest in it, does not exist.
        IndexFormatError: The folder holds something else, or another format version.
        IndexCorruptError: The manifest was changed or cut short, or is gone.
    """
    folder = directory.path
    path = folder / MANIFEST
    try:
        data = directory.read(MANIFEST)
    except NotADirectoryError as error:
        raise IndexFormatError(f"{folder} is a file; an index is a folder.", path=folder) from error
    except FileNotFoundError as error:
        check_not_lost(directory)
        raise IndexNotFoundError(
            f"There is no index at {folder}: the folder {_what_is_missing(directory)}.",
            path=folder,
        ) from error
    except OSError as error:
        raise IndexStoreError(f"{path} cannot be read: {error.strerror}.", path=path) from error
    return decode_manifest(data, path)


def check_not_lost(directory: Directory) -> None:
    """Check, where there is no manifest, that there never was one.

    Files of a later generation than the first are what is left of an index, which a new one must
    not take the place of unasked; so are those that only a commit writes, unless a first build that
    was killed says by its list of finished segments that it is to go on, or a pull was.

    Raises:
        IndexCorruptError: There was one.
    """
    if not _is_there(directory) or _is_pulled(directory):
        return
    entries = directory.entries()
    found = max(entries, key=lambda name: (file_generation(name), is_of_commit(name)), default="")
    has_segment = any(segment_number(name) is not None for name in entries)
    is_first = file_generation(found) == 1 and is_of_commit(found) and has_segment
    if file_generation(found) > 1 or (is_first and not _is_first_build(directory)):
        path = directory.path / MANIFEST
        raise damaged(path, f"it is missing, but {found} is left of the index")


def _what_is_missing(directory: Directory) -> str:
    if not _is_there(directory):
        return "does not exist. Make one with `colmodern index`"
    if _is_pulled(directory):
        return "is of a pull that was interrupted. Give the same `colmodern pull` again"
    return "has no manifest.json. Make one with `colmodern index`"


def _is_pulled(directory: Directory) -> bool:
    return PULL in directory.entries()


def _is_first_build(directory: Directory) -> bool:
    try:
        pending = _decoded_pending(directory)
    except (OSError, IndexStoreError):
        return False
    return pending.fits(None)


def _decoded_pending(directory: Directory) -> Pending:
    from colmodern.storage.format.pending import decode_pending  # a search has no use for it

    return decode_pending(directory.read(PENDING), directory.path / PENDING)


def read_pending(path: IndexLocation) -> Pending | None:
    """Return what a writer can go on with in an index, or None if there is nothing.

    What is damaged, or belongs to another state of the index than the one that is there, is
    nothing; the next writer removes it. The segments are looked at when a writer resumes.
    """
    directory = as_directory(path)
    if directory.version(PENDING) is None:
        return None
    try:
        manifest = read_manifest(directory)
    except IndexNotFoundError:
        manifest = None
    except IndexStoreError:
        return None
    return pending_after(directory, manifest)


def pending_after(directory: Directory, manifest: Manifest | None) -> Pending | None:
    """Return what a writer can go on with on top of a manifest, as ``read_pending``."""
    try:
        pending = _decoded_pending(directory)
        if not pending.fits(manifest):
            return None
        check_file(directory, pending.codec.file)
        read_codec(directory, pending.codec)
    except (OSError, IndexStoreError):
        return None
    return pending


def read_codec(directory: Directory, record: CodecRecord) -> Codec:
    """Return the codec of an index; its arrays are views of the mapped file.

    Raises:
        IndexCorruptError: The file is damaged, or holds another codec than the manifest says.
    """
    return codec_of(map_table(directory, record.file, n_rows=1), record)


def map_table(
    directory: Directory, record: FileRecord, *, schema: Any = None, n_rows: int | None = None
) -> Table:
    """Map a file and compare its size, columns and rows with what they must be.

    Raises:
        IndexCorruptError: The file is missing, or differs in any of these.
    """
    path = directory.path / record.name
    try:
        found = directory.size(record.name)
    except OSError as error:
        raise unreadable(path, error, "cannot be read") from error
    if found != record.bytes:
        raise damaged(path, f"it has {found} bytes, the manifest says {record.bytes}")
    try:
        data = directory.map(record.name)
    except (OSError, ValueError) as error:
        raise unreadable(path, error, "is not an Arrow IPC file") from error
    return Table(data, path, schema=schema, n_rows=n_rows)


def check_file(directory: Directory, record: FileRecord) -> None:
    """Read a whole file and compare its size and checksum with its record.

    Raises:
        IndexCorruptError: The file is missing or differs.
    """
    path = directory.path / record.name
    digest = blake2b(digest_size=CHECKSUM_BYTES)
    size = 0
    try:
        while block := directory.read(record.name, size, _BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    except OSError as error:
        raise unreadable(path, error, "cannot be read") from error
    if size != record.bytes:
        raise damaged(path, f"it has {size} bytes, the manifest says {record.bytes}")
    if digest.hexdigest() != record.checksum:
        raise damaged(
            path, f"its checksum is {digest.hexdigest()}, the manifest says {record.checksum}"
        )


def unreadable(path: Path, error: Exception, what: str) -> IndexStoreError:
    """Return the error for a file that is not there, or that the system does not hand out now."""
    number = getattr(error, "errno", None)
    if number in _LIMITS:
        reason = getattr(error, "strerror", None) or error
        return IndexStoreError(
            f"{path} cannot be opened: {reason}. It is not damaged: this process, or the system, "
            "has as many files or memory maps open as it may. Close other readers, raise the limit "
            "(`ulimit -n`; vm.max_map_count), or run `colmodern compact`.",
            path=path,
        )
    if isinstance(error, PermissionError) or number in _NETWORK:
        reason = getattr(error, "strerror", None) or error
        return IndexStoreError(f"{path} cannot be read: {reason}.", path=path)
    return damaged(path, f"it {what} ({getattr(error, 'strerror', None) or error})")


def _is_there(directory: Directory) -> bool:
    try:
        directory.entries()
    except OSError:
        return False
    return True
