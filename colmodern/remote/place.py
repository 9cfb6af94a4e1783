"""What can be asked of one prefix of an object store? Objects by name, whoever holds them."""

from __future__ import annotations

import re
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from colmodern.errors import (
    ConfigError,
    IndexCorruptError,
    IndexFormatError,
    IndexNotFoundError,
    MissingExtraError,
    RemoteError,
)
from colmodern.remote.asked import asked
from colmodern.remote.failures import ObjectMissingError, check_endpoint, remote_calls
from colmodern.remote.layout import CLOCK, FILES, Publication, is_content_name, publication_of
from colmodern.storage.directory.regular import NO_FILE
from colmodern.storage.directory.urls import url_of

__all__ = ["FoundObject", "RemotePlace"]

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_SCHEMES = ("s3", "gs", "az", "file")
_RETRIES = 4
_RETRY_SECONDS = 60
# Parts of an upload: at least what S3 takes, at most 10,000 of them.
_PART_BYTES = 5 << 20
_MOST_PARTS = 9_000
_PARTS_AT_ONCE = 2
_DELETED_AT_ONCE = 1000


class FoundObject:
    """An object that a listing has: how large it is, and since when it is there."""

    __slots__ = ("bytes", "since")

    def __init__(self, size: int, since: datetime) -> None:
        """Keep both."""
        self.bytes = size
        self.since = since


