"""Who may write to an index: one process at a time.

The lock is the kernel's (``flock``, or ``msvcrt.locking`` on Windows), taken on a file in the
index folder, so it ends with the process that holds it, however that ends: there are no stale
locks. What the file says (pid, host) is for the message to others only. Over NFS the lock holds
between hosts where the server runs lockd; a mount with ``nolock`` or ``local_lock`` locks one
host only.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from colmodern.errors import IndexLockedError, IndexWriteError
from colmodern.storage.directory.durable import writing
from colmodern.storage.format.names import LOCK

__all__ = ["WriterLock"]

_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_UNSUPPORTED = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


if sys.platform == "win32":
    import msvcrt

    # A byte far behind the text, so that others can still read who holds the lock.
    _LOCKED_BYTE = 1 << 30

    def _try_lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class WriterLock:
    """The right to write to one index, held until ``release``."""

    def __init__(self, folder: Path) -> None:
        """Take the lock of a folder, which is made if it does not exist.

        Raises:
            IndexLockedError: Another writer holds it; the message says who.
            IndexWriteError: The folder cannot be written to, or its file system has no locks.
        """
        self.path = folder / LOCK
        self._descriptor = -1
        with writing(folder):
            self._has_made_folder = _made(folder)
            try:
                self._descriptor = self._acquire()
                self._sign()
            except BaseException:
                self.release()
                raise

    def release(self) -> None:
        """Remove the lock file and let go of the lock; a second call does nothing.

        A folder that was made for it goes too if nothing was put there.
        """
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            # Removed while still held, so nobody else can have taken it. Windows cannot remove an
            # open file; a file that stays behind does no harm.
            with suppress(OSError):
                self.path.unlink()
            os.close(descriptor)
        if self._has_made_folder:
            self._has_made_folder = False
            with suppress(OSError):  # it is not empty
                self.path.parent.rmdir()

    def _acquire(self) -> int:
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            is_ours = False
            try:
                _try_lock(descriptor)
                is_ours = self._is_current(descriptor)
            except OSError as error:
                raise self._refusal(error) from error
            finally:
                if not is_ours:
                    os.close(descriptor)
            if is_ours:
                return descriptor

    def _is_current(self, descriptor: int) -> bool:
        """Return whether the file is still the one at the path: a releasing writer removes it."""
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def _refusal(self, error: OSError) -> OSError | IndexLockedError:
        folder = self.path.parent
        if error.errno in _HELD:
            return IndexLockedError(
                f"The index {folder} is being written to by {self._holder()}. "
                "Wait until that has finished, or end it.",
                path=folder,
            )
        if error.errno in _UNSUPPORTED:
            return IndexWriteError(
                f"The file system of {folder} has no locks, so a second writer could not be kept "
                "out. Write the index on a local disk and copy it.",
                path=folder,
            )
        return error

    def _sign(self) -> None:
        import socket  # 5 ms that a search need not pay

        os.ftruncate(self._descriptor, 0)
        holder = {"pid": os.getpid(), "host": socket.gethostname()}
        os.write(self._descriptor, json.dumps(holder).encode())

    def _holder(self) -> str:
        try:
            holder = json.loads(self.path.read_bytes())
            return f"process {int(holder['pid'])} on {holder['host']}"
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return "another process"


def _made(folder: Path) -> bool:
    """Make a folder and return True, or return False if it was there already."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return False
    return True
