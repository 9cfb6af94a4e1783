"""What do a server and a process that searches for it say to each other, and how?"""

from __future__ import annotations

import mmap
import os
import pickle
import select
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colmodern import __version__
from colmodern.serve.stopwatch import Elapsed

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Setup:
    """The first thing that a process is told: what it serves.

    Attributes:
        indexes: The path of each index, by name, as for ``serve``.
        shard: As in ``ServeConfig``.
        version: Of the server, whose words another version may not understand.
    """

    indexes: Mapping[str, Path]
    shard: int | None = None
    version: str = __version__


@dataclass(frozen=True, slots=True, eq=False)
class SearchOrder:
    """To a process: do this.

    Attributes:
        work: What is done, as ``Work`` of ``served.py``; None: nothing, but for being up to date.
        versions: The state of each index, by name, that the server has; a process with another one
            looks for a newer one first.
        elapsed: The time that the request has taken so far.
        threads: How many are its own.
        number: It tells the orders of a process apart.
    """

    work: Any
    versions: Mapping[str, str]
    elapsed: Elapsed
    threads: int = 1
    number: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class SearchAnswer:
    """From a process: this came of it.

    Attributes:
        value: What the work returned.
        error: An error of ours that it raised, the traceback of any other; None: it did not.
        is_behind: Whether nothing was done, for the state that the server has cannot be opened;
            ``error`` says why.
        seconds: The time of each stage of the request.
        encoded: Tokens of queries that were encoded for it, by the name of the index.
    """

    value: Any = None
    error: Exception | str | None = None
    is_behind: bool = False
    seconds: Mapping[str, float] = field(default_factory=dict)
    encoded: Mapping[str, int] = field(default_factory=dict)


class OrderNumbers:
    """Which order has begun, and which one nobody waits for: memory that both can see."""

    BYTES = 2 * _LENGTH.size

    def __init__(self, file: int) -> None:
        """Map a file of so many bytes, all 0: no order has that number."""
        self._memory = mmap.mmap(file, self.BYTES)

    @property
    def begun(self) -> int:
        """The number of the order that the process took last."""
        return self._number(0)

    @begun.setter
    def begun(self, number: int) -> None:
        _LENGTH.pack_into(self._memory, 0, number)

    @property
    def cancelled(self) -> int:
        """The number of the order that the server gave up last."""
        return self._number(_LENGTH.size)

    @cancelled.setter
    def cancelled(self, number: int) -> None:
        _LENGTH.pack_into(self._memory, _LENGTH.size, number)

    def _number(self, place: int) -> int:
        found: int = _LENGTH.unpack_from(self._memory, place)[0]
        return found


def packed(message: Any) -> bytes:
    """Return a message as bytes: their number, and they."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


def receive(file: int) -> Any:
    """Return the next message of a pipe; no byte more is read.

    Raises:
        EOFError: There is none any more.
        OSError: The pipe cannot be read.
    """
    (n_bytes,) = _LENGTH.unpack(_read(file, _LENGTH.size))
    return pickle.loads(_read(file, n_bytes))


def send(file: int, data: bytes, *, seconds: float | None = None) -> None:
    """Write all of some bytes into a pipe.

    Args:
        file: The pipe; with ``seconds`` one that does not block.
        data: The bytes.
        seconds: How long it may be full; None: however long.

    Raises:
        OSError: Nobody reads them any more, or not in time.
    """
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(file, rest) :]
        except BlockingIOError:
            if not _is_ready(file, select.POLLOUT, seconds or 0.0):
                raise TimeoutError("nobody reads the pipe") from None


def has_message(file: int, *, seconds: float) -> bool:
    """Say whether a message comes within some seconds, or no more will come.

    Windows does not tell of pipes: an answer is waited for however long it takes there.
    """
    return sys.platform == "win32" or _is_ready(file, select.POLLIN, seconds)


def _is_ready(file: int, event: int, seconds: float) -> bool:
    pipe = select.poll()
    pipe.register(file, event)
    return bool(pipe.poll(1000 * seconds))


def _read(file: int, n_bytes: int) -> bytearray:
    found = bytearray(n_bytes)
    rest = memoryview(found)
    while rest:
        data = os.read(file, min(len(rest), 1 << 20))
        if not data:
            raise EOFError
        rest[: len(data)] = data
        rest = rest[len(data) :]
    return found
