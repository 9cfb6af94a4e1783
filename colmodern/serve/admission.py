"""Which request may work now? As many threads as there are, and a queue that has an end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from colmodern.errors import RequestRefusedError
from colmodern.serve.stopwatch import Stopwatch

T = TypeVar("T")


class Admission:
    """Lets work run in threads of its own, never in more than it has.

    A request that finds all threads free gets all that it can use; many share them. All methods but
    ``close`` belong to the event loop.
    """

    def __init__(self, *, threads: int, queue: int) -> None:
        """Have ``threads`` threads; at most ``queue`` requests wait for one."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="colmodern-search")
        self._threads = threads
        self._free = threads
        self._queue = queue
        self._waiting: deque[tuple[asyncio.Future[int], int]] = deque()

    @property
    def n_waiting(self) -> int:
        """How many requests wait for a thread."""
        return len(self._waiting)

    @property
    def n_busy(self) -> int:
        """How many threads are at work."""
        return self._threads - self._free

    async def run(
        self, work: Callable[[int], T], watch: Stopwatch, *, most: int | None = None
    ) -> T:
        """Return what ``work`` returns; it is told how many threads are its own.

        Args:
            work: What is done in a thread.
            watch: Knows the deadline.
            most: As many threads as it has a use for; None: all.

        A request that is cancelled keeps its threads until its work has ended at the next stage.

        Raises:
            RequestRefusedError: The queue is full, or the deadline passed in it.
        """
        threads = await self._take(watch, self._threads if most is None else most)
        future = asyncio.get_running_loop().run_in_executor(self._pool, work, threads)
        future.add_done_callback(partial(self._ended, threads))
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for the work that runs, and start no more."""
        self._pool.shutdown(wait=True)

    def _ended(self, threads: int, future: asyncio.Future[Any]) -> None:
        if not future.cancelled():
            future.exception()  # looked at, for nobody may wait for it any more
        self._give_back(threads)

    async def _take(self, watch: Stopwatch, most: int) -> int:
        if self._free and not self._waiting:
            return self._granted(1, most)
        if len(self._waiting) >= self._queue:
            raise RequestRefusedError(
                f"{len(self._waiting)} requests wait already; ask again in a second.",
                code="overloaded",
                option="queue",
                value=self._queue,
            )
        place: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((place, most))
        try:
            async with asyncio.timeout(watch.left):
                return await place
        except BaseException as error:
            self._leave(place, most)
            if isinstance(error, TimeoutError):
                raise watch.late() from None
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
        return granted

    def _give_back(self, threads: int) -> None:
        self._free += threads
        while self._free and self._waiting:
            n_sharing = len(self._waiting)
            place, most = self._waiting.popleft()
            if not place.done():
                place.set_result(self._granted(n_sharing, most))
