"""Where is home? A path may begin with ``~``, and there may be no such user, or nobody's home."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

__all__ = ["at_home", "own_folder"]

_ON_LINUX = {
    "cache": ("XDG_CACHE_HOME", "~/.cache"),
    "state": ("XDG_STATE_HOME", "~/.local/state"),
}


def at_home(path: str | Path) -> Path | None:
    """Return a path, with the home that a ``~`` in front means; None if there is no such home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return None


def own_folder(kind: Literal["cache", "state"]) -> Path | None:
    """Return where the program keeps its cache, or its state; None if there is no home for it."""
    system: str = sys.platform
    if system == "linux":  # as platformdirs has it, whose import every search would pay for
        variable, usual = _ON_LINUX[kind]
        named = Path(os.environ.get(variable, ""))
        home = named if named.is_absolute() else at_home(usual)
        folder = home / "colmodern" if home is not None else None
    else:
        import platformdirs

        find = {"cache": platformdirs.user_cache_dir, "state": platformdirs.user_state_dir}
        folder = Path(find[kind]("colmodern", appauthor=False))
    return folder if folder is not None and folder.is_absolute() else None
