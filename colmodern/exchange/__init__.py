"""How do vectors leave an index for another engine, and come in from one?

What leaves is reconstructed from codes: it is not what the encoder made. What comes in is
decompressed as its own engine does it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colmodern.exchange.exporting import ExportReport, export
    from colmodern.exchange.foreign import ForeignIndex, open_foreign
    from colmodern.exchange.target import Target

# Names are imported when they are first used: each brings what only it needs.
_HOMES = {
    "ExportReport": "exporting",
    "ForeignIndex": "foreign",
    "Target": "target",
    "export": "exporting",
    "open_foreign": "foreign",
}

__all__ = ["ExportReport", "ForeignIndex", "Target", "export", "open_foreign"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
