"""Where does an index live beyond this machine? On an object store, published state by state.

(extra ``remote``) ``push`` publishes, ``pull`` fetches to a folder, ``collect`` removes what no
kept publication names, ``open_index`` reads through a cache. Nothing of it is loaded before a URL
is given.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colmodern.remote.garbage import GarbageReport, collect
    from colmodern.remote.publishing import PushReport, push
    from colmodern.remote.pulling import PullReport, pull
    from colmodern.remote.reading import open_index, readable
    from colmodern.remote.verification import verify_published

_HOMES = {
    "GarbageReport": "garbage",
    "PullReport": "pulling",
    "PushReport": "publishing",
    "collect": "garbage",
    "open_index": "reading",
    "pull": "pulling",
    "push": "publishing",
    "readable": "reading",
    "verify_published": "verification",
}

__all__ = [
    "GarbageReport",
    "PullReport",
    "PushReport",
    "collect",
    "open_index",
    "pull",
    "push",
    "readable",
    "verify_published",
]


def __getattr__(name: str) -> object:
    """Import a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
