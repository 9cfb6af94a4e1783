"""What do all routes share? The indexes, the threads, and how a request waits for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import RequestRefusedError
from colmodern.serve.access import Access, Rates
from colmodern.serve.admission import Admission
from colmodern.serve.config import ServeConfig
from colmodern.serve.metrics import Metrics
from colmodern.serve.served import Library
from colmodern.serve.stopwatch import Stopwatch
from colmodern.serve.writing.writer import Writer

T = TypeVar("T")
Route = Callable[["Server", Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """What every route is given."""

    config: ServeConfig
    library: Library
    admission: Admission
    access: Access
    rates: Rates
    metrics: Metrics
    writers: Mapping[str, Writer] = field(default_factory=dict)

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

        answer = asyncio.ensure_future(self.admission.run(timed, watch, most=threads))
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait(
                {answer, gone}, timeout=watch.left, return_when=asyncio.FIRST_COMPLETED
            )
            if answer.done():
                return answer.result()
            if gone.done():
                raise RequestRefusedError("The client has gone.", code="cancelled")
            raise watch.late()
        finally:
            watch.cancel()  # also when the server ends and cancels this
            gone.cancel()
            answer.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
