"""Does the work of a function grow in step with its input, however busy the machine is?

Work is the CPU time of this thread, so other processes do not count. The input doubles from a
small one until a call takes long enough to be compared with one of a quarter; a function that
answers an input of ``LARGEST`` before that is fast at any size that is allowed. A call that goes on
and on is stopped by its own CPU time: a backtracking pattern on few characters may otherwise never
return.

What outgrows a cache of the processor, or is looked at in another way from some size on, costs more
a character from there on. That is a step, and no growth: so a failure needs two quadruplings, one
after the other, that both cost too much, and the second one has to cost more than any linear work
can whose every access became twice as slow. Work of which a fifth is quadratic is found by that.
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
# What four times the input may cost, from the small size on and from there: linear work costs 4
# times as much and n log n less than 5; quadratic work, if it was a fifth at first, 6.4 and 10.
ALLOWED = (6.25, 8.0)
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
    """Fail if the work of ``function(made(n))`` grows faster than ``n``, twice in succession.

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
    told = []
    for large_size, allowed in zip((size, 4 * size), ALLOWED, strict=True):
        ratios = _ratios(function, made(large_size // 4), made(large_size), allowed)
        if ratios[-1] <= allowed:
            return
        shown = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        told.append(f"from {large_size // 4} to {large_size} {shown} times as much")
    raise AssertionError(f"four times the input costs {'; '.join(told)}; {made(size)!r:.80}")


def _ratios(
    function: Callable[[object], object], small: object, large: object, allowed: float
) -> list[float]:
    """Return how many times as much a large input costs, measured until it is allowed."""
    ratios: list[float] = []
    while len(ratios) < ATTEMPTS and (not ratios or ratios[-1] > allowed):
        ratios.append(_least(function, large) / _least(function, small))
    return ratios


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
