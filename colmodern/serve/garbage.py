"""When is garbage looked for in a process that answers requests?"""

from __future__ import annotations

import gc

# After so many new objects: a search makes some thousands, and no garbage.
_OBJECTS = 50_000


def settle() -> None:
    """Have what is loaded stay: a look for garbage among it would stop every search a moment."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
