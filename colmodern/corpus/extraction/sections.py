"""Where do the headings of a text stand whose markup is not in it any more?

They are kept in the metadata as ``sections``: a JSON list of start, level from 1, and title. A
passage then says under which headings it stands.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from colmodern.types import MetadataValue

__all__ = ["Section", "found_in", "markdown_sections", "sections_field"]

_ATX = re.compile(r" {0,3}(?P<marks>#{1,6})[ \t]+(?P<title>.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")


class Section(NamedTuple):
    """A heading: where it starts, how deep it is (1 is the top), what it says."""

    start: int
    level: int
    title: str


def sections_field(sections: Iterable[Section]) -> dict[str, MetadataValue]:
    """Return the field of the metadata, or none if there are no headings."""
    found = [list(section) for section in sections]
    if not found:
        return {}
    return {"sections": json.dumps(found, ensure_ascii=False, separators=(",", ":"))}


def markdown_sections(text: str, start: int) -> Iterator[Section]:
    """Yield the headings of a piece of Markdown that begins at ``start`` of the whole text."""
    is_inside = False
    for line in text.splitlines(keepends=True):
        if _FENCE.match(line):
            is_inside = not is_inside
        elif not is_inside and (match := _ATX.match(line.rstrip("\r\n"))):
            yield Section(start, len(match["marks"]), match["title"])
        start += len(line)


def found_in(text: str, headings: Iterable[tuple[int, str]]) -> Iterator[Section]:
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
            yield Section(places[which], level, title)
            following = places[which] + 1