class RemotePlace:
    """A prefix of an object store, where the states of one index are published.

    Attributes:
        url: What messages call it, without a slash at its end.
    """

    def __init__(self, url: str, store: Any) -> None:
        """Use a store of obstore; ``at`` makes one."""
        self.url = url
        self._store = store
        self._folder = Path(url2pathname(urlsplit(url).path)) if url.startswith("file:") else None

    @classmethod
    def at(
        cls, location: str | Path, *, make: bool = False, is_patient: bool = True
    ) -> RemotePlace:
        """Return the place at a URL; nothing is asked yet.

        Args:
            location: ``s3://BUCKET/PREFIX``, ``gs://...``, ``az://...`` or ``file:///FOLDER``.
            make: Make the folder of a ``file:`` URL.
            is_patient: Try again what fails; otherwise whoever asks does, some time later.

        Raises:
            ConfigError: It is no such URL, or the environment says of it what cannot be used.
            MissingExtraError: The package that speaks to object stores is not installed.
        """
        url = checked_url(location)
        try:
            from obstore.store import LocalStore, from_url
        except ModuleNotFoundError as error:
            raise MissingExtraError(purpose="An index at a URL", extra="remote") from error
        check_endpoint(url)
        with remote_calls(url):
            if url.startswith("file:"):
                folder = url2pathname(urlsplit(url).path)
                if not make and not Path(folder).exists():
                    raise not_published(url)
                return cls(url, LocalStore(folder, mkdir=make))
            retries: Any = {
                "max_retries": _RETRIES if is_patient else 0,
                "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
            }
            try:
                return cls(url, from_url(url, retry_config=retries))
            except ValueError:
                raise _bad_url(f"{url!r} is none that the store's client reads") from None

    def __repr__(self) -> str:
        """Return the URL."""
        return f"<RemotePlace {self.url}>"

    def publications(self) -> list[Publication]:
        """Return what is published, the oldest first.

        Raises:
            IndexFormatError: Two have the same number: an index and a set were published at once.
        """
        import obstore

        with remote_calls(self.url):
            names = [
                item["path"] for item in asked(obstore.list_with_delimiter, self._store)["objects"]
            ]
        found = sorted(filter(None, map(publication_of, names)))
        for one, following in pairwise(found):
            if one.number == following.number:
                raise IndexFormatError(
                    f"{self.url} has both {one.name} and {following.name}: an index and a shard "
                    "set were published there at once. Remove the object that is not wanted.",
                    path=Path(self.url),
                )
        return found

    def newest(self) -> Publication | None:
        """Return what was published last; None: nothing was."""
        return max(self.publications(), default=None)

    def files(self) -> dict[str, FoundObject]:
        """Return the objects below ``files/`` that have a name of ours, by that name."""
        return {
            name: found
            for name, found in self._list(FILES)
            if is_content_name(name.removeprefix(f"{FILES}/"))
        }

    def clocks(self) -> dict[str, FoundObject]:
        """Return objects that were made to learn the time, and left by a kill."""
        import obstore

        with remote_calls(self.url):
            objects = asked(obstore.list_with_delimiter, self._store)["objects"]
        return {
            item["path"]: FoundObject(item["size"], item["last_modified"])
            for item in objects
            if item["path"].startswith(CLOCK)
        }

    def since(self, name: str) -> datetime:
        """Return since when an object is there, by the clock of the store."""
        import obstore

        self._check_file(name)
        with remote_calls(self.url):
            return asked(obstore.head, self._store, name)["last_modified"]

    def now(self) -> datetime:
        """Return the time at the store: that of an object which is made and removed for it."""
        import obstore

        for _ in range(_RETRIES):
            name = CLOCK + secrets.token_hex(8)
            with remote_calls(self.url):
                asked(obstore.put, self._store, name, b"", mode="create")
            try:
                now = self.since(name)
            except ObjectMissingError:  # a gc that lets nothing young stay was faster
                continue
            with suppress(RemoteError):  # who may publish may perhaps not delete; gc will
                self.delete([name])
            return now
        raise RemoteError(
            f"{self.url} loses what is written to it, again and again: something removes it.",
            value=self.url,
        )

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return at most ``length`` bytes of an object from ``start`` on; none: it ends there.

        Raises:
            ObjectMissingError: There is no such object.
        """
        import obstore

        self._check_file(name)
        with remote_calls(self.url):
            try:
                found = asked(obstore.get_range, self._store, name, start=start, length=length)
                return bytes(found)
            except FileNotFoundError:
                raise
            except Exception:
                if asked(obstore.head, self._store, name)["size"] <= start:
                    return b""
                raise

    def read_whole(self, name: str, most: int) -> bytes | None:
        """Return a small object; None if it has more than ``most`` bytes.

        Raises:
            ObjectMissingError: There is no such object.
        """
        import obstore

        self._check_file(name)
        with remote_calls(self.url):
            found = asked(obstore.get, self._store, name)
            if found.meta["size"] > most:
                return None
            return bytes(asked(found.bytes))

    def size(self, name: str) -> int:
        """Return how many bytes an object has.

        Raises:
            ObjectMissingError: There is no such object.
        """
        import obstore

        self._check_file(name)
        with remote_calls(self.url):
            return asked(obstore.head, self._store, name)["size"]

    def put(self, name: str, blocks: Iterable[bytes], size: int) -> None:
        """Write an object in one step; if ``blocks`` raises, there is none.

        Args:
            name: Its name.
            blocks: Its bytes.
            size: How many they are.
        """
        import obstore

        with remote_calls(self.url):
            if size <= _PART_BYTES:
                asked(obstore.put, self._store, name, b"".join(blocks), use_multipart=False)
                return
            part = max(_PART_BYTES, -(-size // _MOST_PARTS))
            asked(
                obstore.put,
                self._store,
                name,
                iter(blocks),
                use_multipart=True,
                chunk_size=part,
                max_concurrency=_PARTS_AT_ONCE,
            )

    def create(self, name: str, data: bytes) -> bool:
        """Write an object if there is none of that name; say whether it was written."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with remote_calls(self.url):
            try:
                asked(obstore.put, self._store, name, data, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    def delete(self, names: Sequence[str]) -> None:
        """Remove objects; one that is gone already is no error."""
        import obstore

        for start in range(0, len(names), _DELETED_AT_ONCE):
            with remote_calls(self.url):
                try:
                    asked(
                        obstore.delete, self._store, list(names[start : start + _DELETED_AT_ONCE])
                    )
                except FileNotFoundError:
                    self._delete_each(names[start : start + _DELETED_AT_ONCE])

    def _check_file(self, name: str) -> None:
        """Check that what stands for an object in a folder is a file.

        Raises:
            IndexCorruptError: It is something else, which might be waited for without end.
        """
        if self._folder is None:
            return
        try:
            mode = (self._folder / name).stat().st_mode
        except OSError:
            return  # the store says why
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise IndexCorruptError(
                f"{self.url}/{name} is damaged: {NO_FILE}. Remove it, and publish the index again "
                "from a sound copy, with `colmodern push --resend`.",
                path=Path(self.url) / name,
            )

    def _delete_each(self, names: Sequence[str]) -> None:
        import obstore

        for name in names:
            try:
                asked(obstore.delete, self._store, name)
            except FileNotFoundError:
                continue

    def _list(self, prefix: str) -> Iterator[tuple[str, FoundObject]]:
        import obstore

        with remote_calls(self.url):
            try:
                batches = obstore.list(self._store, prefix, chunk_size=1000)
                while (batch := asked(next, batches, None)) is not None:
                    for item in batch:
                        yield item["path"], FoundObject(item["size"], item["last_modified"])
            except FileNotFoundError:  # a folder that is not made yet
                return


def checked_url(location: str | Path) -> str:
    """Return a URL of object storage as it is used: without a slash at its end.

    Raises:
        ConfigError: It is none, or holds more than the way to a prefix.
    """
    url = url_of(location)
    try:
        parts = urlsplit(url or "")
    except ValueError:  # a bracket that nothing closes
        parts, url = urlsplit(""), None
    if url is None or parts.scheme not in _SCHEMES:
        shown = str(location) if url is None else f"{parts.scheme}:"
        raise _bad_url(f"{shown!r} is no URL of object storage that can be used")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise _bad_url(
            "A URL of object storage has neither a user nor what follows ? or #: credentials come "
            "from the environment"
        )
    if parts.scheme == "file" and not parts.path.strip("/"):
        raise _bad_url(f"{url!r} names no folder")
    if parts.scheme != "file" and _BUCKET.fullmatch(parts.netloc) is None:
        raise _bad_url(f"{url!r} names no bucket")
    inside = parts.path.strip("/")
    if inside and {".", "..", ""} & set(inside.split("/")):
        raise _bad_url(f"{url!r} has a part that is empty or made of dots")
    return url.rstrip("/")


def _bad_url(what: str) -> ConfigError:
    return ConfigError(
        f"{what}. It must be as s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or "
        "file:///FOLDER.",
        code="option_invalid",
        option="url",
    )


def not_published(url: str) -> IndexNotFoundError:
    """Return the error for a place where nothing was published."""
    return IndexNotFoundError(
        f"There is no index at {url}. Publish one with `colmodern push INDEX {url}`.",
        path=Path(url),
    )
