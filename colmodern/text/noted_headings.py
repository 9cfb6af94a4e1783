"""How are the headings of a text kept whose markup is not in it any more?

As ``sections`` in the metadata: a JSON list of start, level from 1, and title. They are written
when a file is read, and say under which headings a passage stands.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

from colmodern.text.headings import Heading
from colmodern.types import Metadata, MetadataValue

__all__ = ["found_in", "json_list", "noted_headings", "sections_field"]


def sections_field(headings: Iterable[Heading]) -> dict[str, MetadataValue]:
    """Return the field of the metadata, or none if there are no headings."""
    found = [list(heading) for heading in headings]
    if not found:
        return {}
    return {"sections": json.dumps(found, ensure_ascii=False, separators=(",", ":"))}


def noted_headings(metadata: Metadata) -> list[Heading]:
    """Return the headings that the metadata of a document keep; none where they keep none."""
    found = json_list(metadata.get("sections"))
    return [heading for item in found if (heading := _heading(item)) is not None]


def found_in(text: str, headings: Iterable[tuple[int, str]]) -> Iterator[Heading]:
    """Yield the headings (level, title), given in their order, that are lines of a text."""
    starts: dict[str, list[int]] = {}
    at = 0
    for line in text.splitlines(keepends=True):
        starts.setdefault(" ".join(line.split()), []).append(at)
        at += len(line)
    following = 0
    for level, title in headings:
        places = starts.get(title, [])
        which = bisect_left(places, following)
        if title and which < len(places):
            yield Heading(places[which], level, title)
            following = places[which] + 1


def json_list(value: object) -> list[Any]:
    """Return a list kept as JSON; others may use the same name, so anything else is no error."""
    if not isinstance(value, str):
        return []
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _heading(item: Any) -> Heading | None:
    match item:
        case [int(start), int(level), str(title)]:
            return Heading(start, level, title)
    return None
