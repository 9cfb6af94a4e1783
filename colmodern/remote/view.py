"""How does a published state become a folder that can be opened? By links to what the cache has."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

from colmodern.errors import IndexWriteError
from colmodern.remote.cache import (
    BUILD,
    LEASE,
    NEW,
    VIEWS,
    Cache,
    cache_failure,
    is_untouched,
    mark,
)
from colmodern.remote.layout import content_name
from colmodern.remote.lease import Lease, one_at_a_time
from colmodern.remote.place import RemotePlace
from colmodern.remote.progress import ByteCount
from colmodern.remote.state import IndexState
from colmodern.remote.transfer import each
from colmodern.storage import FileRecord
from colmodern.storage.directory.folders import link_file, make_empty_folder
from colmodern.types import Progress

__all__ = ["View"]

logger = logging.getLogger(__name__)

_DRAFT = ".draft"


class View:
    """A published state as a folder, which stays as long as it is in use.

    Attributes:
        path: The folder: an index, or a shard set.
        fetched: The files that had to be fetched for it.
    """

    def __init__(
        self, cache: Cache, place: RemotePlace, state: IndexState, progress: Progress | None = None
    ) -> None:
        """Open it; what is missing is fetched.

        Raises:
            ObjectMissingError: An object is gone.
            IndexCorruptError: An object is not what was sent.
            IndexWriteError: The cache, or its disk, has no room.
        """
        self._cache = cache
        self._place = place
        self._state = state
        self._progress = progress
        views = cache.folder / VIEWS
        self.path = views / state.key
        self.fetched: list[FileRecord] = []
        try:
            self._lease = Lease(views / f"{state.key}{LEASE}")
            try:
                with one_at_a_time(views / f"{state.key}{BUILD}"):
                    self._build()
            except BaseException:
                self.release()
                raise
        except IndexWriteError:
            raise
        except OSError as error:
            raise cache_failure(cache.folder, error) from error

    def release(self) -> None:
        """Let the cache remove it when it needs room; a second call does nothing."""
        self._lease.release()

    def _build(self) -> None:
        is_there = self.path.is_dir()
        folder = self.path if is_there else self.path.with_name(self.path.name + NEW)
        if not is_there:
            make_empty_folder(folder)
        for name in sorted({one.name.rpartition("/")[0] for one in self._state.files} - {""}):
            (folder / name).mkdir(parents=True, exist_ok=True)
        lacking = [one for one in self._state.files if not self._is_in(folder, one)]
        self._fetch(folder, lacking)
        if (folder / self._state.name).exists():
            if (folder / self._state.name).read_bytes() == self._state.data:
                return
            logger.warning("%s in the cache is damaged; it is made again", folder)
        draft = folder / f"{self._state.name}{_DRAFT}"
        draft.write_bytes(self._state.data)
        draft.replace(folder / self._state.name)
        if not is_there:
            folder.replace(self.path)

    def _is_in(self, folder: Path, record: FileRecord) -> bool:
        """Return whether a file is in its place, or could be linked there from what is kept."""
        path = folder / record.name
        if is_untouched(path, record):
            mark(path)
            return True
        if not self._cache.has(record):
            return False
        try:
            self._link(self._cache.path_of(record), path)
        except FileNotFoundError:  # another process needed the room
            return False
        return True

    def _link(self, source: Path, target: Path) -> None:
        """Give a content its name, in one step; others may have the folder open."""
        draft = target.with_name(target.name + _DRAFT)
        draft.unlink(missing_ok=True)
        link_file(source, draft)
        mark(draft)
        draft.replace(target)
        draft.unlink(missing_ok=True)  # stays where both were the same file

    def _fetch(self, folder: Path, lacking: Sequence[FileRecord]) -> None:
        """Fetch each content that is lacking, and give it all of its names."""
        names: dict[FileRecord, list[Path]] = {}
        for one in lacking:
            content = replace(one, name=content_name(one))
            names.setdefault(content, []).append(folder / one.name)
        if not names:
            return
        needed = sum(one.bytes for one in names)
        self._cache.make_room(needed)
        logger.info("%s: fetching %d files, %d bytes", self._place.url, len(names), needed)
        count = ByteCount("fetch", needed, self._progress)
        stopping = Event()

        def fetch(content: FileRecord) -> None:
            def link(part: Path) -> None:
                for target in names[content]:
                    self._link(part, target)

            self._cache.fetch(self._place, content, link=link, stopping=stopping, fetched=count.add)

        each(fetch, names, stopping=stopping)
        self.fetched = list(lacking)
        self._cache.trim()
