"""Which objects may go? Those that no kept publication names, and that nobody is about to name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from colmodern.errors import ConfigError
from colmodern.remote.failures import ObjectMissingError
from colmodern.remote.layout import Publication, object_name
from colmodern.remote.place import RemotePlace, not_published
from colmodern.remote.state import damaged_object, published_state

__all__ = ["DEFAULT_HOURS", "DEFAULT_KEPT", "GarbageReport", "collect"]

DEFAULT_KEPT = 2
DEFAULT_HOURS = 24.0
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What was removed from a place, or would be.

    Attributes:
        url: The place.
        publications: How many publications stay.
        files: How many files stay.
        removed_publications: How many went.
        removed_files: How many files went.
        bytes_removed: Their bytes.
        young: Files that no publication names, and that stay since they are young.
        is_dry: Nothing was removed: this is what would be.
    """

    url: str
    publications: int
    files: int
    removed_publications: int
    removed_files: int
    bytes_removed: int
    young: int
    is_dry: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, fit for JSON."""
        return asdict(self)


def collect(
    url: str | Path,
    *,
    keep: int = DEFAULT_KEPT,
    younger_than: float = DEFAULT_HOURS,
    dry_run: bool = False,
) -> GarbageReport:
    """Remove what no kept publication names; never what is young, for a push may be about to.

    Ages are told by the clock of the store. Publications go before the files that they name.

    Args:
        url: ``s3://BUCKET/PREFIX``, ``gs://...``, ``az://...`` or ``file:///FOLDER``.
        keep: How many publications stay at least, the newest of all; from 1.
        younger_than: Hours: what is younger stays. It must be longer than any push takes.
        dry_run: Remove nothing.

    Raises:
        IndexNotFoundError: Nothing was published at the URL.
        IndexCorruptError: A publication that stays cannot be read; nothing is removed.
        RemoteError: The store cannot be used.
        ConfigError: The URL or a number cannot be used.
    """
    if keep < 1:
        message = f"keep must be at least 1, not {keep}: the newest publication always stays."
        raise ConfigError(message, code="option_out_of_range", option="keep", value=keep)
    if not younger_than >= 0:
        message = f"younger_than must be 0 hours or more, not {younger_than}."
        raise ConfigError(
            message, code="option_out_of_range", option="younger_than", value=younger_than
        )
    place = RemotePlace.at(url)
    for attempt in range(_ATTEMPTS):
        publications = place.publications()
        if not publications:
            break
        try:
            return _collected(place, publications, keep, younger_than, dry_run)
        except ObjectMissingError as error:
            # Another gc may have come in between.
            if attempt == _ATTEMPTS - 1 or place.publications() == publications:
                name = error.name or publications[-1].name
                raise damaged_object(place, name, "it is gone") from None
    raise not_published(place.url)


def _collected(
    place: RemotePlace,
    publications: list[Publication],
    keep: int,
    younger_than: float,
    is_dry: bool,
) -> GarbageReport:
    """Collect what is left of these publications; see ``collect``.

    Raises:
        ObjectMissingError: A publication is gone.
    """
    limit = _before(place.now(), hours=younger_than)
    old, kept = _divided(place, publications, keep, limit)
    # Listed after the publications: what is named by one that comes meanwhile is young, or named
    # by the newest one before it.
    files = place.files()
    named = {name for one in kept for name in _named(place, one)}
    unnamed = {name: found for name, found in files.items() if name not in named}
    young = [name for name, found in unnamed.items() if found.since > limit]
    removed = sorted(unnamed.keys() - set(young))
    clocks = [name for name, found in place.clocks().items() if found.since <= limit]
    if not is_dry:
        place.delete([one.name for one in old])
        place.delete([*removed, *clocks])
    return GarbageReport(
        url=place.url,
        publications=len(kept),
        files=len(files) - len(removed),
        removed_publications=len(old),
        removed_files=len(removed),
        bytes_removed=sum(unnamed[name].bytes for name in removed),
        young=len(young),
        is_dry=is_dry,
    )


def _before(now: datetime, *, hours: float) -> datetime:
    """Return the time so many hours before; the first there is, if that is longer ago."""
    try:
        return now - timedelta(hours=hours)
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)


def _divided(
    place: RemotePlace, publications: list[Publication], keep: int, limit: datetime
) -> tuple[list[Publication], list[Publication]]:
    """Return the publications that go, and those that stay: the newest, and all young ones."""
    old = []
    for one in publications[:-keep]:
        if place.since(one.name) > limit:
            break
        old.append(one)
    return old, publications[len(old) :]


def _named(place: RemotePlace, publication: Publication) -> set[str]:
    """Return the names of the objects that a publication needs.

    Raises:
        IndexCorruptError: It cannot be read.
        ObjectMissingError: It, or the manifest of a shard, is gone.
    """
    try:
        state = published_state(place, publication)
    except ObjectMissingError as error:
        raise ObjectMissingError(place.url, name=error.name or publication.name) from None
    return {str(object_name(one)) for one in state.files}
