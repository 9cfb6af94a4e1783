"""Is what was published sound? Every object as it was sent, every copy in the cache, too."""

from __future__ import annotations

import threading
from hashlib import blake2b
from pathlib import Path

from colmodern.errors import IndexCorruptError, IndexFormatError
from colmodern.remote.cache import Cache
from colmodern.remote.failures import ObjectMissingError
from colmodern.remote.layout import object_name
from colmodern.remote.place import RemotePlace, not_published
from colmodern.remote.progress import ByteCount
from colmodern.remote.state import IndexState, damaged_object, published_state
from colmodern.remote.transfer import StoppedError, each
from colmodern.remote.view import View
from colmodern.storage import FileRecord, Problem, verify
from colmodern.storage.format.manifest import CHECKSUM_BYTES
from colmodern.types import Progress

__all__ = ["verify_published"]

_BLOCK_BYTES = 4 << 20


def verify_published(url: str | Path, *, progress: Progress | None = None) -> list[Problem]:
    """Return everything that is wrong with the newest publication; an empty list: it is sound.

    Every object is read whole. Copies in the cache are compared with their checksums, and damaged
    ones are fetched again, which is logged; then the columns are compared with each other.

    Raises:
        IndexNotFoundError: Nothing was published at the URL.
        RemoteError: The store cannot be used, which says nothing of what it holds.
        IndexWriteError: The cache has no room.
    """
    place = RemotePlace.at(url)
    newest = place.newest()
    if newest is None:
        raise not_published(place.url)
    try:
        state = published_state(place, newest)
    except (IndexCorruptError, IndexFormatError) as error:
        return [Problem(error.path, str(error))]
    except ObjectMissingError as error:
        return [_problem(damaged_object(place, error.name or newest.name, "it is missing"))]
    problems = _problems_of_objects(place, state, progress)
    if problems:
        return problems
    cache = Cache.of_user()
    for one in state.contents():
        cache.doubt(one)
    view = View(cache, place, state, progress)
    try:
        return verify(view.path)
    finally:
        view.release()


def _problems_of_objects(
    place: RemotePlace, state: IndexState, progress: Progress | None
) -> list[Problem]:
    contents = state.contents()
    count = ByteCount("read", sum(one.bytes for one in contents), progress)
    stopping = threading.Event()
    found: dict[str, Problem] = {}

    def look(record: FileRecord) -> None:
        try:
            _check_object(place, record, count, stopping)
        except IndexCorruptError as error:
            found[record.name] = _problem(error)

    each(look, contents, stopping=stopping)
    return [found[name] for name in sorted(found)]


def _check_object(
    place: RemotePlace, record: FileRecord, count: ByteCount, stopping: threading.Event
) -> None:
    """Read an object and compare it with its record.

    Raises:
        IndexCorruptError: It is missing or differs.
    """
    name = str(object_name(record))
    digest, size = blake2b(digest_size=CHECKSUM_BYTES), 0
    try:
        found = place.size(name)
        while size < min(found, record.bytes):
            if stopping.is_set():
                raise StoppedError
            block = place.read(name, size, min(_BLOCK_BYTES, record.bytes - size))
            if not block:
                break
            digest.update(block)
            size += len(block)
            count.add(len(block))
    except ObjectMissingError:
        raise damaged_object(place, name, f"it is missing, and was {record.name}") from None
    if found != record.bytes:
        raise damaged_object(place, name, f"it has {found:,} bytes, {record.name} had another size")
    if digest.hexdigest() != record.checksum:
        raise damaged_object(place, name, f"it has another checksum than {record.name} had")


def _problem(error: IndexCorruptError) -> Problem:
    return Problem(error.path, str(error))
