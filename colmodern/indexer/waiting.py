"""How does a writer wait for another one to finish?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from colmodern.errors import IndexLockedError

__all__ = ["when_free"]

T = TypeVar("T")

TICK_SECONDS = 0.2


def when_free(
    change: Callable[[], T], seconds: float, *, waiting: Callable[[str], None] | None = None
) -> T:
    """Return what a change of an index returns, begun again while another process writes there.

    A change takes the lock before anything else, so that one that is refused has done nothing.

    Args:
        change: The change, such as ``functools.partial(indexer.sync, roots)``.
        seconds: How long to wait at most; 0: not at all.
        waiting: Called once, with a sentence, when there is something to wait for.

    Raises:
        IndexLockedError: The other process is still writing.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return change()
        except IndexLockedError as error:
            left = end - time.monotonic()
            if left <= 0:
                raise
            if waiting is not None:
                waiting(f"{error} Waiting for it, {seconds:g} s at most.")
                waiting = None
        time.sleep(min(TICK_SECONDS, left))
