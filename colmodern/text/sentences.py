"""Where do sentences and paragraphs end?"""

from __future__ import annotations

import re

__all__ = ["whole_sentences"]

_MAX_STRETCH = 160  # characters a part may grow on each side to end at a sentence
_BOUNDARY = re.compile(r"(?<=[.!?…])\s+|\n\s*\n|\n(?=[#\-*>|])")


def whole_sentences(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a part of a text, grown or cut to sentence or paragraph boundaries where one is near.

    Args:
        text: The whole text.
        start: The part's first character.
        end: The one past its last.
    """
    low = max(0, start - _MAX_STRETCH)
    before = [match.end() for match in _BOUNDARY.finditer(text, low, start + 1)]
    if before:
        start = min(before[-1], start)
    elif low == 0:
        start = 0
    else:
        while start > low and not text[start - 1].isspace():
            start -= 1
    after = _BOUNDARY.search(text, end, min(len(text), end + _MAX_STRETCH))
    if after is not None:
        end = after.start()
    elif end + _MAX_STRETCH >= len(text):
        end = len(text)
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
