"""What do a server and a process that searches for it say to each other, and how?"""

from __future__ import annotations

import os
import pickle
import select
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colmodern.serve.stopwatch import Elapsed

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Setup:
    """The first thing that a process is told: what it serves.

    Attributes:
        indexes: The path of each index, by name, as for ``serve``.
        shard: As in ``ServeConfig``.
    """

    indexes: Mapping[str, Path]
    shard: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """To a process: do this.

    Attributes:
        work: What is done, as ``Work`` of ``served.py``; None: nothing, but for being up to date.
        versions: The state of each index, by name, that the server has; a process with another one
            looks for a newer one first.
        elapsed: The time that the request has taken so far.
        threads: How many are its own.
    """

    work: Any
    versions: Mapping[str, str]
    elapsed: Elapsed
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """From a process: this came of it.

    Attributes:
        value: What the work returned.
        error: An error of ours that it raised, the traceback of any other; None: it did not.
        seconds: The time of each stage of the request.
        encoded: Tokens of queries that were encoded for it, by the name of the index.
    """

    value: Any = None
    error: Exception | str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    encoded: Mapping[str, int] = field(default_factory=dict)


CANCEL = "cancel"
"""To a process: nobody waits for the order that it works on; it may have ended already."""


def packed(message: Any) -> bytes:
    """Return a message as bytes: their number, and they."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


def receive(file: int) -> Any:
    """Return the next message of an open file; no byte more is read.

    Raises:
        EOFError: There is none any more.
        OSError: The file cannot be read.
    """
    (n_bytes,) = _LENGTH.unpack(_read(file, _LENGTH.size))
    return pickle.loads(_read(file, n_bytes))


def send(file: int, data: bytes) -> None:
    """Write all of some bytes.

    Raises:
        OSError: Nobody reads them any more.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def has_message(file: int) -> bool:
    """Say whether a message waits, or no more will come.

    Windows does not tell of pipes: there a cancelled order ends by its deadline.
    """
    return sys.platform != "win32" and bool(select.select([file], [], [], 0)[0])


def _read(file: int, n_bytes: int) -> bytearray:
    found = bytearray(n_bytes)
    rest = memoryview(found)
    while rest:
        n_read = os.readv(file, [rest]) if sys.platform != "win32" else _read_some(file, rest)
        if not n_read:
            raise EOFError
        rest = rest[n_read:]
    return found


def _read_some(file: int, into: memoryview) -> int:
    data = os.read(file, len(into))
    into[: len(data)] = data
    return len(data)
