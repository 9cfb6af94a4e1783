"""How are many things done at once, and none after one has failed?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

__all__ = ["AT_ONCE", "StoppedError", "each"]

T = TypeVar("T")

AT_ONCE = 8
"""Files that are sent or fetched at a time; each has one block in memory."""


class StoppedError(Exception):
    """Another transfer has failed, or the user has had enough."""


def each(
    work: Callable[[T], object],
    items: Iterable[T],
    *,
    stopping: threading.Event | None = None,
) -> None:
    """Call ``work`` with each item, some at once; the first failure ends it.

    Args:
        work: What is done; it looks at ``stopping`` now and then, and raises ``StoppedError``.
        items: What it is done with.
        stopping: Set when one has failed, or an interrupt came.
    """
    stopping = threading.Event() if stopping is None else stopping
    left = iter(items)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="transfer") as pool:
        running: set[Future[object]] = {pool.submit(work, one) for one in islice(left, AT_ONCE)}
        failed: BaseException | None = None
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for one in done:
                    error = one.exception()
                    if error is not None and (failed is None or isinstance(failed, StoppedError)):
                        failed = error
                        stopping.set()
                if failed is None:
                    running |= {pool.submit(work, one) for one in islice(left, len(done))}
        except BaseException:
            stopping.set()
            raise
    if failed is not None:
        raise failed
