"""How is an index changed beside its searches? By a process of its own, which they go before.

In the server's own process a commit would take the interpreter's lock from every search; of another
process the kernel knows that it can wait. It is told the numbers of jobs, reads them from the
journal, and says when they are committed; ``process_main.py`` is what it does.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from colmodern.errors import ColModernError
from colmodern.serve.writing.commit import Stopped
from colmodern.serve.writing.jobs import WriteJob

_START = (
    "import sys; sys.path[:] = {path!r}; "
    "from colmodern.serve.writing.process_main import main; main({index!r})"
)

# A commit that runs when the server ends has so many seconds; it is run again at the next start.
_GRACE = 5.0


class ProcessDiedError(Exception):
    """The process has ended in the middle of a commit."""


class WritingProcess:
    """Commits in a process of low priority; one that has died is started again."""

    def __init__(self, path: Path) -> None:
        """Start it, for the index in the folder ``path``, with the encoder that this names."""
        self._path = path
        self._changes = threading.Lock()
        self._is_stopped = False
        self._process = self._start()

    def commit(self, jobs: Sequence[WriteJob]) -> None:
        """See ``Committer``.

        Raises:
            ProcessDiedError: The process has; whether the jobs are committed is not known.
            RuntimeError: Something went wrong there that nobody foresaw; it has the traceback.
        """
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump([job.number for job in jobs], process.stdin)
            process.stdin.flush()
            answer = pickle.load(process.stdout)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            process.kill()
            status = process.wait()
            if self._is_stopped:
                raise Stopped from None
            raise ProcessDiedError(f"it ended with status {status}") from error
        if isinstance(answer, ColModernError):
            raise answer
        if answer is not None:
            raise RuntimeError(f"in the process that writes:\n{answer}")

    def stop(self) -> None:
        """See ``Committer``; a process that does not end by itself is killed."""
        with self._changes:
            self._is_stopped = True
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended already
            self._process.stdin.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """See ``Committer``."""
        _close(self._process)

    def _running(self) -> subprocess.Popen[bytes]:
        with self._changes:
            if self._is_stopped:
                raise Stopped
            if self._process.poll() is not None:
                _close(self._process)
                self._process = self._start()
            return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        if sys.platform == "win32":
            flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS
        else:
            flags = 0  # it lowers its priority itself
        return subprocess.Popen(
            [sys.executable, "-c", _START.format(path=sys.path, index=str(self._path))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            creationflags=flags,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )


def _close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # what it was told last has never left
        process.stdin.close()
    process.stdout.close()
