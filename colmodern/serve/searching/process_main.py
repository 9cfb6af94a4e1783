"""What does a process do that searches for a server? One order after the other."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from typing import Any

import colmodern
from colmodern.errors import ColModernError, RequestRefusedError
from colmodern.serve.garbage import settle
from colmodern.serve.searching.messages import (
    OrderNumbers,
    SearchAnswer,
    SearchOrder,
    Setup,
    packed,
    receive,
    send,
)
from colmodern.serve.served import Library, ServedIndex
from colmodern.serve.stopwatch import Stopwatch


def main(shared: int | None) -> None:
    """Take orders on standard input, answer on standard output, until the server is gone.

    Args:
        shared: The file of ``OrderNumbers``; None: there is none.
    """
    orders, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # a library that prints would speak in between
    try:
        _run(orders, answers, None if shared is None else OrderNumbers(shared))
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nobody is there whom anything could be told


def _run(orders: int, answers: int, numbers: OrderNumbers | None) -> None:
    library = _opened(receive(orders), answers)
    settle()
    while True:
        order: SearchOrder = receive(orders)
        if numbers is not None:
            numbers.begun = order.number
        send(answers, _packed(_answered(order, library, numbers)))


def _opened(setup: Setup, answers: int) -> Library:
    try:
        _check_version(setup)
        found = [ServedIndex(name, path, shard=setup.shard) for name, path in setup.indexes.items()]
        library = Library(found)
    except Exception as error:
        send(answers, _packed(SearchAnswer(error=_told(error))))
        raise EOFError from error
    send(answers, packed(SearchAnswer()))
    return library


def _check_version(setup: Setup) -> None:
    if setup.version != colmodern.__version__:
        raise RequestRefusedError(
            f"This server is colmodern {setup.version}, but {colmodern.__version__} is installed "
            "now: start it again.",
            code="internal",
        )


def _answered(order: SearchOrder, library: Library, numbers: OrderNumbers | None) -> SearchAnswer:
    def is_cancelled() -> bool:
        return numbers is not None and numbers.cancelled == order.number

    watch = Stopwatch.going_on(order.elapsed, is_cancelled=is_cancelled)
    if (why := _why_behind(order, library)) is not None:
        return SearchAnswer(error=why, is_behind=True)
    before = _encoded(library)
    value, error = None, None
    try:
        if order.work is not None:
            value = order.work(library, watch, order.threads)
    except Exception as failure:  # noqa: BLE001  the server raises it again
        error = _told(failure)
    after = _encoded(library)
    encoded = {name: n - before[name] for name, n in after.items() if n > before[name]}
    return SearchAnswer(value, error, seconds=watch.seconds(), encoded=encoded)


def _why_behind(order: SearchOrder, library: Library) -> Exception | str | None:
    """Return why an index has an older state than the server; None: none has."""
    for one in library:
        if order.versions.get(one.name) != one.version:
            try:
                one.refresh(retry=False)
            except Exception as error:  # noqa: BLE001  the server has opened it, and does the work
                return _told(error)
    return None


def _encoded(library: Library) -> Mapping[str, int]:
    return {one.name: one.encoder.n_tokens for one in library}


def _told(error: Exception) -> Exception | str:
    return error if isinstance(error, ColModernError) else traceback.format_exc()


def _packed(answer: SearchAnswer) -> bytes:
    try:
        return packed(answer)
    except Exception as failure:  # noqa: BLE001  a value that an error has may be anything
        told: Any = str(answer.error) if answer.error is not None else repr(failure)
        return packed(SearchAnswer(error=told, seconds=answer.seconds, encoded=answer.encoded))
