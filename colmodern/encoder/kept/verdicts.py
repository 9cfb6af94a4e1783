"""Which checkpoints have been checked in bytes, and what came out?

What was measured is kept beside packed weights, for each checkpoint and instruction set.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

from colmodern.encoder.kept.folder import cache_folder, forget, keep, open_kept

if TYPE_CHECKING:
    from colmodern.encoder.byte_check import ByteCheck

logger = logging.getLogger(__name__)

# Raise this when other texts are compared, or bytes are computed in another way.
_REVISION = 2
_MOST_BYTES = 10_000
# Checkpoints whose nDCG@10 in bytes was measured (docs/lab/encoder.md), by weights.
_MEASURED = frozenset({"c2172996e19113092d0239dfe474d178a1056bc879b90637cb5bd8b7fded2302"})


def is_measured(digest: str) -> bool:
    """Say whether bytes were measured on collections with a checkpoint: there is no need to ask."""
    return digest in _MEASURED


def can_keep() -> bool:
    """Say whether what comes out of a check can be kept; if not, it would be made at each load."""
    folder = cache_folder()
    if folder is None:
        return False
    nearest = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def kept_check(digest: str, isa: str) -> ByteCheck | None:
    """Return what came out of the check of a checkpoint, or None."""
    name = _name(digest, isa)
    file = open_kept(name)
    if file is None:
        return None
    from colmodern.encoder.byte_check import ByteCheck  # the default student needs no check

    with file:
        text = file.read(_MOST_BYTES)
    try:
        fields = json.loads(text)
        if fields.pop("digest") != digest:
            return None
        return ByteCheck(**{key: float(value) for key, value in fields.items()})
    except (ValueError, TypeError, AttributeError, KeyError):
        logger.warning("%s in the cache is damaged; the check is made again.", name)
        forget(name)
        return None


def keep_check(digest: str, isa: str, check: ByteCheck) -> bool:
    """Keep what came out of a check; say whether it is kept."""
    text = json.dumps({"digest": digest, **asdict(check)})

    def write(file: BinaryIO) -> None:
        file.write(text.encode())

    return keep(_name(digest, isa), write)


def _name(digest: str, isa: str) -> str:
    return f"{digest[:32]}-{isa}-{_REVISION}.check"
