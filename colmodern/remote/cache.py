"""Which files of published indexes are kept on this machine, and which go first?

A file is kept once, by its content, under ``files``. An index that is in use is a folder below
``views`` with links to them. What was used longest ago goes first, never what is in use; a file
whose time of change is not the one it was given is compared with its checksum before it is used.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import NamedTuple

from colmodern.errors import IndexWriteError
from colmodern.remote.fetching import checksum_of_file, fetch_file
from colmodern.remote.layout import FILES, content_name
from colmodern.remote.lease import alone, one_at_a_time
from colmodern.remote.place import RemotePlace
from colmodern.remote.settings import FOLDER, SIZE, cache_bytes, cache_folder
from colmodern.storage import FileRecord

__all__ = ["BUILD", "LEASE", "NEW", "VIEWS", "Cache", "cache_failure", "is_untouched", "mark"]

logger = logging.getLogger(__name__)

VIEWS = "views"
LEASE = ".lease"
NEW = ".new"
BUILD = ".build"
_LOCK = "cache.lock"
_PART = ".part"
_MARK = 10**9  # the time of change that every file is given, in seconds since 1970
_PART_SECONDS = 3600.0


class _CachedFile(NamedTuple):
    used: float
    bytes: int
    path: Path
    n_links: int


class Cache:
    """The folder of what is kept, and how large it may become.

    Attributes:
        folder: Where it is.
        limit: Bytes that all files may have together.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        """Use a folder, which is there."""
        self.folder = folder
        self.limit = limit
        for name in (FILES, VIEWS):
            (folder / name).mkdir(exist_ok=True)

    @classmethod
    def of_user(cls) -> Cache:
        """Return the cache that the environment names.

        Raises:
            ConfigError: It names what cannot be used.
        """
        folder, limit = cache_folder(), cache_bytes()
        try:
            return cls(folder, limit)
        except OSError as error:
            raise cache_failure(folder, error) from error

    def path_of(self, record: FileRecord) -> Path:
        """Return where a content is kept."""
        return self.folder / FILES / content_name(record)

    def has(self, record: FileRecord) -> bool:
        """Return whether a content is kept and sound; a damaged one is removed and logged."""
        path = self.path_of(record)
        if is_untouched(path, record):
            return True
        try:
            found = checksum_of_file(path)
        except FileNotFoundError:
            return False
        except OSError:
            found = (-1, "")
        if found == (record.bytes, record.checksum):
            mark(path)
            return True
        logger.warning("%s in the cache is damaged; it is fetched again", path)
        path.unlink(missing_ok=True)
        return False

    def doubt(self, record: FileRecord) -> None:
        """Let a content that is kept be read and compared before it is used the next time."""
        with suppress(FileNotFoundError):
            os.utime(self.path_of(record))

    def fetch(
        self,
        place: RemotePlace,
        record: FileRecord,
        *,
        link: Callable[[Path], object],
        stopping: Event,
        fetched: Callable[[int], object],
    ) -> None:
        """Fetch a content; it appears in one step, whoever else fetches it.

        ``link`` is called with the file before that, and so before anybody could remove it as one
        that nobody uses.
        """
        target = self.path_of(record)
        part = target.with_name(f"{target.name}.{secrets.token_hex(8)}{_PART}")
        try:
            fetch_file(place, record, part, stopping=stopping, fetched=fetched)
            mark(part)
            link(part)
            part.replace(target)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def make_room(self, needed: int) -> None:
        """Remove what was used longest ago until so many bytes more have room.

        Raises:
            IndexWriteError: All that is left is in use, or the disk is full.
        """
        with one_at_a_time(self.folder / _LOCK):
            self._remove_parts()
            free = shutil.disk_usage(self.folder).free
            total = sum(one.bytes for one in self._kept())
            over_limit, over_disk = total + needed - self.limit, needed - free
            excess = max(over_limit, over_disk)
            if excess > 0:
                excess = self._remove(excess)
        if excess <= 0:
            return
        if over_disk >= over_limit:
            raise cache_failure(self.folder, None)
        raise IndexWriteError(
            f"The cache {self.folder} may have {self.limit:,} bytes, and {excess:,} more are "
            f"needed for this index beside those that are in use. Allow more in {SIZE}, or close "
            "what is open.",
            path=self.folder,
            code="cache_full",
        )

    def trim(self) -> None:
        """Remove what is too much by now: others may have fetched at the same moment."""
        with one_at_a_time(self.folder / _LOCK):
            excess = sum(one.bytes for one in self._kept()) - self.limit
            if excess > 0:
                self._remove(excess)

    def _remove(self, excess: int) -> int:
        """Remove so many bytes, or all that nobody uses; return how many are too many still."""
        excess = self._remove_unlinked(excess)
        for lease in sorted((self.folder / VIEWS).glob(f"*{LEASE}"), key=_time_of):
            if excess <= 0:
                break
            with alone(lease) as is_alone:
                if not is_alone:
                    continue
                view = lease.with_name(lease.name.removesuffix(LEASE))
                for folder in (view, view.with_name(view.name + NEW)):
                    shutil.rmtree(folder, ignore_errors=True)
                view.with_name(view.name + BUILD).unlink(missing_ok=True)
            excess = self._remove_unlinked(excess)
        return excess

    def _remove_unlinked(self, excess: int) -> int:
        """Remove files that no view has, those used longest ago first."""
        for one in sorted(self._kept()):
            if excess <= 0:
                break
            if one.n_links > 1:
                continue
            try:
                one.path.unlink()
            except OSError as error:
                logger.info("%s stays: %s", one.path, error)
                continue
            excess -= one.bytes
        return excess

    def _kept(self) -> list[_CachedFile]:
        found = []
        for entry in os.scandir(self.folder / FILES):
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                kept = _CachedFile(
                    status.st_atime, status.st_size, Path(entry.path), status.st_nlink
                )
                found.append(kept)
        return found

    def _remove_parts(self) -> None:
        """Remove what a process that was killed has fetched in part."""
        for path in (self.folder / FILES).glob(f"*{_PART}"):
            with suppress(OSError):
                if time.time() - path.stat().st_ctime > _PART_SECONDS:
                    path.unlink()


def mark(path: Path) -> None:
    """Give a sound file the time of change that says so, and remember that it is used now."""
    os.utime(path, (time.time(), _MARK))


def is_untouched(path: Path, record: FileRecord) -> bool:
    """Return whether a file has its size, and nobody has written to it since it was fetched."""
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_size == record.bytes and int(found.st_mtime) == _MARK


def cache_failure(folder: Path, error: OSError | None) -> IndexWriteError:
    """Return the error for a disk that takes no more; None: it is full."""
    why = "there is no room left on its disk" if error is None else _reason(error)
    return IndexWriteError(
        f"The cache {folder} cannot be written: {why}. Make room, or name a folder on another disk "
        f"in {FOLDER}.",
        path=folder,
        code="cache_full",
    )


def _reason(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return "there is no room left on its disk"
    return error.strerror or str(error)


def _time_of(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
