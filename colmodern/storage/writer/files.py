"""How does a table become a file of an index? Written, hashed on the way, synced."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from colmodern.codec import Codec
from colmodern.storage.directory import Directory, NewFile
from colmodern.storage.format.codec_table import codec_columns
from colmodern.storage.format.manifest import CHECKSUM_BYTES, CodecRecord, FileRecord
from colmodern.storage.format.names import codec_name
from colmodern.storage.format.tables import write_batch

__all__ = ["write_codec", "write_table"]

# Hashed and written while it is in the cache of the processor.
_BLOCK_BYTES = 1 << 20


def write_table(directory: Directory, name: str, schema: Any, columns: Sequence[Any]) -> FileRecord:
    """Write one Arrow IPC file with one record batch, sync it, and return its record.

    Raises:
        OSError: The disk is full or refuses; the caller says what that means.
    """
    with directory.create(name) as file:
        sink = _HashingSink(file)
        write_batch(sink, schema, columns)
        file.sync()
    return FileRecord(name, sink.size, sink.checksum)


def write_codec(directory: Directory, codec: Codec, *, generation: int) -> CodecRecord:
    """Write the codec file for a generation and return its record."""
    schema, columns = codec_columns(codec)
    return CodecRecord(
        dim=codec.dim,
        bits=codec.bits,
        n_centroids=codec.n_centroids,
        fingerprint=codec.fingerprint,
        file=write_table(directory, codec_name(generation), schema, columns),
    )


class _HashingSink:
    """Passes bytes on to a new file and knows their number and checksum.

    It is what pyarrow writes to, so it has the methods of a Python file.
    """

    def __init__(self, file: NewFile) -> None:
        self._file = file
        self._hash = blake2b(digest_size=CHECKSUM_BYTES)
        self.size = 0
        self.closed = False

    @property
    def checksum(self) -> str:
        """The BLAKE2b-128 of what was written, in hex."""
        return self._hash.hexdigest()

    def write(self, data: Any) -> int:
        """Write all of a buffer and return its length."""
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _BLOCK_BYTES):
            block = view[start : start + _BLOCK_BYTES]
            self._hash.update(block)
            self._file.write(block)
            self.size += len(block)
        return len(view)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.size

    def flush(self) -> None:
        """Do nothing: writes are not buffered here."""

    def close(self) -> None:
        """Take no more bytes; the file is closed by whoever made it."""
        self.closed = True
