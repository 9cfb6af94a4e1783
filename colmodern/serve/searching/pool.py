"""Which process searches for a request? One that is free; one that died is started again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TypeVar

from colmodern.errors import RequestRefusedError
from colmodern.serve.searching.messages import Order, Setup
from colmodern.serve.searching.process import SearchDiedError, SearchProcess, value_of
from colmodern.serve.served import Library, Work
from colmodern.serve.stopwatch import Stopwatch

logger = logging.getLogger(__name__)

_REFRESH_SECONDS = 60.0

T = TypeVar("T")


class SearchPool:
    """Has work done in processes, each of which opens the indexes of the server for itself.

    The interpreter's lock lets one thread of a process run Python at a time; processes have a lock
    each. They share the pages of the indexes and of the encoder's weights.
    """

    def __init__(self, setup: Setup, library: Library, *, n: int) -> None:
        """Start ``n`` processes, and wait until they are ready.

        Args:
            setup: What they serve.
            library: The same in this process: its state is what an answer has at least.
            n: How many.

        Raises:
            ColModernError: An index or an encoder cannot be opened there.
        """
        self.n_deaths = 0
        self._setup, self._library = setup, library
        self._changes = threading.Condition()
        with ExitStack() as started:
            self._all: list[SearchProcess] = []
            for _ in range(n):
                self._all.append(SearchProcess(setup))
                started.callback(self._all[-1].stop)
            for one in self._all:
                one.wait_until_ready()
            started.pop_all()
        self._free = list(self._all)

    @property
    def n(self) -> int:
        """How many processes there are."""
        return len(self._all)

    def resident_bytes(self) -> int:
        """Return the bytes of memory that all have, on Linux; 0 elsewhere."""
        return sum(one.resident_bytes() for one in self._all)

    def run(self, work: Work[T], watch: Stopwatch, threads: int) -> T:
        """Return what ``work`` returns, done in a process; once more if that one dies.

        Args:
            work: A function of a module, or such a one with arguments (``functools.partial``).
            watch: That of the request.
            threads: How many are its own.

        Raises:
            RequestRefusedError: Two processes died of it.
            RuntimeError: Something went wrong there that nobody foresaw.
        """
        process = self._take()
        try:
            for _ in range(2):
                process = self._alive(process)
                try:
                    answer = process.work(self._order(work, watch, threads), watch)
                except SearchDiedError:
                    continue
                break
            else:
                raise RequestRefusedError(
                    "Two processes died of this request; the log says more.", code="internal"
                )
        finally:
            self._put_back(process)
        watch.take_over(answer.seconds)
        self._count(answer.encoded)
        found: T = value_of(answer)
        return found

    def refresh(self) -> None:
        """Let those that are free open what the server serves now; the others do so when asked."""
        for one in list(self._all):
            if not self._takes(process := one):
                continue
            watch = Stopwatch(_REFRESH_SECONDS)
            try:
                process = self._alive(process)
                value_of(process.work(self._order(None, watch, 1), watch))
            except Exception as error:  # noqa: BLE001  it will be told again when a request asks
                logger.warning("a process that searches does not see the new state: %s", error)
            finally:
                self._put_back(process)

    def close(self) -> None:
        """End all processes; no work may run."""
        for process in self._all:
            process.stop()

    def _order(self, work: Work[T] | None, watch: Stopwatch, threads: int) -> Order:
        versions = {one.name: one.version for one in self._library}
        return Order(work, versions, watch.elapsed(), threads)

    def _take(self) -> SearchProcess:
        with self._changes:
            while not self._free:
                self._changes.wait()
            return self._free.pop()

    def _takes(self, process: SearchProcess) -> bool:
        """Take a process if it is free."""
        with self._changes:
            if process not in self._free:
                return False
            self._free.remove(process)
            return True

    def _put_back(self, process: SearchProcess) -> None:
        with self._changes:
            self._free.append(process)
            self._changes.notify()

    def _alive(self, process: SearchProcess) -> SearchProcess:
        """Return a process that was taken, or another in its place if it has died.

        Raises:
            ColModernError: The other cannot open an index; the next request tries again.
            SearchDiedError: It died, too.
        """
        status = process.status
        if status is None:
            return process
        logger.warning("a process that searches ended with status %d; another starts", status)
        fresh = SearchProcess(self._setup)
        try:
            fresh.wait_until_ready()
        except BaseException:
            fresh.stop()
            raise
        process.stop()
        with self._changes:
            self.n_deaths += 1
            self._all[self._all.index(process)] = fresh
        return fresh

    def _count(self, encoded: Mapping[str, int]) -> None:
        with self._changes:
            for name, n_tokens in encoded.items():
                self._library.named(name).encoder.n_tokens += n_tokens
