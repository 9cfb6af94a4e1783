"""What is every tool given? The indexes, a thread to work in, and who asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from colmodern.serve.config import ServeConfig
from colmodern.serve.served import Work

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        request: The HTTP request; None on standard input.
        progress: Tells the caller how far a long job is: done, total, message.
    """

    request: Any
    progress: Callable[[float, float | None, str], Awaitable[None]]


class Desk(Protocol):
    """Where tools get their work done."""

    @property
    def config(self) -> ServeConfig:
        """The limits."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether the agent runs on this machine and for its user, who may change the index."""
        ...

    async def run(
        self, caller: Caller, work: Work[T], *, is_change: bool = False, is_apart: bool = False
    ) -> T:
        """Return what ``work`` returns, done in a thread; a change has no deadline.

        Args:
            caller: Who asks.
            work: What is done.
            is_change: Whether an index is changed by it.
            is_apart: Whether another process may do it, as ``Server.ask`` has it.

        Raises:
            ColModernError: The indexes cannot be opened, there is too much to do, or as ``work``.
        """
        ...
