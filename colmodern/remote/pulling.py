"""How does a published index come to a folder? All of its files first, then the one that counts.

Files are fetched below ``pull`` in the folder and linked to their places when all are there. So a
pull that is killed leaves the index that was there before, or none, and the next one goes on.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any

from colmodern.errors import IndexExistsError, IndexWriteError, RemoteError
from colmodern.remote.failures import ObjectMissingError
from colmodern.remote.fetching import checksum_of_file, fetch_file
from colmodern.remote.layout import LARGEST_COMMIT, Publication, content_name
from colmodern.remote.origin import Origin, origin_at, remember_origin
from colmodern.remote.place import RemotePlace, not_published
from colmodern.remote.progress import ByteCount
from colmodern.remote.state import IndexState, damaged_object, local_state, published_state
from colmodern.remote.transfer import each
from colmodern.storage import FileRecord, LocalDirectory, read_shard_set
from colmodern.storage import exists as is_index
from colmodern.storage.directory.durable import sync_folder, writing
from colmodern.storage.directory.folders import link_file
from colmodern.storage.directory.urls import check_local
from colmodern.storage.format.names import (
    DRAFT,
    LOCK,
    MANIFEST,
    ORIGIN,
    PULL,
    is_ours,
    is_ours_in_set,
)
from colmodern.storage.snapshot.files import read_manifest
from colmodern.storage.writer.leftovers import remove_unlisted, remove_unlisted_of_set
from colmodern.types import Progress

__all__ = ["PullReport", "pull"]

_ATTEMPTS = 10
_PART = ".part"


@dataclass(frozen=True, slots=True)
class PullReport:
    """What was fetched.

    Attributes:
        index: The folder.
        url: Where from.
        number: The number of the publication.
        generation: That of the index, or of the set.
        files: How many files it has that differ.
        fetched: How many of them were not here yet.
        bytes_fetched: Their bytes.
        is_new: False: that state was here already, and nothing was done.
        seconds: How long it took.
    """

    index: str
    url: str
    number: int
    generation: int
    files: int
    fetched: int
    bytes_fetched: int
    is_new: bool
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, fit for JSON."""
        return asdict(self)


def pull(url: str | Path, path: str | Path, *, progress: Progress | None = None) -> PullReport:
    """Fetch the newest publication at a URL to a folder, or bring what was pulled up to date.

    The same call goes on where one was interrupted. Every file is compared with its checksum.

    Args:
        url: ``s3://BUCKET/PREFIX``, ``gs://...``, ``az://...`` or ``file:///FOLDER``.
        path: A folder that is empty, does not exist, or holds a publication of that place.
        progress: Called with bytes.

    Raises:
        IndexNotFoundError: Nothing was published at the URL.
        IndexCorruptError: An object is not what was sent; the folder is as it was.
        IndexExistsError: The folder holds something else.
        IndexLockedError: Another process is writing there.
        IndexWriteError: The disk is full or refuses; the folder is as it was.
        RemoteError: The folder has changes that were not published, or the store cannot be used.
        ConfigError: The URL, or what the environment says of the store, cannot be used.
    """
    started = time.perf_counter()
    check_local(path)
    place = RemotePlace.at(url)
    for attempt in range(_ATTEMPTS):
        newest = place.newest()
        if newest is None:
            break
        try:
            state = published_state(place, newest)
            fetched, is_new = _Puller(place, newest, state, Path(path), progress).pull()
        except ObjectMissingError as error:
            # Another publication, and gc after it, may have come in between.
            if attempt == _ATTEMPTS - 1 or place.newest() == newest:
                raise damaged_object(place, error.name or newest.name, "it is missing") from None
            continue
        return PullReport(
            index=str(path),
            url=place.url,
            number=newest.number,
            generation=state.generation,
            files=len(state.contents()),
            fetched=len(fetched),
            bytes_fetched=sum(one.bytes for one in fetched),
            is_new=is_new,
            seconds=round(time.perf_counter() - started, 2),
        )
    raise not_published(place.url)


