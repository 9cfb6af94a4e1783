"""Words that were broken at the end of a line: is the hyphen part of the word?"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["HYPHENS", "joined_at_hyphens"]

HYPHENS = "\x02\ufffe\xad"
"""PDFium marks the hyphen at which a line was broken by one of these."""

_BROKEN = re.compile(rf"(?P<first>\w{{0,80}}(?:-\w{{1,80}}){{0,8}})[{HYPHENS}]\n?(?P<rest>\w*)")
_WORD = re.compile(r"\w+(?:-\w+)*")


def joined_at_hyphens(texts: Sequence[str]) -> list[str]:
    """Return the texts with broken words joined.

    The hyphen stays if the word is written with one elsewhere, and nowhere without; where neither
    occurs it goes, unless the part before it has a hyphen already.
    """
    words = {word.lower() for text in texts for word in _WORD.findall(text)}

    def joined(match: re.Match[str]) -> str:
        first, rest = match["first"], match["rest"]
        whole, split = f"{first}{rest}", f"{first}-{rest}"
        if whole.lower() in words or not first or not rest:
            return whole
        return split if split.lower() in words or "-" in first else whole

    return [_BROKEN.sub(joined, text) for text in texts]
