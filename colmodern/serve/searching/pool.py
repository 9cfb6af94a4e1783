"""Which process searches for a request? One that is free; one that died is started again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TypeVar

from colmodern.errors import RequestRefusedError
from colmodern.serve.pause import Pause
from colmodern.serve.searching.messages import SearchAnswer, SearchOrder, Setup
from colmodern.serve.searching.process import SearchDiedError, SearchProcess, value_of
from colmodern.serve.served import Library, Work
from colmodern.serve.stopwatch import Stopwatch

logger = logging.getLogger(__name__)

# Whoever waits for a process looks so often whether anybody still waits for the answer.
_LOOK_SECONDS = 0.1
# Processes are looked after so often, and at once when one has died or an index has changed.
_KEEP_SECONDS = 1.0
# To open a new state a process has so long.
_REFRESH_SECONDS = 30.0
# A request of which so many processes died is not tried again.
_MOST_DEATHS = 2
# One that so many processes died of before they began with it is done by the server.
_MOST_LOST = 3
# Orders at work when the server ends have so many seconds, then processes have as many to end.
_GRACE = 5.0

T = TypeVar("T")


class SearchPool:
    """Has work done in processes, each of which opens the indexes of the server for itself.

    The interpreter's lock lets one thread of a process run Python at a time; processes have a lock
    each. They share the pages of the indexes and of the encoder's weights. A thread looks after
    them: it starts another in the place of one that has died, and lets those that are free open a
    new state before a request asks for it. Where none can be started, the server does the work.
    """

    def __init__(self, setup: Setup, library: Library, *, n: int) -> None:
        """Start ``n`` processes, and wait until they are ready.

        Args:
            setup: What they serve.
            library: The same in this process: its state is what an answer has at least.
            n: How many.

        Raises:
            ColModernError: An index or an encoder cannot be opened there.
            OSError: No process can be started.
        """
        self.n_deaths = 0
        self._setup, self._library = setup, library
        self._all = _started(setup, n)
        self._free = list(self._all)
        self._changes = threading.Condition()
        self._is_closed = False
        self._wake = threading.Event()
        self._pause: Pause | None = None
        self._told = ""
        self._keeper = threading.Thread(target=self._keep, name="colmodern-keep", daemon=True)
        self._keeper.start()

    @property
    def n_alive(self) -> int:
        """How many processes have not died."""
        return sum(one.status is None for one in self._all)

    def resident_bytes(self) -> int:
        """Return the bytes of memory that all have, on Linux; 0 elsewhere."""
        return sum(one.resident_bytes() for one in self._all)

    def run(self, work: Work[T], watch: Stopwatch, threads: int) -> T:
        """Return what ``work`` returns, done in a process; once more if that one dies.

        A process may also die before it begins with it: then the next one has it, and after some
        the server itself, which it cannot harm.

        Args:
            work: A function of a module, or such a one with arguments (``functools.partial``).
            watch: That of the request.
            threads: How many are its own.

        Raises:
            RequestRefusedError: Two processes died of it, or the server ends.
            RuntimeError: Something went wrong there that nobody foresaw.
        """
        n_died = n_lost = 0
        while n_died < _MOST_DEATHS:
            process = None
            if n_lost < _MOST_LOST or n_died:
                process = self._take(watch, may_be_none=not n_died)
            if process is None:
                return work(self._library, watch, threads)
            try:
                answer = process.work(self._order(work, watch, threads), watch)
            except SearchDiedError as error:
                n_died += error.had_begun
                n_lost += not error.had_begun
                continue
            finally:
                self._put_back(process)
            if answer.is_behind:
                return work(self._library, watch, threads)
            watch.take_over(answer.seconds)
            self._count(answer.encoded)
            found: T = value_of(answer)
            return found
        raise RequestRefusedError(
            "Two processes died of this request; the log says more.", code="internal"
        )

    def wake(self) -> None:
        """Have processes that are free open what the server serves now; others do when asked."""
        self._wake.set()

    def close(self) -> None:
        """End all processes; those that are still at work after a moment are killed."""
        with self._changes:
            self._is_closed = True
            self._changes.notify_all()
        self._wake.set()
        if not self._all_are_free(_GRACE):
            for one in self._all:
                one.kill()
            self._all_are_free(_GRACE)
        self._keeper.join(_GRACE)
        _stop(self._all)

    def _order(self, work: Work[T] | None, watch: Stopwatch, threads: int) -> SearchOrder:
        return SearchOrder(work, self._versions(), watch.elapsed(), threads)

    def _versions(self) -> Mapping[str, str]:
        return {one.name: one.version for one in self._library}

    def _take(self, watch: Stopwatch, *, may_be_none: bool) -> SearchProcess | None:
        """Return a process that is free, once one is; None: none can be started any more.

        A request of which one has died already waits for one: it would end the server next.

        Raises:
            RequestRefusedError: Nobody waits for the answer any more, or the server ends.
        """
        is_waiting = False
        with self._changes:
            while True:
                if self._is_closed:
                    raise RequestRefusedError("The server ends.", code="overloaded")
                if (process := self._living()) is not None:
                    break
                if may_be_none and self._pause is not None and not self.n_alive:
                    break
                is_waiting = True
                self._changes.wait(_LOOK_SECONDS)
                watch("queue")
        if is_waiting:
            watch("work")
        return process

    def _living(self) -> SearchProcess | None:
        """Take a process that is free and has not died."""
        for number in reversed(range(len(self._free))):
            if self._free[number].status is None:
                return self._free.pop(number)
            self._wake.set()
        return None

    def _take_if_free(self, process: SearchProcess) -> bool:
        with self._changes:
            if self._is_closed or process not in self._free:
                return False
            self._free.remove(process)
            return True

    def _put_back(self, process: SearchProcess) -> None:
        if process.status is not None:
            self._wake.set()
        with self._changes:
            self._free.append(process)
            self._changes.notify_all()

    def _all_are_free(self, seconds: float) -> bool:
        """Wait until no process is at work, so many seconds at most."""
        with self._changes:
            return self._changes.wait_for(lambda: len(self._free) == len(self._all), seconds)

    def _keep(self) -> None:
        """Look after the processes until the end."""
        while not self._is_closed:
            self._wake.wait(_KEEP_SECONDS)
            self._wake.clear()
            for process in list(self._all):
                if self._take_if_free(process):
                    kept = process
                    try:
                        kept = self._kept(process)
                    except Exception:  # whatever it is, the next look may go well
                        logger.exception("a process that searches could not be looked after")
                    finally:
                        self._put_back(kept)

    def _kept(self, process: SearchProcess) -> SearchProcess:
        """Return a process in a good state: this one, or another in its place if it has died."""
        status = process.status
        if status is not None:
            if not process.is_missed:
                process.is_missed = True
                self.n_deaths += 1
                logger.warning("a process that searches has ended with status %d", status)
            return self._another(process)
        if process.versions != self._versions():
            watch = Stopwatch(_REFRESH_SECONDS)
            try:
                self._tell_behind(process.work(self._order(None, watch, 1), watch))
            except SearchDiedError:
                self._wake.set()
        return process

    def _tell_behind(self, answer: SearchAnswer) -> None:
        """Log once why a process cannot open the state that the server has."""
        told = str(answer.error) if answer.is_behind else ""
        if told and told != self._told:
            logger.error("a process that searches is behind, the server does its work: %s", told)
        self._told = told

    def _another(self, dead: SearchProcess) -> SearchProcess:
        """Return another process in the place of a dead one, or that one if none can be started."""
        if self._pause is not None and self._pause.holds(None):
            return dead
        try:
            (fresh,) = _started(self._setup, 1)
        except Exception as error:  # noqa: BLE001  the server does the work until it goes well
            if self._pause is None:
                logger.error("no process that searches can be started: %s", error)  # noqa: TRY400
            self._pause = Pause.after(self._pause, None, error)
            return dead
        if self._pause is not None:
            logger.info("processes that search can be started again")
        self._pause = None
        with self._changes:
            self._all[self._all.index(dead)] = fresh
        _stop([dead])
        return fresh

    def _count(self, encoded: Mapping[str, int]) -> None:
        with self._changes:
            for name, n_tokens in encoded.items():
                self._library.named(name).encoder.n_tokens += n_tokens


def _started(setup: Setup, n: int) -> list[SearchProcess]:
    """Start some processes together, and wait until they are ready."""
    with ExitStack() as undone:
        found: list[SearchProcess] = []
        undone.callback(_stop, found)
        found.extend(SearchProcess(setup) for _ in range(n))
        for one in found:
            one.wait_until_ready()
        undone.pop_all()
    return found


def _stop(processes: Sequence[SearchProcess]) -> None:
    """End processes together."""
    for one in processes:
        one.leave()
    ends = time.monotonic() + _GRACE
    for one in processes:
        one.stop(max(0.0, ends - time.monotonic()))
