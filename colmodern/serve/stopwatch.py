"""How long does each stage of a request take, and must it stop?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Self

from colmodern.errors import RequestRefusedError


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The time of a request so far, as another process needs it to go on.

    Attributes:
        deadline: The seconds that the request may take in all.
        spent: Those that it has taken.
        seconds: Of them, the time of each stage that has ended.
    """

    deadline: float
    spent: float
    seconds: Mapping[str, float]


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
        self._tell: Callable[[], object] | None = None
        self._asks: Callable[[], bool] | None = None

    @classmethod
    def going_on(cls, elapsed: Elapsed, *, is_cancelled: Callable[[], bool]) -> Self:
        """Return a watch that goes on in another process, in the stage ``work``.

        Args:
            elapsed: The time of the request so far.
            is_cancelled: Asked as each stage begins: whether nobody waits any more.
        """
        made = cls(elapsed.deadline)
        made._asks = is_cancelled
        made._started -= elapsed.spent
        made._ends -= elapsed.spent
        made._seconds = dict(elapsed.seconds)
        made._stage = "work"
        return made

    def elapsed(self) -> Elapsed:
        """Return the time so far, for a process that goes on with the stage that runs."""
        spent = time.perf_counter() - self._started
        return Elapsed(self._ends - self._started, spent, self.seconds())

    def take_over(self, seconds: Mapping[str, float]) -> None:
        """Have the stages that another process has timed, which went on with ``elapsed``."""
        self._seconds, self._since = dict(seconds), time.perf_counter()

    @contextmanager
    def telling(self, tell: Callable[[], object]) -> Iterator[None]:
        """Have ``tell`` called, from any thread, if the request is cancelled meanwhile, or was."""
        self._tell = tell
        try:
            if self._is_cancelled:
                tell()
            yield
        finally:
            self._tell = None

    def __call__(self, stage: str) -> None:
        """Begin a stage; the one before it has ended.

        Raises:
            RequestRefusedError: The client has gone, or the deadline has passed.
        """
        now = time.perf_counter()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now
        if self._is_cancelled or (self._asks is not None and self._asks()):
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
        if (tell := self._tell) is not None:
            tell()

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
