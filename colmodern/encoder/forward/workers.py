"""How are both cores kept busy without getting in the way of the matrix library?

Jobs run in a few threads while NumPy's OpenBLAS is held to one thread each. Where that library
cannot be told (NumPy built with another one), jobs run in turn and it uses its own threads.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Job = Callable[[], None]

# Names that OpenBLAS gives its functions in NumPy's wheels, newest first.
_SYMBOLS = (
    "scipy_openblas_{}_num_threads64_",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)


class Workers:
    """A few threads that run lists of jobs."""

    def __init__(self, n_threads: int | None = None) -> None:
        """Take as many threads as the process may use cores, if None; none is started yet.

        Raises:
            ValueError: ``n_threads`` is less than 1.
        """
        if n_threads is not None and n_threads < 1:
            raise ValueError(f"n_threads must be at least 1, got {n_threads}.")
        self.n_threads = n_threads or _usable_cores()
        self._pool: ThreadPoolExecutor | None = None

    @contextmanager
    def running(self) -> Iterator[Callable[[Sequence[Job]], None]]:
        """Give a function that runs a list of jobs and returns when all are done.

        The first error of a job is raised there, after the others have stopped.
        """
        with _one_blas_thread() as is_limited:
            yield self._run if is_limited else _run_in_turn

    def _run(self, jobs: Sequence[Job]) -> None:
        helpers = min(self.n_threads, len(jobs)) - 1
        if helpers < 1:
            _run_in_turn(jobs)
            return
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # one query needs none

            self._pool = ThreadPoolExecutor(self.n_threads - 1, "colmodern-encoder")
        queue = deque(jobs)
        futures = [self._pool.submit(_drain, queue) for _ in range(helpers)]
        try:
            _drain(queue)
        finally:
            queue.clear()
            for future in futures:
                # One that has not begun is not waited for: after a fork it never would.
                if not future.cancel():
                    future.result()


def _run_in_turn(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job()


def _drain(queue: deque[Job]) -> None:
    while True:
        try:
            job = queue.popleft()
        except IndexError:
            return
        job()


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_limit_lock = threading.Lock()
_limit_users = 0
_limit_before = 0


@contextmanager
def _one_blas_thread() -> Iterator[bool]:
    """Hold OpenBLAS to one thread meanwhile; gives False where it is left alone.

    Its number of threads is one number for the whole process, so overlapping users are counted
    and the last one out puts it back.
    """
    functions = _openblas_threads()
    if functions is None:
        yield False
        return
    global _limit_users, _limit_before  # noqa: PLW0603 - the number itself is global to the process
    get_threads, set_threads = functions
    with _limit_lock:
        if _limit_users == 0:
            _limit_before = get_threads()
            set_threads(1)
        _limit_users += 1
    try:
        yield True
    finally:
        with _limit_lock:
            _limit_users -= 1
            if _limit_users == 0:
                set_threads(_limit_before)


@lru_cache(maxsize=1)
def _openblas_threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Return OpenBLAS's functions to get and set its number of threads, from NumPy's own copy."""
    package = Path(np.__file__).parent
    folders = (package.parent / "numpy.libs", package / ".dylibs")
    for path in (file for folder in folders for file in sorted(folder.glob("*openblas*"))):
        library = ctypes.CDLL(str(path))
        for symbol in _SYMBOLS:
            get_threads = getattr(library, symbol.format("get"), None)
            set_threads = getattr(library, symbol.format("set"), None)
            if get_threads is not None and set_threads is not None:
                return get_threads, set_threads
    return None
