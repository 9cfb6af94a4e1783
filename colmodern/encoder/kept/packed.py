"""Which file holds the packed weights of a checkpoint, and are they those that were written?

A file is a header of 64 bytes and the pieces of ``EncoderModel.packed`` one after another, as the
compiled code reads them. It is mapped, so that processes share its pages. The header says for which
weights, instruction set and precision it was made, how long it is, and its checksum.
"""

from __future__ import annotations

import hashlib
import logging
import mmap
import struct
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from colmodern.encoder.kept.folder import forget, keep, open_kept
from colmodern.kernels import native

logger = logging.getLogger(__name__)

# Raise this when the compiled code packs other bytes than before; a test tells.
PACKING = 2
_MAGIC = b"colmodern packed"
_HEADER = struct.Struct("<16s32sQQ")
_LINE = 64

PackedBytes = NDArray[np.uint8]


class PackedWeights:
    """The packed weights of one checkpoint, in one way of packing, in a file."""

    def __init__(self, digest: str, packing: str, *, threads: int) -> None:
        """Name the file.

        Args:
            digest: Of the checkpoint's weights and configuration.
            packing: What they are packed for: instruction set and precision.
            threads: How many threads compare checksums.
        """
        self.name = f"{digest[:32]}-{packing}-{PACKING}.packed"
        self._key = hashlib.sha256(f"{digest} {packing} {PACKING}".encode()).digest()
        self._threads = threads

    def read(self) -> PackedBytes | None:
        """Return the packed weights, mapped; None if there are none, or not what was written."""
        file = open_kept(self.name)
        if file is None:
            return None
        with file:
            mapped = _mapped(file)
        if self._is_sound(mapped):
            return mapped[_LINE:]
        logger.warning("%s in the cache is damaged; weights are packed again.", self.name)
        forget(self.name)
        return None

    def write(self, pieces: Sequence[PackedBytes]) -> None:
        """Keep packed weights, if that is possible."""

        def fill(file: BinaryIO) -> None:
            file.write(bytes(_LINE))
            file.writelines(piece.data for piece in pieces)
            file.flush()
            body = _mapped(file)[_LINE:]
            file.seek(0)
            file.write(_HEADER.pack(_MAGIC, self._key, len(body), self._checksum(body)))

        keep(self.name, fill)

    def refuse(self) -> None:
        """Forget weights that do not fit the checkpoint."""
        logger.warning("%s in the cache is of other weights; they are packed again.", self.name)
        forget(self.name)

    def _is_sound(self, mapped: PackedBytes) -> bool:
        if len(mapped) < _LINE or len(mapped) % _LINE:
            return False
        magic, key, size, checksum = _HEADER.unpack(mapped[:_LINE].tobytes())
        body = mapped[_LINE:]
        if magic != _MAGIC or key != self._key or size != len(body):
            return False
        return bool(checksum == self._checksum(body))

    def _checksum(self, body: PackedBytes) -> int:
        return int(native().checksum(body, threads=self._threads))


def _mapped(file: BinaryIO) -> PackedBytes:
    """Return the bytes of a file, shared with every process that maps it."""
    try:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except ValueError:  # an empty file
        return np.empty(0, np.uint8)
