"""What does a process do that reads files for another? It takes orders and gives documents back.

It says nothing on standard error: what libraries log goes back with the documents, so that it can
be told with the name of the file.
"""

from __future__ import annotations

import logging
import os
from typing import BinaryIO

from colmodern.corpus.box.limits import limit_memory, limit_seconds, memory_bytes
from colmodern.corpus.box.messages import (
    Digest,
    Done,
    Failed,
    Logged,
    Message,
    Order,
    packed,
    receive,
)
from colmodern.corpus.changes import hash_source
from colmodern.corpus.extraction import extract
from colmodern.corpus.sources import ExtractionError, Skipped, SkipReason

__all__ = ["main"]

MIB = 1 << 20
MOST_LOGGED = 20


def main() -> None:
    """Read files until there are no orders any more."""
    orders = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # a library that prints would speak in between
        os.dup2(nothing, descriptor)
    has_at_first = memory_bytes()
    while isinstance(order := receive(orders), Order):
        _read(order, _Answers(order, answers))
        grown = memory_bytes() - has_at_first
        leaves = grown > order.options.max_file_memory // 2
        _Answers(order, answers).send(Done(leaves))
        if leaves:
            return


def _read(order: Order, answers: _Answers) -> None:
    """Say all of a file but that it is done."""
    source, options = order.source, order.options
    logging.root.handlers = [_Listener(answers)]
    logging.captureWarnings(True)
    if source.format.name == "parquet":
        import pyarrow.parquet  # noqa: F401  180 MiB that are not the file's
    limit_memory(options.max_file_memory)
    limit_seconds(options.max_file_seconds)
    try:
        answers.send(Digest(hash_source(source)))
        for document in extract(source, options, report=answers.send):
            answers.send(document)
    except ExtractionError as error:
        answers.send(Failed(error.skipped))
    except MemoryError:
        detail = f"it needs more than {options.max_file_memory // MIB:,} MiB of memory"
        limit_memory(options.max_file_memory)  # room to say so
        answers.send(Failed(Skipped(source.path, SkipReason.TOO_COSTLY, detail)))
    except Exception as error:  # noqa: BLE001 - one file must not stop the others
        detail = f"it cannot be read: {type(error).__name__}: {error}"
        answers.send(Failed(Skipped(source.path, SkipReason.BROKEN, detail[:1000])))


class _Answers:
    """What is said of one file; each message has the time for itself."""

    def __init__(self, order: Order, stream: BinaryIO) -> None:
        self._order = order
        self._stream = stream

    def send(self, message: Message) -> None:
        limit_seconds(0)
        data = packed(message)
        most = 2 * self._order.options.max_file_bytes + MIB
        if len(data) > most:
            detail = f"a document of {len(data):,} bytes; the limit is {most:,}"
            data = packed(Skipped(self._order.source.path, SkipReason.TOO_LARGE, detail))
        self._stream.write(data)
        self._stream.flush()
        limit_seconds(self._order.options.max_file_seconds)


class _Listener(logging.Handler):
    """Passes on what libraries log."""

    def __init__(self, answers: _Answers) -> None:
        super().__init__(logging.WARNING)
        self._answers = answers
        self._n_left = MOST_LOGGED

    def emit(self, record: logging.LogRecord) -> None:
        if self._n_left:
            self._n_left -= 1
            self._answers.send(Logged(record.getMessage()[:1000]))
