"""How is a file opened that a stranger may have made? Only if it is one: a pipe has no end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["NO_FILE", "opened_file"]

NO_FILE = "it is a pipe, a socket or a device, and no file"


def opened_file(path: str | Path) -> BinaryIO:
    """Open a file to be read, without a buffer.

    Raises:
        OSError: It cannot be opened, or is no file.
    """
    return open(path, "rb", buffering=0, opener=_descriptor)


def _descriptor(path: str, flags: int) -> int:
    # Whoever opens a pipe waits for another process, unless told not to.
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        raise OSError(errno.EINVAL, NO_FILE, path)
    return descriptor
