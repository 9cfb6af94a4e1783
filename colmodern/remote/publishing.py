"""How is an index published? Its files first, each by content; then one object that names them.

That object is created only if its number is free, and its number follows the newest one. So of any
number of publishers one wins, and readers see whole states only.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

from colmodern.errors import IndexCorruptError, IndexStoreError, RemoteError
from colmodern.remote.failures import ObjectMissingError
from colmodern.remote.layout import LARGEST_COMMIT, Publication, object_name
from colmodern.remote.origin import Origin, origin_at, remember_origin
from colmodern.remote.place import RemotePlace
from colmodern.remote.progress import ByteCount
from colmodern.remote.sending import send_file
from colmodern.remote.state import IndexState, checksum_of, local_state, published_state
from colmodern.remote.transfer import each
from colmodern.storage import Directory, FileRecord
from colmodern.storage.directory import as_directory
from colmodern.types import Progress

__all__ = ["PushReport", "push"]

logger = logging.getLogger(__name__)

_ATTEMPTS = 10
# An object that the newest publication does not name may be about to be removed by `gc`, unless it
# is young: an older one is sent again, which makes it young.
_TAKEN_OVER = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class PushReport:
    """What was published.

    Attributes:
        url: Where.
        number: The number of the publication.
        generation: That of the index, or of the set.
        files: How many files it has that differ.
        sent: How many of them were not there yet.
        bytes_sent: Their bytes.
        is_new: False: the same state was published already, and nothing was done.
        seconds: How long it took.
    """

    url: str
    number: int
    generation: int
    files: int
    sent: int
    bytes_sent: int
    is_new: bool
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, fit for JSON."""
        return asdict(self)


def push(
    path: str | Path,
    url: str | Path,
    *,
    replace: bool = False,
    resend: bool = False,
    progress: Progress | None = None,
) -> PushReport:
    """Publish the newest state of an index, or of a shard set, at a URL.

    The same call goes on where one was interrupted. No lock is taken: what is committed meanwhile
    is published instead, if it takes away files of the state before it.

    Args:
        path: The folder of the index or of the set.
        url: ``s3://BUCKET/PREFIX``, ``gs://...``, ``az://...`` or ``file:///FOLDER``.
        replace: Publish also a state that does not come from the newest publication.
        resend: Send every file, also those that are there, which mends damaged objects.
        progress: Called with bytes.

    Raises:
        IndexNotFoundError: There is no index at ``path``.
        IndexCorruptError: A file of it is not what its manifest says; nothing is published.
        RemoteError: Others have published, or the store cannot be used; the code says which.
        ConfigError: The URL, or what the environment says of the store, cannot be used.
    """
    started = time.perf_counter()
    directory = as_directory(path)
    state = local_state(directory)
    place = RemotePlace.at(url, make=True)
    publisher = _Publisher(directory, place, replace, resend, progress)
    for attempt in range(_ATTEMPTS):
        try:
            number, sent, is_new = publisher.publish(state)
            break
        except FileNotFoundError:
            # A commit may have removed files of the state that was read before it.
            newest = local_state(directory)
            if newest == state or attempt == _ATTEMPTS - 1:
                raise
            logger.info("%s was committed to meanwhile; its newest state is published", path)
            state = newest
    remember_origin(directory, Origin(place.url, number, state.checksum))
    return PushReport(
        url=place.url,
        number=number,
        generation=state.generation,
        files=len(state.contents()),
        sent=len(sent),
        bytes_sent=sum(one.bytes for one in sent),
        is_new=is_new,
        seconds=round(time.perf_counter() - started, 2),
    )


