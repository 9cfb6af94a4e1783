"""Who works in a folder? One process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from colmodern.errors import ConfigError, InputError


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, which is made if need be; it ends with the process.

    Raises:
        ConfigError: Another process holds it.
        InputError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as err:
        raise InputError(
            f"Cannot write to {folder}: {err.strerror or err}.", code="file_not_written"
        ) from err
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise ConfigError(
                f"Another process is at work in {folder}; wait for it, or choose another folder.",
                code="folder_in_use",
            ) from err
        yield
