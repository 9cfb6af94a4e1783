"""What does the process do that commits for a server? Jobs, until the server is gone."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from colmodern.errors import ColModernError, EncoderMismatchError
from colmodern.remote.reading import open_index
from colmodern.searcher.checks import encoder_of
from colmodern.serve.writing.commit import OwnCommitter, Stopped, writing_encoder
from colmodern.serve.writing.jobs import journal_folder, read_job
from colmodern.types import DocumentEncoder

# Searches weigh three times as much. At 10 and more a commit waits for seconds where the machine is
# full (docs/lab/serve.md).
_NICE = 5


def main(index: str) -> None:
    """Commit jobs of an index as their numbers come on standard input; say so on standard output.

    Said is None, or what went wrong: an error of ours as it is, any other as its traceback.
    """
    if sys.platform != "win32":
        os.nice(_NICE)  # threads that start from now on are no faster
    for number in (signal.SIGINT, signal.SIGTERM):  # they mean the server, which ends this
        signal.signal(number, signal.SIG_IGN)
    orders = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints would speak in between
    committing = _Committing(Path(index))
    given: SimpleQueue[Sequence[int] | None] = SimpleQueue()
    threading.Thread(target=_read, args=(orders, given, committing), daemon=True).start()
    try:
        while (numbers := given.get()) is not None:
            answers.write(_packed(committing.commit(numbers)))
            answers.flush()
    except (Stopped, BrokenPipeError):
        os._exit(0)  # nobody is there whom it could be told


def _read(
    orders: BinaryIO, given: SimpleQueue[Sequence[int] | None], committing: _Committing
) -> None:
    """Pass on what is asked; when the server is gone, let the commit that runs end."""
    try:
        while True:
            given.put(pickle.load(orders))
    except (EOFError, OSError, pickle.UnpicklingError):
        given.put(None)
        committing.stop()


class _Committing:
    """Commits jobs by their numbers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._committer: OwnCommitter | None = None
        self._is_stopped = False

    def commit(self, numbers: Sequence[int]) -> ColModernError | str | None:
        """Commit jobs together; return what went wrong."""
        try:
            folder = journal_folder(self._path)
            jobs = [read_job(folder, number) for number in numbers]
            try:
                self._ready().commit(jobs)
            except EncoderMismatchError:  # it was made again with another one since
                self._let_go()
                self._ready().commit(jobs)
        except ColModernError as error:
            return error
        except Exception:  # noqa: BLE001  the server has a log and says it there
            return traceback.format_exc()
        return None

    def stop(self) -> None:
        self._is_stopped = True
        if self._committer is not None:
            self._committer.stop()

    def _let_go(self) -> None:
        if self._committer is not None:
            self._committer.close()
            self._committer = None

    def _ready(self) -> OwnCommitter:
        if self._committer is None:
            self._committer = OwnCommitter(self._path, _encoder_of(self._path))
        if self._is_stopped:
            raise Stopped
        return self._committer


def _encoder_of(index: Path) -> DocumentEncoder:
    with open_index(index) as reader:
        return writing_encoder(encoder_of(reader, precision="auto"))


def _packed(answer: ColModernError | str | None) -> bytes:
    try:
        return pickle.dumps(answer)
    except Exception:  # noqa: BLE001  a value that an error has may be anything
        return pickle.dumps(str(answer))
