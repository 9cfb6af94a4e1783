"""Who uses a folder of the cache? Whoever holds a lock of the kernel, which ends with its process.

Any number of processes may hold a lease; who wants to remove the folder has to be alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["Lease", "alone", "one_at_a_time"]

if sys.platform == "win32":
    import msvcrt

    def _share(descriptor: int) -> None:
        """Do nothing: a file that is open cannot be removed."""

    def _wait_alone(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _share(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_SH)

    def _wait_alone(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


class Lease:
    """The right to use what a file stands for, until ``release``."""

    def __init__(self, path: Path) -> None:
        """Take it; the file is made, and says by its time when it was used last."""
        self._descriptor = -1
        while self._descriptor < 0:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _share(descriptor)
                is_ours = _is_at(descriptor, path)
            except BaseException:
                os.close(descriptor)
                raise
            if is_ours:
                self._descriptor = descriptor
            else:  # whoever was alone has removed it
                os.close(descriptor)
        os.utime(path)

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Say whether nobody has a lease, and keep it so meanwhile; then the file is removed."""
    if sys.platform == "win32":
        with suppress(OSError):
            path.unlink()
        yield not path.exists()
        return
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
        with suppress(OSError):
            path.unlink()
    finally:
        os.close(descriptor)


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Let no other process, and no other thread, be in such a block of this file."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_alone(descriptor)
        yield
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
