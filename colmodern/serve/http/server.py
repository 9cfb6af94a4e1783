"""What do all routes share? The indexes, the threads, and how a request waits for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import RequestRefusedError
from colmodern.serve.access import Access, Rates
from colmodern.serve.admission import Admission
from colmodern.serve.config import ServeConfig
from colmodern.serve.metrics import IndexMetrics, Metrics
from colmodern.serve.searching.pool import SearchPool
from colmodern.serve.served import Library, Work
from colmodern.serve.stopwatch import Stopwatch
from colmodern.serve.writing.writer import Writer

T = TypeVar("T")
Route = Callable[["Server", Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Front:
    """What every request meets, whoever answers it."""

    config: ServeConfig
    access: Access
    rates: Rates
    metrics: Metrics


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Server(Front):
    """What every route is given."""

    metrics: IndexMetrics
    library: Library
    admission: Admission
    writers: Mapping[str, Writer] = field(default_factory=dict)
    pool: SearchPool | None = None

    async def ask(
        self, request: Request, work: Work[T], *, threads: int | None = None, is_apart: bool = True
    ) -> T:
        """Return what ``work`` returns; in a process of its own, where the server has some.

        Args:
            request: Whose client is waited for.
            work: What is done with the indexes.
            threads: As many as it has a use for; None: all.
            is_apart: Whether another process may do it; then it has to be a function of a module,
                or such a one with arguments (``functools.partial``).

        Raises:
            RequestRefusedError: As ``run``.
        """
        if self.pool is not None and is_apart:
            return await self.run(request, partial(self.pool.run, work), threads=threads)
        return await self.run(request, partial(work, self.library), threads=threads)

    async def run(
        self,
        request: Request,
        work: Callable[[Stopwatch, int], T],
        *,
        threads: int | None = None,
    ) -> T:
        """Return what ``work`` returns, done in a thread; it is given a watch and its threads.

        Args:
            request: Whose client is waited for.
            work: What is done.
            threads: As many as it has a use for; None: all.

        A client that goes and a deadline that passes end the request at once, and the work at its
        next stage; until then its threads are taken.

        Raises:
            RequestRefusedError: The queue is full, the deadline passed, or the client has gone.
        """
        watch = Stopwatch(self.config.deadline)

        def timed(own: int) -> T:
            try:
                watch("work")
                return work(watch, own)
            finally:
                self.metrics.count_stages(watch.seconds())

        return await waited_for(request, self.admission.run(timed, most=threads), watch)


async def waited_for(request: Request, work: Awaitable[T], watch: Stopwatch) -> T:
    """Return what ``work`` returns, unless its client goes or its deadline passes before.

    Then the work is cancelled, and so is what looks at the watch.

    Raises:
        RequestRefusedError: The deadline passed, or the client has gone.
    """
    asking = asyncio.current_task()
    assert asking is not None
    is_waiting, has_gone = True, False

    def leave(gone: asyncio.Task[None]) -> None:
        nonlocal has_gone
        if is_waiting and not gone.cancelled():
            has_gone = True
            asking.cancel()

    gone = asyncio.create_task(_gone(request))
    gone.add_done_callback(leave)
    try:
        async with watch.bound():
            return await work
    except asyncio.CancelledError:
        if has_gone and not asking.uncancel():
            raise RequestRefusedError("The client has gone.", code="cancelled") from None
        raise
    finally:
        is_waiting = False
        watch.cancel()  # also when the server ends and cancels this
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