class _Publisher:
    """Publishes states of an index at a place."""

    def __init__(
        self,
        directory: Directory,
        place: RemotePlace,
        replace: bool,
        resend: bool,
        progress: Progress | None,
    ) -> None:
        self._directory = directory
        self._place = place
        self._replace = replace
        self._resend = resend
        self._progress = progress

    def publish(self, state: IndexState) -> tuple[int, list[FileRecord], bool]:
        """Return the number of the publication, the files that were sent, and whether it is new."""
        newest = self._place.newest()
        data = None if newest is None else self._data_of(newest)
        is_there = data == state.data
        if newest is not None and is_there and not self._resend:
            return newest.number, [], False
        if newest is not None and not is_there:
            self._check_follows(newest, data)
        sent = self._send(state, newest)
        if newest is not None and is_there:
            return newest.number, sent, False
        mine = Publication(1 if newest is None else newest.number + 1, state.is_set)
        # The other kind of index has another name for the same number.
        is_free = self._place.newest() == newest
        if not (is_free and self._place.create(mine.name, state.data)) and not self._is_mine(
            mine, state
        ):
            raise self._beaten(mine.number)
        return mine.number, sent, True

    def _data_of(self, publication: Publication) -> bytes | None:
        """Return the bytes that make a publication; None if they are gone, or far too many."""
        try:
            return self._place.read_whole(publication.name, LARGEST_COMMIT)
        except (ObjectMissingError, IndexCorruptError):
            return None

    def _check_follows(self, newest: Publication, data: bytes | None) -> None:
        """Check that the index comes from the newest publication.

        Raises:
            RemoteError: It does not.
        """
        url = self._place.url
        origin = origin_at(self._directory, url)
        found = None if data is None else checksum_of(data)
        if self._replace or origin == Origin(url, newest.number, found or ""):
            return
        knows = "was never there" if origin is None else f"comes from publication {origin.number}"
        raise RemoteError(
            f"{url} has publication {newest.number}, and the index {self._directory.path} {knows}: "
            "what others published would be gone. Pull it into another folder, make the change "
            "there and push that; or publish this instead of it, with --replace.",
            code="remote_conflict",
            value=url,
        )

    def _send(self, state: IndexState, newest: Publication | None) -> list[FileRecord]:
        """Send the files that are not there, until all are there at once; return those sent."""
        sent: dict[str, FileRecord] = {}
        for _ in range(_ATTEMPTS):
            missing = self._missing(state, newest, set(sent))
            if not missing:
                break
            self._send_all(missing)
            sent |= {str(object_name(one)): one for one in missing}
        else:
            raise RemoteError(
                f"{self._place.url} lost files that were sent to it, again and again: something "
                "removes them. Nothing was published.",
                value=self._place.url,
            )
        return list(sent.values())

    def _missing(
        self, state: IndexState, newest: Publication | None, sent: set[str]
    ) -> list[FileRecord]:
        there = self._place.files()
        named = self._named(newest)
        contents = state.contents()
        now = None
        missing = []
        for one in contents:
            name = str(object_name(one))
            found = there.get(name)
            is_right = found is not None and found.bytes == one.bytes
            if is_right and found is not None and name not in sent:
                if self._resend:
                    is_right = False
                elif name not in named:
                    now = self._place.now() if now is None else now
                    is_right = now - found.since < _TAKEN_OVER
            if not is_right:
                missing.append(one)
        return missing

    def _named(self, newest: Publication | None) -> set[str]:
        """Return the objects that the newest publication names; none if it cannot be read."""
        if newest is None:
            return set()
        try:
            state = published_state(self._place, newest)
        except (ObjectMissingError, IndexStoreError) as error:
            logger.info("what publication %d names is not known: %s", newest.number, error)
            return set()
        return {str(object_name(one)) for one in state.files}

    def _send_all(self, missing: list[FileRecord]) -> None:
        stopping = Event()
        count = ByteCount("send", sum(one.bytes for one in missing), self._progress)

        def send(record: FileRecord) -> None:
            path = self._directory.path / record.name
            send_file(self._place, record, path, stopping=stopping, sent=count.add)

        each(send, missing, stopping=stopping)

    def _is_mine(self, publication: Publication, state: IndexState) -> bool:
        """Return whether a publication is this state: of a request that was answered too late."""
        return self._data_of(publication) == state.data

    def _beaten(self, number: int) -> RemoteError:
        return RemoteError(
            f"Another publisher was faster: {self._place.url} has a publication {number} by now. "
            "Nothing of this one is visible. Pull it into another folder, make the change there "
            "and push that.",
            code="remote_conflict",
            value=self._place.url,
        )
