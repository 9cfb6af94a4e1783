"""Which process reads which file, and how do documents come back in the order of the files?

Workers have files ahead of the one that is taken, so that none waits for another's long one; a file
goes to the one that has the fewest bytes ahead. What they read waits in their pipes; one whose pipe
is full waits itself, so that nothing piles up. A worker that dies costs its file; another takes its
place and what it had ahead.

Orders are written by a thread for each worker: one whose pipe of answers is full takes none, and
whoever waited for that would never take its answers.
"""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import IO, BinaryIO, Self, cast

from colmodern.corpus.box.messages import Digest, Done, Failed, Logged, Order, packed, receive
from colmodern.corpus.changes import hash_source
from colmodern.corpus.extraction import extract
from colmodern.corpus.extraction.parsed import OnSkipped
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.proof import is_gzip_name
from colmodern.corpus.sources import Extracted, ExtractionError, Skipped, SkipReason, Source

__all__ = ["ExtractionPool"]

if sys.platform == "linux":
    import fcntl

logger = logging.getLogger(__name__)

# Read here: their cost grows with their size alone, and that has a limit. Files of rows have none,
# and one row may be all of it; so they are read here up to so many bytes.
_PLAIN = frozenset({
    "text", "markdown", "rst", "asciidoc", "org", "latex", "subtitles", "code", "jsonl", "csv",
    "tsv",
})  # fmt: skip
_MOST_PLAIN_BYTES = 16 << 20

MOST_WORKERS = 8
FILES_AHEAD = 64
"""Of each worker, at most: with few it would wait while another reads a long one."""
_PIPE_BYTES = 1 << 20  # what a process may have without being privileged

_START = "import sys; sys.path[:] = {path!r}; from colmodern.corpus.box.worker import main; main()"


class ExtractionPool:
    """Reads files, those that need a parser or unpacking in other processes; use it in ``with``.

    Processes start when the first such file is asked for.
    """

    def __init__(self, sources: Iterable[Source], options: ScanOptions) -> None:
        """Read these files, in this order.

        Args:
            sources: The files.
            options: How to read, and what a file may cost.
        """
        self._options = options
        self._waiting = deque(source for source in sources if _is_boxed(source))
        n_workers = min(_n_processors(), len(self._waiting), MOST_WORKERS)
        self._places = [_Place() for _ in range(n_workers)]
        self._running: deque[tuple[Source, _Place]] = deque()
        self._read_now: Generator[str | Extracted] | None = None

    def __enter__(self) -> Self:
        """Return the pool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all workers, whatever they do."""
        self._waiting.clear()
        self._running.clear()
        self._close()
        for place in self._places:
            place.end()

    def read(self, source: Source, report: OnSkipped) -> tuple[str, Iterator[Extracted]]:
        """Return the hash of a file and what ``extract`` yields of it; each is asked for in turn.

        Raises:
            ExtractionError: As ``extract``; also if the file takes more memory or time than it may.
        """
        if not _is_boxed(source):
            return hash_source(source), extract(source, self._options, report=report)
        self._close()
        self._hand_out()
        asked, place = self._running.popleft()
        assert asked is source
        self._read_now = answers = self._answers(source, place, report)
        first = next(answers)
        assert isinstance(first, str)
        return first, (answer for answer in answers if isinstance(answer, Extracted))

    def _close(self) -> None:
        """Give up what is not taken of the file read last: its worker has others behind it."""
        if self._read_now is not None:
            self._read_now.close()

    def _hand_out(self) -> None:
        while self._waiting:
            free = [place for place in self._places if place.n_ahead < FILES_AHEAD]
            if not free:
                return
            place = min(free, key=lambda one: one.bytes_ahead)
            self._order(self._waiting.popleft(), place)

    def _order(self, source: Source, place: _Place) -> None:
        place.order(Order(source, self._options))
        self._running.append((source, place))

    def _start_again(self, place: _Place) -> None:
        """Give what a worker had ahead to another one."""
        place.end()
        for source, of in self._running:
            if of is place:
                place.order(Order(source, self._options))

    def _answers(
        self, source: Source, place: _Place, report: OnSkipped
    ) -> Generator[str | Extracted]:
        """Yield the hash of a file and its documents, and hand out the next one behind them."""
        worker = place.worker
        failed: Skipped | None = None
        is_over = False
        try:
            while True:
                message = receive(worker.answers)
                if isinstance(message, Digest):
                    yield message.value
                elif isinstance(message, Extracted):
                    yield message
                elif isinstance(message, Skipped):
                    report(message)
                elif isinstance(message, Logged):
                    logger.warning("%s: %s", source.location, message.text)
                elif isinstance(message, Failed):
                    failed = message.skipped
                else:
                    break
            is_over = isinstance(message, Done) and not message.leaves
            if message is None:
                failed = worker.death(source, self._options)
        finally:
            if is_over:
                place.taken(source)
            else:
                self._start_again(place)
            self._hand_out()
        if failed is not None:
            raise ExtractionError(failed.path, failed.reason, failed.detail)


