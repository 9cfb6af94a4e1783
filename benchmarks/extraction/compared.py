"""Our text of a file beside another reader's: words that are missing, words that were glued."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from colmodern.corpus import extract, scan

__all__ = ["Comparison", "compared"]

_WORD = re.compile(r"\w+")
_BROKEN = re.compile(r"(\w)[-\u2010]\n\s*(\w)")


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many words of another reader's text are in ours, and what we have glued."""

    name: str
    words: int
    found: int
    glued: tuple[str, ...]
    missing: tuple[str, ...]
    seconds: float


def compared(path: Path, theirs: str) -> Comparison:
    """Return a comparison of a file with the text that another reader gives of it."""
    words = _words(_BROKEN.sub(r"\1 \2", theirs))
    (source,) = scan([path]).sources
    began = time.process_time()
    ((document, _),) = extract(source, report=lambda _: None)
    seconds = time.process_time() - began
    wanted, ours = Counter(words), Counter(_words(document.text))
    missing, neighbours = wanted - ours, set(pairwise(words))
    glued = tuple(
        word
        for word in ours
        if word not in wanted
        and any((word[:at], word[at:]) in neighbours for at in range(1, len(word)))
    )
    n_found = wanted.total() - missing.total()
    most = tuple(word for word, _ in missing.most_common(12))
    return Comparison(path.name, wanted.total(), n_found, glued, most, seconds)


def _words(text: str) -> list[str]:
    # LibreOffice writes a date as 01/08/1947 to CSV, and shows it as 1/8/1947.
    words = _WORD.findall(text.lower())
    return [word.lstrip("0") or "0" if word.isdecimal() else word for word in words]
