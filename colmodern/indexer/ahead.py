"""How does one stage of a build work while the next is busy? In a thread, a little ahead of it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator
from queue import Empty, Queue
from typing import TypeVar

T = TypeVar("T")

_END = object()


class _Failure:
    """An error on its way from the thread of a stage to the one that takes its items."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def ahead(items: Iterable[T], *, depth: int = 1) -> Iterator[T]:
    """Yield ``items`` in order while a thread makes the next ones.

    An error in the making is raised here, after the items before it. When the caller stops early,
    the thread has stopped, too, before that returns.

    Args:
        items: Taken by the thread alone, from the first item that is asked for.
        depth: How many finished items may wait; one more may be in the making.
    """
    queue: Queue[object] = Queue(depth)
    is_over = threading.Event()
    thread = threading.Thread(target=_make, args=(items, queue, is_over), daemon=True)
    thread.start()
    try:
        while True:
            item = queue.get()
            if item is _END:
                return
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]  # what is neither of the two above is an item
    finally:
        is_over.set()
        _empty(queue)  # the thread may wait for room
        if thread is not threading.current_thread():  # garbage may be collected in any thread
            thread.join()
            if isinstance(items, Generator):
                items.close()  # and with it the stage before


def _make(items: Iterable[T], queue: Queue[object], is_over: threading.Event) -> None:
    try:
        for item in items:
            queue.put(item)
            if is_over.is_set():
                return
    except BaseException as error:  # noqa: BLE001 - raised again where the items are taken
        queue.put(_Failure(error))
    else:
        queue.put(_END)


def _empty(queue: Queue[object]) -> None:
    try:
        while True:
            queue.get_nowait()
    except Empty:
        pass
