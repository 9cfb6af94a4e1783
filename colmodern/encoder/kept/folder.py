"""Where is kept what can be made again, and who may have written it?

Nothing here raises: without a cache there is more to do, and nothing is wrong.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from colmodern.home import at_home, own_folder

logger = logging.getLogger(__name__)

VARIABLE = "COLMODERN_CACHE"
OFF = "off"
SUFFIXES = (".packed", ".check")
"""Ends of the names that are kept; nothing else in the folder is ever removed."""
_PART = ".part"
_UNUSED_DAYS = 60  # what nobody has read for so long is removed
_DAY = 24 * 3600.0


def cache_folder() -> Path | None:
    """Return the folder of what is kept, which need not exist; None if nothing is, or can be, kept.

    ``COLMODERN_CACHE`` names another one, or is ``off``.
    """
    named = os.environ.get(VARIABLE)
    if named == OFF:
        return None
    return at_home(named) if named else own_folder("cache")


def open_kept(name: str) -> BinaryIO | None:
    """Open what is kept under a name; None if there is nothing, or others may have written it."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / name
    try:
        file = path.open("rb")
    except OSError:
        return None
    status = os.fstat(file.fileno())
    if not _is_ours(status):
        logger.warning(
            "%s is not used: it is no plain file, or others may write it. Remove it, or set "
            "%s to a folder of your own.",
            path,
            VARIABLE,
        )
        file.close()
        return None
    _mark_used(path, status)
    return file


def keep(name: str, write: Callable[[BinaryIO], None]) -> bool:
    """Keep under a name what ``write`` puts into a file, in one step; say whether it is kept.

    Two that write the same name do not meet: each has a file of its own until it is whole.
    """
    import tempfile  # not when what is kept is read

    folder = cache_folder()
    if folder is None:
        return False
    temporary = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_unused(folder)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=_PART)
        with os.fdopen(handle, "w+b") as file:
            write(file)
        Path(temporary).replace(folder / name)
    except OSError as err:
        logger.info("nothing is kept in %s: %s", folder, err.strerror or err)
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        return False
    return True


def forget(name: str) -> None:
    """Remove what is kept under a name."""
    folder = cache_folder()
    if folder is None:
        return
    try:
        (folder / name).unlink(missing_ok=True)
    except OSError as err:
        logger.info("%s cannot be removed: %s", folder / name, err.strerror or err)


def _is_ours(status: os.stat_result) -> bool:
    """Say whether a file is a plain one that only this user, or root, can have written."""
    if not stat.S_ISREG(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    by_us = status.st_uid in (os.getuid(), 0)
    return by_us and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _mark_used(path: Path, status: os.stat_result) -> None:
    if time.time() - status.st_mtime < _DAY:
        return
    try:
        os.utime(path)
    except OSError:  # its age is all that is lost
        logger.debug("the time of %s cannot be set", path)


def _remove_unused(folder: Path) -> None:
    """Remove what nobody has read for long, and what a writer that was killed left behind."""
    now = time.time()
    for path in folder.iterdir():
        if not path.name.endswith((_PART, *SUFFIXES)):
            continue
        days = 1 if path.name.endswith(_PART) else _UNUSED_DAYS
        try:
            if now - path.lstat().st_mtime > days * _DAY:
                path.unlink()
        except FileNotFoundError:  # another writer was faster
            continue
