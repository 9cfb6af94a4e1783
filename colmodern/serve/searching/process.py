"""What is a process that searches, to the server that started it?"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO, Any

from colmodern.errors import ColModernError
from colmodern.serve.searching.messages import (
    OrderNumbers,
    SearchAnswer,
    SearchOrder,
    Setup,
    has_message,
    packed,
    receive,
    send,
)
from colmodern.serve.stopwatch import Stopwatch

# Signals mean the server, which ends the process; they may come before anything is imported.
_START = (
    "import signal, sys; "
    "[signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, signal.SIGTERM)]; "
    "sys.path[:] = {path!r}; "
    "from colmodern.serve.searching.process_main import main; main({shared!r})"
)

# A process that says nothing for so long after a deadline is stuck.
_STUCK_SECONDS = 30.0
# It opens indexes that the server has open already.
_READY_SECONDS = 300.0


class SearchDiedError(Exception):
    """The process has ended, or was ended because it was stuck.

    Attributes:
        had_begun: Whether it had begun with the order, which may be why.
    """

    def __init__(self, message: str, *, had_begun: bool = True) -> None:
        """Keep both."""
        super().__init__(message)
        self.had_begun = had_begun


class SearchProcess:
    """A process that opens the indexes of a server and works for one request at a time.

    Attributes:
        versions: The state of each index that it had at its last order, by name.
        is_missed: Whether somebody has noticed that it died.
    """

    def __init__(self, setup: Setup) -> None:
        """Start it; ``wait_until_ready`` comes next.

        Raises:
            OSError: No process can be started.
        """
        self.versions: Mapping[str, str] = {}
        self.is_missed = False
        self._numbers = count(1)
        with _memory() as cell:
            cell.truncate(OrderNumbers.BYTES)
            self._shared = OrderNumbers(cell.fileno())
            shared = () if sys.platform == "win32" else (cell.fileno(),)
            start = _START.format(path=sys.path, shared=shared[0] if shared else None)
            self._process = subprocess.Popen(
                [sys.executable, "-c", start],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=shared,
                start_new_session=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        if sys.platform != "win32":
            os.set_blocking(self._orders, False)
        with suppress(OSError):  # it has died, which shows when it is waited for
            send(self._orders, packed(setup), seconds=_READY_SECONDS)

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
        value_of(self._received(_READY_SECONDS))

    def work(self, order: SearchOrder, watch: Stopwatch) -> SearchAnswer:
        """Return what comes of an order; one that is cancelled ends at its next stage.

        Raises:
            SearchDiedError: The process has ended, or was ended a while after the deadline.
            TypeError: The work cannot be sent to another process.
        """
        number = next(self._numbers)
        data = _as_bytes(replace(order, number=number))
        try:
            with watch.telling(partial(self._cancel, number)):
                self._send(data, watch.left + _STUCK_SECONDS)
                answer = self._received(watch.left + _STUCK_SECONDS)
        except SearchDiedError as error:
            # Windows shares no memory: there every order counts as begun.
            error.had_begun = sys.platform == "win32" or self._shared.begun == number
            raise
        if not answer.is_behind:
            self.versions = order.versions
        return answer

    def kill(self) -> None:
        """End it now, whatever it does; from any thread."""
        self._process.kill()

    def leave(self) -> None:
        """Tell it that no order comes any more; nobody may be at ``work``."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def stop(self, seconds: float) -> None:
        """End it, if it has not ended by itself within some seconds of ``leave``."""
        self.leave()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _cancel(self, number: int) -> None:
        self._shared.cancelled = number

    def _send(self, data: bytes, seconds: float) -> None:
        with self._whole():
            send(self._orders, data, seconds=seconds)

    def _received(self, seconds: float) -> SearchAnswer:
        with self._whole():
            found = receive(self._answers) if has_message(self._answers, seconds=seconds) else None
        if found is None:
            raise self._died()
        assert isinstance(found, SearchAnswer)
        return found

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Have a message pass whole: a process with half of one is of no more use.

        Raises:
            SearchDiedError: The process has ended.
        """
        try:
            yield
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise self._died() from error
        except BaseException:
            self.kill()
            raise

    def _died(self) -> SearchDiedError:
        self._process.kill()
        return SearchDiedError(f"A process that searches ended: {self._process.wait()}.")


def _memory() -> IO[bytes]:
    """Return a file that two processes can map; on Linux no disk has to be writable for it."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("colmodern-orders"), "w+b")
    return tempfile.TemporaryFile()


def value_of(answer: SearchAnswer) -> Any:
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


def _as_bytes(order: SearchOrder) -> bytes:
    try:
        return packed(order)
    except (pickle.PicklingError, AttributeError) as error:
        raise TypeError(f"{order.work!r} cannot be sent to another process") from error