class _Place:
    """Where a worker reads files, one after the other.

    Attributes:
        n_ahead: How many files it has that are not taken.
        bytes_ahead: How large they are.
    """

    def __init__(self) -> None:
        self.n_ahead = self.bytes_ahead = 0
        self._worker: _Worker | None = None

    @property
    def worker(self) -> _Worker:
        """The worker, which starts when it is first asked for."""
        if self._worker is None:
            self._worker = _Worker()
        return self._worker

    def order(self, order: Order) -> None:
        self.worker.order(order)
        self.n_ahead += 1
        self.bytes_ahead += order.source.size

    def taken(self, source: Source) -> None:
        """Be told that all of a file was taken."""
        self.n_ahead -= 1
        self.bytes_ahead -= source.size

    def end(self) -> None:
        """End the worker; what it had ahead is nobody's."""
        if self._worker is not None:
            self._worker.end()
        self._worker, self.n_ahead, self.bytes_ahead = None, 0, 0


class _Worker:
    """One process that reads files."""

    def __init__(self) -> None:
        # In a session of its own: Ctrl-C is for this process, which then ends the workers.
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if sys.platform == "linux":
            with suppress(OSError):  # the kernel may have a lower limit
                fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._orders: SimpleQueue[bytes | None] = SimpleQueue()
        self._writer = Thread(
            target=_write_orders, args=(self._process.stdin, self._orders), daemon=True
        )
        self._writer.start()
        self.answers: BinaryIO = io.BufferedReader(cast("io.RawIOBase", self._process.stdout))

    def order(self, order: Order) -> None:
        """Let the worker read a file behind those it has; that never waits."""
        self._orders.put(packed(order))

    def end(self) -> None:
        self._process.kill()
        self._orders.put(None)
        self._writer.join()  # what it waits for is over: nobody reads orders any more
        self.answers.close()
        self._process.wait()

    def death(self, source: Source, options: ScanOptions) -> Skipped:
        """Return what a file has done to the process that read it."""
        status = self._process.wait()
        if sys.platform != "win32" and status == -signal.SIGPROF:
            detail = f"it takes more than {options.max_file_seconds:g} s of computing"
        else:
            detail = (
                f"its reader ended with status {status}: it needs too much memory, or is broken"
            )
        return Skipped(source.path, SkipReason.TOO_COSTLY, detail)


def _write_orders(stream: IO[bytes], orders: SimpleQueue[bytes | None]) -> None:
    """Write orders as they come, until there is None."""
    # The end of the worker is told where its answers are read.
    with suppress(OSError), io.BufferedWriter(cast("io.RawIOBase", stream)) as pipe:
        while (order := orders.get()) is not None:
            pipe.write(order)
            pipe.flush()


def _is_boxed(source: Source) -> bool:
    is_large = source.format.is_rows and source.size > _MOST_PLAIN_BYTES
    return source.format.name not in _PLAIN or is_gzip_name(source.path) or is_large


def _n_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
