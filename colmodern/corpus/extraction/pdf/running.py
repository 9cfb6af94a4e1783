"""Lines that stand on page after page, at the top or the foot: running titles, page numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["without_running_lines"]

# A page has its running lines among so many of its first and of its last.
_DEPTH = 2
# So many pages, and this share of all, have a line that counts as running.
_PAGES = 4
_SHARE = 0.25
# A page without this many other lines is a slide or a form: what it has is what it says.
_LEAST_LINES = 6

_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)


def without_running_lines(texts: Sequence[str], *, depth: int = _DEPTH) -> list[str]:
    """Return the pages without lines that differ from page to page by a number only.

    The first of them stays, so that no word is lost; of bare page numbers none does.

    Args:
        texts: The pages.
        depth: Among how many of its first and of its last lines a page has running ones.
    """
    pages = [text.split("\n") for text in texts]
    counts: Counter[str] = Counter()
    for lines in pages:
        counts.update({_shape(lines[at]) for at in _edges(lines, depth)} - {""})
    least = max(_PAGES, _SHARE * len(pages))
    running = {shape for shape, count in counts.items() if count >= least}
    seen: set[str] = set()
    kept = []
    for lines in pages:
        gone = set()
        for at in _edges(lines, depth):
            shape = _shape(lines[at])
            if shape in running and (shape in seen or shape == "#"):
                gone.add(at)
            seen.add(shape)
        kept.append("\n".join(line for at, line in enumerate(lines) if at not in gone))
    return kept


def _edges(lines: list[str], depth: int) -> list[int]:
    """Return the places of the first and the last lines that are not blank."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if len(filled) < _LEAST_LINES:
        return []
    return filled[:depth] + filled[-depth:]


def _shape(line: str) -> str:
    return _NUMBER.sub("#", " ".join(line.split()))
