"""Where is the cache of published indexes, and how large may it become?"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from colmodern.encoder.kept.folder import VARIABLE as KEPT
from colmodern.encoder.kept.folder import cache_folder as kept_folder
from colmodern.errors import ConfigError
from colmodern.home import at_home

__all__ = ["DEFAULT_BYTES", "FOLDER", "SIZE", "cache_bytes", "cache_folder"]

FOLDER = "COLMODERN_REMOTE_CACHE"
SIZE = "COLMODERN_REMOTE_CACHE_SIZE"
DEFAULT_BYTES = 20 * 10**9
_INSIDE = "remote"
_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def cache_folder() -> Path:
    """Return the folder of the cache, which is made if need be.

    Raises:
        ConfigError: There is to be none, or it cannot be made, or is another user's.
    """
    named = os.environ.get(FOLDER)
    kept = at_home(named) if named else kept_folder()
    if kept is None and named:
        raise ConfigError(
            f"The cache {named} cannot be used: there is no such home. Name another folder in "
            f"{FOLDER}.",
            code="option_invalid",
            option=FOLDER,
            value=named,
        )
    if kept is None:
        raise ConfigError(
            f"An index at a URL is searched from a copy in a cache, and {KEPT} says that there is "
            f"none: name a folder in {FOLDER}.",
            code="option_missing",
            option=FOLDER,
        )
    folder = kept if named else kept / _INSIDE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise ConfigError(
            f"The cache {folder} cannot be used: {error.strerror or error}. Name another folder in "
            f"{FOLDER}.",
            code="option_invalid",
            option=FOLDER,
            value=str(folder),
        ) from error
    if hasattr(os, "getuid") and not _is_ours(found):
        raise ConfigError(
            f"The cache {folder} is not used: others may have written it. Name a folder of your "
            f"own in {FOLDER}.",
            code="option_invalid",
            option=FOLDER,
            value=str(folder),
        )
    return folder


def cache_bytes() -> int:
    """Return how many bytes the cache may have.

    Raises:
        ConfigError: What the environment says is no size.
    """
    said = os.environ.get(SIZE, "").strip()
    if not said:
        return DEFAULT_BYTES
    number = said.upper().rstrip("KMGTB")
    unit = said.upper().removeprefix(number)
    try:
        size = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        size = 0.0
    if not 0 < size < 1 << 62:
        raise ConfigError(
            f"{SIZE} must be a size as 500MB or 20GB, not {said!r}.",
            code="option_invalid",
            option=SIZE,
            value=said,
        )
    return int(size)


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid in (os.getuid(), 0) and not found.st_mode & stat.S_IWOTH
