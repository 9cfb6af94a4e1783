"""What does a process do that searches for a server? One order after the other."""

from __future__ import annotations

import gc
import os
import signal
import traceback
from collections.abc import Mapping
from functools import partial
from typing import Any

from colmodern.errors import ColModernError
from colmodern.serve.searching.messages import (
    CANCEL,
    Answer,
    Order,
    Setup,
    has_message,
    packed,
    receive,
    send,
)
from colmodern.serve.served import Library, ServedIndex
from colmodern.serve.stopwatch import Stopwatch

_GARBAGE = 50_000  # new objects until garbage is looked for, as in the server


def main() -> None:
    """Take orders on standard input, answer on standard output, until the server is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they mean the server, which ends this
        signal.signal(number, signal.SIG_IGN)
    orders, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # a library that prints would speak in between
    try:
        _run(orders, answers)
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nobody is there whom anything could be told


def _run(orders: int, answers: int) -> None:
    library = _opened(receive(orders), answers)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE, *gc.get_threshold()[1:])
    while True:
        order = receive(orders)
        if order != CANCEL:  # else of an order that has ended
            send(answers, _packed(_answered(order, library, orders)))


def _opened(setup: Setup, answers: int) -> Library:
    try:
        found = [ServedIndex(name, path, shard=setup.shard) for name, path in setup.indexes.items()]
        library = Library(found)
    except Exception as error:
        send(answers, _packed(Answer(error=_told(error))))
        raise EOFError from error
    send(answers, packed(Answer()))
    return library


def _answered(order: Order, library: Library, orders: int) -> Answer:
    # While an order is at work, only its end can be told.
    watch = Stopwatch.going_on(order.elapsed, is_cancelled=partial(has_message, orders))
    before = _encoded(library)
    value, error = None, None
    try:
        for one in library:
            if order.versions.get(one.name) != one.version:
                one.refresh()
        if order.work is not None:
            value = order.work(library, watch, order.threads)
    except Exception as failure:  # noqa: BLE001  the server raises it again
        error = _told(failure)
    after = _encoded(library)
    encoded = {name: n - before[name] for name, n in after.items() if n > before[name]}
    return Answer(value, error, watch.seconds(), encoded)


def _encoded(library: Library) -> Mapping[str, int]:
    return {one.name: one.encoder.n_tokens for one in library}


def _told(error: Exception) -> Exception | str:
    return error if isinstance(error, ColModernError) else traceback.format_exc()


def _packed(answer: Answer) -> bytes:
    try:
        return packed(answer)
    except Exception as failure:  # noqa: BLE001  a value that an error has may be anything
        told: Any = str(answer.error) if answer.error is not None else repr(failure)
        return packed(Answer(error=told, seconds=answer.seconds, encoded=answer.encoded))
