"""How are many things done at once, and none after one has failed?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from itertools import islice
from queue import SimpleQueue
from typing import Generic, TypeVar

from colmodern.remote.asked import awaited

__all__ = ["AT_ONCE", "StoppedError", "each"]

T = TypeVar("T")

AT_ONCE = 8
"""Files that are sent or fetched at a time; each has one block in memory."""
_PATIENCE = 2.0
"""So many seconds an interrupt waits for what runs; a request to a store may take a minute."""


class StoppedError(Exception):
    """Another transfer has failed, or the user has had enough."""


def each(
    work: Callable[[T], object],
    items: Iterable[T],
    *,
    stopping: threading.Event | None = None,
) -> None:
    """Call ``work`` with each item, some at once; the first failure ends it.

    A signal that raises in the main thread ends the wait. What then still waits for an answer is
    left behind: its thread ends with the process.

    Args:
        work: What is done; it looks at ``stopping`` now and then, and raises ``StoppedError``.
        items: What it is done with.
        stopping: Set when one has failed, or an interrupt came.
    """
    stopping = threading.Event() if stopping is None else stopping
    left = iter(items)
    doing = _Doing(work)
    failed: BaseException | None = None
    try:
        doing.begin(islice(left, AT_ONCE))
        while doing.n_running:
            error = doing.wait()
            if error is not None and (failed is None or isinstance(failed, StoppedError)):
                failed = error
                stopping.set()
            if failed is None:
                doing.begin(islice(left, 1))
    except BaseException:
        stopping.set()
        doing.end(_PATIENCE)
        raise
    doing.end()
    if failed is not None:
        raise failed


class _Doing(Generic[T]):
    """Threads that work, one for each of the first items; no more are needed."""

    def __init__(self, work: Callable[[T], object]) -> None:
        self.n_running = 0
        self._work = work
        self._items: SimpleQueue[tuple[T] | None] = SimpleQueue()
        self._ended: SimpleQueue[BaseException | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def begin(self, items: Iterable[T]) -> None:
        """Begin with some items, at most so many at a time as the first time."""
        for item in items:
            self._items.put((item,))
            self.n_running += 1
            if self.n_running > len(self._threads):
                thread = threading.Thread(target=self._run, name="transfer", daemon=True)
                self._threads.append(thread)
                thread.start()

    def wait(self) -> BaseException | None:
        """Wait until one is done; return what it raised."""
        error = awaited(self._ended)
        self.n_running -= 1
        return error

    def end(self, seconds: float | None = None) -> None:
        """Let the threads end, and wait for that, at most so many seconds."""
        until = None if seconds is None else time.monotonic() + seconds
        for _ in self._threads:
            self._items.put(None)
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            try:
                self._work(item[0])
            except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
                self._ended.put(error)
            else:
                self._ended.put(None)
