"""Which request may work now? As many threads as there are, and a queue that has an end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from colmodern.errors import RequestRefusedError

T = TypeVar("T")


class Admission:
    """Lets work run in threads of its own, never in more than it has.

    A request that finds all threads free gets all that it can use; many share them. Where each
    thread has a request, as many more are handed over before one is free: a thread that ends one
    begins the next, without a wait for the event loop, which needs the interpreter's lock for that.
    All methods but ``close`` belong to the event loop.
    """

    def __init__(self, *, threads: int, queue: int) -> None:
        """Have ``threads`` threads; at most ``queue`` requests wait for one."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="colmodern-search")
        self._threads = threads
        self._free = threads  # less than 0: so many wait in the pool
        self._n_given = 0
        self._queue = queue
        self._waiting: deque[tuple[asyncio.Future[int], int]] = deque()

    @property
    def n_waiting(self) -> int:
        """How many requests wait for a thread."""
        return len(self._waiting) + max(0, -self._free)

    @property
    def n_busy(self) -> int:
        """How many threads are at work."""
        return self._threads - max(0, self._free)

    async def run(self, work: Callable[[int], T], *, most: int | None = None) -> T:
        """Return what ``work`` returns; it is told how many threads are its own.

        Args:
            work: What is done in a thread.
            most: As many threads as it has a use for; None: all.

        A request that is cancelled keeps its threads until its work has ended; work that has not
        begun is never done.

        Raises:
            RequestRefusedError: The queue is full.
        """
        threads = await self._take(self._threads if most is None else most)
        job = self._pool.submit(work, threads)
        ended = asyncio.wrap_future(job)
        ended.add_done_callback(partial(self._ended, threads))
        try:
            return await asyncio.shield(ended)
        finally:
            if job.cancel():  # it waited in the pool
                self._give_back(threads)

    def close(self) -> None:
        """Wait for the work that runs, and start no more."""
        self._pool.shutdown(wait=True)

    def _ended(self, threads: int, future: asyncio.Future[Any]) -> None:
        if not future.cancelled():
            future.exception()  # looked at, for nobody may wait for it any more
            self._give_back(threads)

    async def _take(self, most: int) -> int:
        if self._free > 0 and not self._waiting:
            return self._granted(1, most)
        if self.n_waiting >= self._queue:
            raise RequestRefusedError(
                f"{self.n_waiting} requests wait already; ask again in a second.",
                code="overloaded",
                option="queue",
                value=self._queue,
            )
        if self._has_room_ahead:
            return self._granted(1, 1)
        place: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((place, most))
        try:
            return await place
        except BaseException:
            self._leave(place, most)
            raise

    def _leave(self, place: asyncio.Future[int], most: int) -> None:
        """Take a request out of the queue, or give back what it was granted meanwhile."""
        if (place, most) in self._waiting:
            self._waiting.remove((place, most))
        elif place.done() and not place.cancelled():
            self._give_back(place.result())

    def _granted(self, n_sharing: int, most: int) -> int:
        granted = max(1, min(most, self._free // n_sharing))
        self._free -= granted
        self._n_given += 1
        return granted

    @property
    def _has_room_ahead(self) -> bool:
        """Whether each thread has a request of its own, and one more may wait for it."""
        return self._threads <= self._n_given < 2 * self._threads

    def _give_back(self, threads: int) -> None:
        self._free += threads
        self._n_given -= 1
        while self._waiting and (self._free > 0 or self._has_room_ahead):
            n_sharing = len(self._waiting)
            place, most = self._waiting.popleft()
            if not place.done():
                place.set_result(self._granted(n_sharing, most))
