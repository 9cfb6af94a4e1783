"""How is a store asked so that a signal ends the wait?

A call of obstore holds back Python's handlers of signals until the store has answered, or until it
gives up after a minute. So the main thread, which alone runs these handlers, lets another one call.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread, current_thread, main_thread
from typing import ParamSpec, TypeVar

__all__ = ["asked", "awaited"]

P = ParamSpec("P")
T = TypeVar("T")

_LOOK_SECONDS = 0.5


def asked(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a call of the store's client returns, or raise what it raises.

    What a signal leaves unfinished goes on behind, and ends with the process.
    """
    if current_thread() is not main_thread():
        return call(*args, **kwargs)
    outcome: SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((call(*args, **kwargs), None))
        except BaseException as error:  # noqa: BLE001 - raised again where the answer is awaited
            outcome.put((None, error))

    Thread(target=run, name="colmodern-store", daemon=True).start()
    found, error = awaited(outcome)
    if error is not None:
        raise error
    return found  # type: ignore[return-value]


def awaited(queue: SimpleQueue[T]) -> T:
    """Return what comes next from a queue; a signal that raises ends the wait.

    One that is received just before a wait begins does not end it, so that no wait is long.
    """
    while True:
        try:
            return queue.get(timeout=_LOOK_SECONDS)
        except Empty:
            continue
