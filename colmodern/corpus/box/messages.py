"""What do a pool and its workers say to each other, and how does it pass through a pipe?"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Extracted, Skipped, Source

__all__ = ["Digest", "Done", "Failed", "Logged", "Message", "Order", "packed", "receive"]

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Order:
    """To a worker: read this file."""

    source: Source
    options: ScanOptions


@dataclass(frozen=True, slots=True)
class Digest:
    """The hash of a file, taken before it was read."""

    value: str


@dataclass(frozen=True, slots=True)
class Logged:
    """A line that a library logged while it read the file."""

    text: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The file gives no document, or no more."""

    skipped: Skipped


@dataclass(frozen=True, slots=True)
class Done:
    """The file is read; ``leaves`` says whether the worker ends now, to give its memory back."""

    leaves: bool


Message = Digest | Extracted | Skipped | Logged | Failed | Done


def packed(message: Message | Order) -> bytes:
    """Return a message as bytes: their number, and they."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


def receive(stream: BinaryIO) -> Any:
    """Return the next message; None where there is none any more."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (n_bytes,) = _LENGTH.unpack(head)
    data = stream.read(n_bytes)
    return pickle.loads(data) if len(data) == n_bytes else None
