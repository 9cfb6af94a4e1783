"""How is an index opened, wherever it lives? In its folder, or in the cache if it is a URL."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from colmodern.errors import ColModernError, ConfigError
from colmodern.storage import (
    IndexLocation,
    IndexReader,
    LocalDirectory,
    ShardReader,
    ShardSetReader,
    is_shard_set,
    open_reader,
)
from colmodern.storage.directory.urls import url_of
from colmodern.types import Progress

if TYPE_CHECKING:
    from colmodern.remote.place import RemotePlace
    from colmodern.remote.state import IndexState
    from colmodern.remote.view import View

__all__ = ["ASKED_EVERY_SECONDS", "fetched_view", "open_index", "readable"]

ASKED_EVERY_SECONDS = 5.0
"""How often a reader that is asked whether it is current asks the object store."""
_ATTEMPTS = 10


def open_index(
    location: IndexLocation, *, shard: int | None = None, progress: Progress | None = None
) -> IndexReader:
    """Open an index, or a shard set: in a folder, or the newest publication at a URL.

    Args:
        location: The folder, or the URL.
        shard: Only this shard of a set, from 1; of a publication no other files are fetched.
        progress: Called with bytes that are fetched.

    Raises:
        IndexStoreError: There is none, or it cannot be read.
        RemoteError: The object store cannot be used.
        ConfigError: The URL, the cache, or what the environment says of them cannot be used.
        MissingExtraError: It is a URL, and the extra ``remote`` is not installed.
    """
    if url_of(location) is None:
        return open_reader(location) if shard is None else ShardReader.open_shard(location, shard)
    from colmodern.remote.place import RemotePlace

    assert isinstance(location, str | Path)
    return _opened(RemotePlace.at(location), shard, None, progress)


@contextmanager
def readable(location: str | Path, *, progress: Progress | None = None) -> Iterator[str | Path]:
    """Give what can be opened: the location itself, or for a URL the folder of its copy.

    The copy stays until the block ends.

    Raises:
        ColModernError: As ``open_index``, for a URL.
    """
    if url_of(location) is None:
        yield location
        return
    from colmodern.remote.place import RemotePlace

    view, _ = fetched_view(RemotePlace.at(location), progress)
    try:
        yield view.path
    finally:
        view.release()


def fetched_view(
    place: RemotePlace, progress: Progress | None = None, *, shard: int | None = None
) -> tuple[View, int]:
    """Return the newest publication at a place, or a shard of it, as a folder, and its number."""
    from colmodern.remote.cache import Cache
    from colmodern.remote.failures import ObjectMissingError
    from colmodern.remote.place import not_published
    from colmodern.remote.state import damaged_object, published_state
    from colmodern.remote.view import View

    cache = Cache.of_user()
    for attempt in range(_ATTEMPTS):
        newest = place.newest()
        if newest is None:
            raise not_published(place.url)
        try:
            state = published_state(place, newest)
            if shard is not None:
                state = _of_shard(place, state, shard)
            return View(cache, place, state, progress), newest.number
        except ObjectMissingError as error:
            # Another publication, and gc after it, may have come in between.
            if attempt == _ATTEMPTS - 1 or place.newest() == newest:
                raise damaged_object(place, error.name or newest.name, "it is missing") from None
    raise AssertionError


def _of_shard(place: RemotePlace, state: IndexState, number: int) -> IndexState:
    """Return the part of a state that is one shard.

    Raises:
        ConfigError: There is no such shard.
    """
    found = state.of_shard(number)
    if found is None:
        raise ConfigError(
            f"What is published at {place.url} has no shard {number}.",
            code="option_out_of_range",
            option="shard",
            value=number,
        )
    return found


class _Following:
    """What a reader of a publication knows of the place that it comes from."""

    def __init__(self, place: RemotePlace, number: int, view: View) -> None:
        from colmodern.remote.place import RemotePlace

        self.place = place
        self.view = view
        self._asked_place = RemotePlace.at(place.url, is_patient=False)
        self._number = number
        self._asking = threading.Lock()
        self._asked = time.monotonic()
        self._is_newest = True
        self._failure: ColModernError | None = None

    def is_current(self) -> bool:
        """Return whether nothing was published since, as far as was known some seconds ago."""
        with self._asking:
            if not self._is_newest:
                return False
            if time.monotonic() - self._asked >= ASKED_EVERY_SECONDS:
                self._failure = None
                try:
                    newest = self._asked_place.newest()
                    self._is_newest = newest is not None and newest.number == self._number
                except ColModernError as error:
                    self._failure = error
                self._asked = time.monotonic()
            if self._failure is not None:
                raise self._failure
            return self._is_newest


class _Published(IndexReader):
    """What readers of publications do otherwise than those of folders."""

    _following: _Following
    _shard: int | None = None

    @property
    def location(self) -> str:
        """The URL."""
        return self._following.place.url

    def is_current(self) -> bool:
        """Return whether nothing was published since; the store is asked every few seconds."""
        return self._following.is_current()

    def refresh(self) -> Self:
        """Return a new reader of the newest publication; only new files are fetched."""
        self._check_open()
        return cast("Self", _opened(self._following.place, self._shard, self, None))

    def close(self) -> None:
        """Let go of the files; the cache may remove them."""
        super().close()
        self._following.view.release()


class PublishedIndexReader(_Published):
    """A snapshot of an index that was published at a URL, in the cache."""


class PublishedSetReader(_Published, ShardSetReader):
    """A snapshot of a shard set that was published at a URL, in the cache."""


class PublishedShardReader(_Published, ShardReader):
    """A snapshot of one shard of a set that was published at a URL, in the cache."""


def _opened(
    place: RemotePlace, shard: int | None, previous: Any, progress: Progress | None
) -> IndexReader:
    view, number = fetched_view(place, progress, shard=shard)
    directory = LocalDirectory(view.path)
    try:
        reader: _Published
        if shard is not None:
            before = previous if isinstance(previous, PublishedShardReader) else None
            reader = PublishedShardReader.open_shard(directory, shard, before)
        elif is_shard_set(directory):
            reader = PublishedSetReader._open(directory, previous)
        else:
            reader = PublishedIndexReader._open(directory, previous)
    except BaseException:
        view.release()
        raise
    reader._following = _Following(place, number, view)
    reader._shard = shard
    return reader
