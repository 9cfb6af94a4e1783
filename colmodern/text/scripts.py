"""Which scripts are the letters of a text of?"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

__all__ = ["LATIN", "script_of", "scripts_of"]

LATIN = "LATIN"


@lru_cache(maxsize=65_536)
def script_of(letter: str) -> str:
    """Return the first word of the name of a letter, which is its script; empty if it is none."""
    return unicodedata.name(letter, "").partition(" ")[0] if letter.isalpha() else ""


def scripts_of(text: str) -> Counter[str]:
    """Return how many letters of each script a text has."""
    counts = Counter(map(script_of, text))
    del counts[""]
    return counts
