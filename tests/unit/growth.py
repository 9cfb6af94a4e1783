"""Does the work of a function grow in step with its input, however busy the machine is?

Work is the CPU time of this thread, so other processes do not count. The input doubles from a
small one until a call takes long enough to be compared with one of a quarter; a function that
answers an input of ``LARGEST`` before that is fast at any size that is allowed. A call that goes on
and on is stopped by its own CPU time: a backtracking pattern on few characters may otherwise never
return.
"""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Callable
from contextlib import contextmanager

__all__ = ["LARGEST", "assert_linear"]

LARGEST = 1 << 20
COMPARABLE = 0.05  # seconds of CPU: noise is a small part of it
LONGEST = 3.0  # seconds of CPU for one call, which is a failure
FACTOR = 2.5  # twice the input may cost so much more
ATTEMPTS = 4


class TooLongError(Exception):
    """A call took more CPU time than any linear one does."""


def assert_linear(
    function: Callable[[object], object],
    made: Callable[[int], object],
    *,
    first: int = 32,
    largest: int = LARGEST,
    enough: float = COMPARABLE,
) -> None:
    """Fail if the work of ``function(made(n))`` more than doubles, and a bit, with ``n``.

    Args:
        function: What is measured.
        made: Returns the input of a size.
        first: The first size.
        largest: The last size that is tried; what is faster than ``enough`` there is fast.
        enough: From how many seconds of CPU on two sizes are compared.
    """
    size = first
    while (spent := _work(function, made(size))) < enough and size < largest:
        size *= 2
    if spent < enough:
        return
    size = max(size, 4 * first)
    small, large = made(size // 4), made(size)
    ratios = []
    for _ in range(ATTEMPTS):
        ratios.append(_least(function, large) / _least(function, small))
        if ratios[-1] <= FACTOR**2:
            return
    shown = ", ".join(f"{ratio:.1f}" for ratio in ratios)
    raise AssertionError(
        f"four times the input, {size // 4} to {size}, costs {shown} times as much; {large!r:.80}"
    )


def _least(function: Callable[[object], object], given: object) -> float:
    return min(_work(function, given) for _ in range(2))


def _work(function: Callable[[object], object], given: object) -> float:
    """Return the seconds of CPU that a call takes."""
    gc.disable()  # what it costs depends on all that is alive
    try:
        with _limited():
            start = time.thread_time()
            function(given)
            return time.thread_time() - start
    finally:
        gc.enable()


@contextmanager
def _limited():
    def stop(signum: int, frame: object) -> None:
        raise TooLongError(f"a call took more than {LONGEST:g} seconds of CPU")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