class _Puller:
    """Brings one publication to a folder."""

    def __init__(
        self,
        place: RemotePlace,
        publication: Publication,
        state: IndexState,
        path: Path,
        progress: Progress | None,
    ) -> None:
        self._place = place
        self._publication = publication
        self._state = state
        self._path = path
        self._directory = LocalDirectory(path)
        self._staging = path / PULL
        self._progress = progress

    def pull(self) -> tuple[list[FileRecord], bool]:
        """Return what was fetched, and whether the folder has another state now."""
        lock = self._directory.lock()
        try:
            current = self._current()
            if current is not None and current.checksum == self._state.checksum:
                self._end()
                return [], False
            if current is not None:
                self._check_follows(current)
            with writing(self._path):
                self._staging.mkdir(exist_ok=True)
                fetched = self._gather(current)
                self._put_in_place(current)
                self._end()
            return fetched, True
        finally:
            with suppress(OSError):  # it is gone, or holds what the next pull goes on with
                self._staging.rmdir()
            lock.release()

    def _current(self) -> IndexState | None:
        """Return the state that is in the folder; None: there is none, and one may be made.

        Raises:
            IndexExistsError: The folder holds something else.
        """
        entries = self._directory.entries()
        is_begun = PULL in entries
        if is_begun and not _is_folder(self._staging):
            raise self._taken(PULL)
        if is_index(self._directory):
            return local_state(self._directory)
        foreign = [
            one
            for one in entries
            if (self._path / one).is_symlink()  # what it leads to is somebody else's
            or (
                one not in {LOCK, PULL, ORIGIN}
                and not (is_begun and (is_ours(one) or is_ours_in_set(one)))
            )
        ]
        if foreign:
            raise self._taken(min(foreign))
        return None

    def _taken(self, name: str) -> IndexExistsError:
        return IndexExistsError(
            f"The folder {self._path} holds other files ({name!r}, for one). Pull into a folder "
            "that is empty or does not exist.",
            path=self._path,
        )

    def _check_follows(self, current: IndexState) -> None:
        """Check that what is here may be replaced by the publication.

        Raises:
            RemoteError: It has changes that were not published, or other files of the same names.
        """
        url = self._place.url
        origin = origin_at(self._directory, url)
        is_known = origin is not None and origin.checksum == current.checksum
        if not is_known and not self._was_published(current):
            raise self._conflict(
                f"{self._path} has a state that was not published at {url}: what is in it would be "
                "gone. Push it, or pull into another folder."
            )
        here = {one.name: one for one in current.files}
        clashes = any(here.get(one.name, one) != one for one in self._state.files)
        is_older = self._state.generation <= current.generation
        if clashes or is_older or self._state.is_set != current.is_set:
            raise self._conflict(
                f"{url} has been replaced by an index that does not come from the one in "
                f"{self._path}. Pull it into another folder."
            )

    def _was_published(self, current: IndexState) -> bool:
        for one in reversed(self._place.publications()):
            with suppress(ObjectMissingError):
                if self._place.read_whole(one.name, LARGEST_COMMIT) == current.data:
                    return True
        return False

    def _conflict(self, message: str) -> RemoteError:
        return RemoteError(message, code="remote_conflict", value=self._place.url)

    def _gather(self, current: IndexState | None) -> list[FileRecord]:
        """Bring every content to the staging folder; return those that had to be fetched."""
        here = (
            {}
            if current is None
            else {(one.checksum, one.bytes): self._path / one.name for one in current.files}
        )
        missing: list[FileRecord] = []
        contents = self._state.contents()
        stopping = Event()
        count = ByteCount("check", sum(one.bytes for one in contents), self._progress)

        def look(record: FileRecord) -> None:
            if not self._is_staged(record, here.get((record.checksum, record.bytes))):
                missing.append(record)
            count.add(record.bytes)

        each(look, contents, stopping=stopping)
        self._check_room(missing)
        fetching = ByteCount("fetch", sum(one.bytes for one in missing), self._progress)

        def fetch(record: FileRecord) -> None:
            target = self._staging / content_name(record)
            part = target.with_name(target.name + _PART)
            fetch_file(self._place, record, part, stopping=stopping, fetched=fetching.add)
            part.replace(target)

        each(fetch, missing, stopping=stopping)
        sync_folder(self._staging)
        return missing

    def _is_staged(self, record: FileRecord, here: Path | None) -> bool:
        """Return whether a content is in the staging folder, or can be linked there."""
        target = self._staging / content_name(record)
        if _is_right(target, record):
            return True
        target.unlink(missing_ok=True)
        if here is None or not _is_right(here, record):
            return False
        link_file(here, target)
        return True

    def _check_room(self, missing: list[FileRecord]) -> None:
        """Check that the disk has room, before hours of fetching show that it has not.

        Raises:
            IndexWriteError: It has not.
        """
        begun = sum(
            part.stat().st_size
            for one in missing
            if (part := self._staging / (content_name(one) + _PART)).exists()
        )
        needed = sum(one.bytes for one in missing) - begun
        free = shutil.disk_usage(self._path).free
        if needed > free:
            raise IndexWriteError(
                f"{self._path} has room for {free:,} bytes, and {needed:,} are to be fetched. Make "
                "room and try again, or pull into a folder on another disk.",
                path=self._path,
            )

    def _put_in_place(self, current: IndexState | None) -> None:
        """Give every file its name, and then the state the one that makes it visible."""
        folders = sorted({one.name.rpartition("/")[0] for one in self._state.files} - {""})
        for folder in folders:
            (self._path / folder).mkdir(parents=True, exist_ok=True)
        kept = set() if current is None else {one.name for one in current.files}
        # Manifests of shards last: half a shard is none.
        for one in sorted(self._state.files, key=lambda one: one.name.endswith(f"/{MANIFEST}")):
            target, source = self._path / one.name, self._staging / content_name(one)
            if one.name in kept and (_is_same(target, source) or _is_right(target, one)):
                continue
            draft = self._staging / f"link{DRAFT}"
            draft.unlink(missing_ok=True)
            link_file(source, draft)
            draft.replace(target)
            draft.unlink(missing_ok=True)  # stays where both were the same file
        for folder in (*folders, *{one.partition("/")[0] for one in folders}):
            sync_folder(self._path / folder)
        sync_folder(self._path)
        self._directory.replace(self._state.name, self._state.data)
        self._directory.sync()

    def _end(self) -> None:
        """Remember where the state comes from, and remove what belongs to no state."""
        origin = Origin(self._place.url, self._publication.number, self._state.checksum)
        remember_origin(self._directory, origin)
        shutil.rmtree(self._staging, ignore_errors=True)
        if self._state.is_set:
            remove_unlisted_of_set(self._directory, read_shard_set(self._directory))
        else:
            remove_unlisted(self._directory, read_manifest(self._directory))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _is_right(path: Path, record: FileRecord) -> bool:
    try:
        if os.stat(path).st_size != record.bytes:  # noqa: PTH116
            return False
        return checksum_of_file(path) == (record.bytes, record.checksum)
    except OSError:
        return False
