"""What is a process that searches, to the server that started it?"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from colmodern.errors import ColModernError
from colmodern.serve.searching.messages import CANCEL, Answer, Order, Setup, packed, receive, send
from colmodern.serve.stopwatch import Stopwatch

_START = (
    "import sys; sys.path[:] = {path!r}; "
    "from colmodern.serve.searching.process_main import main; main()"
)

# An order that is at work when the server ends has so many seconds.
_GRACE = 5.0


class SearchDiedError(Exception):
    """The process has ended in the middle of an order."""


class SearchProcess:
    """A process that opens the indexes of a server and works for one request at a time."""

    def __init__(self, setup: Setup) -> None:
        """Start it; ``wait_until_ready`` comes next."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._speaking = threading.Lock()
        self._is_working = False
        with suppress(OSError):  # it has died, which shows when it is waited for
            send(self._orders, packed(setup))

    @property
    def status(self) -> int | None:
        """The status it ended with; None: it has not ended."""
        return self._process.poll()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def resident_bytes(self) -> int:
        """Return the bytes of its memory, on Linux; 0 elsewhere, and once it has ended."""
        try:
            n_pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return n_pages * os.sysconf("SC_PAGE_SIZE")

    def wait_until_ready(self) -> None:
        """Wait until it has opened the indexes.

        Raises:
            ColModernError: It cannot.
            SearchDiedError: It has ended.
            RuntimeError: Something went wrong there that nobody foresaw; it has the traceback.
        """
        value_of(self._received())

    def work(self, order: Order, watch: Stopwatch) -> Answer:
        """Return what comes of an order; one that is cancelled ends at its next stage.

        Raises:
            SearchDiedError: The process has ended.
            TypeError: The work cannot be sent to another process.
        """
        data = _as_bytes(order)
        with self._speaking:
            self._is_working = True
            try:
                send(self._orders, data)
            except OSError as error:
                raise self._died() from error
        with watch.telling(self._cancel):
            answer = self._received()
        with self._speaking:  # what is told from now on would mean the next order
            self._is_working = False
        return answer

    def stop(self) -> None:
        """End it, after the order that it works on; one that lasts is ended with it."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _cancel(self) -> None:
        with self._speaking, suppress(OSError):
            if self._is_working:
                send(self._orders, packed(CANCEL))

    def _received(self) -> Answer:
        try:
            found = receive(self._answers)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise self._died() from error
        assert isinstance(found, Answer)
        return found

    def _died(self) -> SearchDiedError:
        self._process.kill()
        return SearchDiedError(f"A process that searches ended: {self._process.wait()}.")


def value_of(answer: Answer) -> Any:
    """Return what the work of an answer returned.

    Raises:
        ColModernError: It raised that.
        RuntimeError: It raised something that nobody foresaw; it has the traceback.
    """
    if isinstance(answer.error, ColModernError):
        raise answer.error
    if answer.error is not None:
        raise RuntimeError(f"in a process that searches:\n{answer.error}")
    return answer.value


def _as_bytes(order: Order) -> bytes:
    try:
        return packed(order)
    except (pickle.PicklingError, AttributeError) as error:
        raise TypeError(f"{order.work!r} cannot be sent to another process") from error
