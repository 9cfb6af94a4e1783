"""Which documents are the files that a query names?"""

from __future__ import annotations

import numpy as np

from colmodern.searcher.part import Part
from colmodern.storage import Segment
from colmodern.text.file_names import is_file, lowered
from colmodern.types import IntVector

_MOST_PLACES = 1000  # of a name among the ids of a segment


def files_named(part: Part, name: str) -> IntVector:
    """Return the documents that have a name: their id is it, or ends with it after a slash.

    The ending of the id (``.md``) may be left out. Names are not looked for in a segment whose ids
    are not kept in lower case, for they are too many.

    Args:
        part: Where to look.
        name: From ``file_names_of``.
    """
    wanted = name.encode("utf-8", "surrogatepass")
    found = [
        start + position
        for start, segment, ids in zip(
            part.starts.tolist(), part.segments, part.lower_ids, strict=False
        )
        for position in _positions(segment, ids, wanted)
    ]
    return np.array(found, np.int64)


def _positions(segment: Segment, ids: bytes, name: bytes) -> list[int]:
    """Return the documents of a segment with a name; their ids are read again where it stands."""
    found: dict[int, None] = {}
    at = ids.find(name)
    for _ in range(_MOST_PLACES):
        if at < 0:
            break
        position = int(segment.ids.offsets.searchsorted(at, "right")) - 1
        is_one = 0 <= position < len(segment.ids)
        if is_one and is_file(name, lowered(segment.ids.bytes_at(position))):
            found[position] = None
        at = ids.find(name, at + 1)
    return list(found)
