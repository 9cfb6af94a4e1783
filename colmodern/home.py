"""Where is home? A path may begin with ``~``, and there may be no such user, or nobody's home."""

from __future__ import annotations

from pathlib import Path

__all__ = ["at_home"]


def at_home(path: str | Path) -> Path | None:
    """Return a path, with the home that a ``~`` in front means; None if there is no such home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return None
