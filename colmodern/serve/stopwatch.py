"""How long does each stage of a request take, and must it stop?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from colmodern.errors import RequestRefusedError


class Stopwatch:
    """Times the stages of one request, and ends it between two of them.

    It is called with the name of a stage as that begins, as ``Searcher.search`` does.
    """

    def __init__(self, deadline: float) -> None:
        """Start; the request has to end within ``deadline`` seconds."""
        self._seconds: dict[str, float] = {}
        self._started = self._since = time.perf_counter()
        self._ends = self._started + deadline
        self._stage = "queue"
        self._is_cancelled = False

    def __call__(self, stage: str) -> None:
        """Begin a stage; the one before it has ended.

        Raises:
            RequestRefusedError: The client has gone, or the deadline has passed.
        """
        now = time.perf_counter()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now
        if self._is_cancelled:
            raise RequestRefusedError("The client has gone.", code="cancelled")
        if now > self._ends:
            raise self.late()

    @property
    def left(self) -> float:
        """The seconds until the deadline, at least 0."""
        return max(0.0, self._ends - time.perf_counter())

    @asynccontextmanager
    async def bound(self) -> AsyncIterator[None]:
        """End what is awaited inside when the deadline passes.

        Raises:
            RequestRefusedError: It has passed.
        """
        async with asyncio.timeout(self.left) as time_left:
            try:
                yield
            except asyncio.CancelledError:
                if time_left.expired():
                    raise self.late() from None
                raise

    def cancel(self) -> None:
        """Let the request end at its next stage."""
        self._is_cancelled = True

    def late(self) -> RequestRefusedError:
        """Return the error of a request whose deadline has passed."""
        seconds = self._ends - self._started
        return RequestRefusedError(
            f"The answer was not ready within {seconds:g} seconds (stage {self._stage}). Ask for "
            "less, or let the server have a longer --deadline.",
            code="deadline_passed",
            option="deadline",
            value=seconds,
        )

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each stage that has ended, in the order of their beginnings."""
        return dict(self._seconds)
