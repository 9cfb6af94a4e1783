"""Which publication does an index on this machine come from? Kept beside its manifest.

Without it a publisher could not tell a state that follows the newest publication from one that
knows nothing of it, and would take away what others have published.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from colmodern.errors import IndexCorruptError
from colmodern.storage import Directory
from colmodern.storage.format.names import ORIGIN
from colmodern.storage.format.sealed_json import JsonObject, seal, sealed_object

__all__ = ["Origin", "origin_at", "remember_origin"]

logger = logging.getLogger(__name__)

_MAGIC = "colmodern-origin"
_MOST = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """A publication that was pushed from here, or pulled to here.

    Attributes:
        url: The place.
        number: The number of the publication.
        checksum: What tells its state.
    """

    url: str
    number: int
    checksum: str


def origin_at(directory: Directory, url: str) -> Origin | None:
    """Return the publication at a place that an index comes from; None: none is known."""
    return next((one for one in _all(directory) if one.url == url), None)


def remember_origin(directory: Directory, origin: Origin) -> None:
    """Keep the publication that an index is now; where that cannot be written, it is said."""
    others = [one for one in _all(directory) if one.url != origin.url]
    known = [origin, *others][:_MOST]
    rows = [{"url": one.url, "number": one.number, "checksum": one.checksum} for one in known]
    try:
        directory.replace(ORIGIN, seal({"magic": _MAGIC, "format_version": 1, "origins": rows}))
        directory.sync()
    except OSError as error:
        logger.warning(
            "%s cannot be written (%s): the next push from here will be refused as if it came from "
            "elsewhere, unless --replace is given",
            directory.path / ORIGIN,
            error.strerror or error,
        )


def _all(directory: Directory) -> list[Origin]:
    """Return all that is kept; a damaged file keeps nothing."""
    path = directory.path / ORIGIN
    try:
        content = sealed_object(directory.read(ORIGIN), path)
        return list(content.children("origins", _read))
    except FileNotFoundError:
        return []
    except (OSError, IndexCorruptError) as error:
        logger.warning("%s is not used: %s", path, error)
        return []


def _read(fields: JsonObject) -> Origin:
    return Origin(fields.text("url"), fields.count("number"), fields.text("checksum"))
