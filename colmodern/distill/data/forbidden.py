"""Which texts must not be trained on? Those of the collections it will be measured on.

Equal ones, up to case and white space; with an overlap, also texts so many of whose runs of words
stand in one of those collections (decontamination by n-grams: Brown et al., 2020, appendix C).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from colmodern.distill.data.rows import find_files, normal, read_rows
from colmodern.distill.ledger import write_json
from colmodern.distill.options.data import PrepareRecipe

_WORD = re.compile(r"\w+")
_EXAMPLES = 20


class Forbidden:
    """A set of texts, kept as digests; it counts what it was asked about and has."""

    def __init__(
        self, patterns: Iterable[str], data: Path, *, overlap: float = 0.0, words: int = 8
    ) -> None:
        """Read the rows of some files: the ``text`` of each, and its title and text.

        Args:
            patterns: The files, below ``data``.
            data: The folder they lie in.
            overlap: A text is forbidden too if this share of its runs of words is known; 0: only
                equal texts are.
            words: How long a run is.

        Raises:
            InputError: A pattern matches no file, or a file cannot be read.
        """
        self._overlap, self._words = overlap, words
        self._digests: set[bytes] = set()
        self._runs: set[bytes] = set()
        self.n_equal = self.n_near = 0
        self._examples: list[dict[str, object]] = []
        for pattern in patterns:
            for file in find_files(pattern, data):
                for row in read_rows(file):
                    text = str(row.get("text", ""))
                    self._add(text)
                    if row.get("title"):
                        self._add(f"{row['title']} {text}")

    def __contains__(self, text: str) -> bool:
        """Say whether a text is one of them, or near one."""
        if not self._digests:
            return False
        if _digest(text) in self._digests:
            self.n_equal += 1
            return True
        share = self._share(text)
        if share == 0 or share < self._overlap:
            return False
        self.n_near += 1
        if len(self._examples) < _EXAMPLES:
            self._examples.append({"share": round(share, 3), "text": text[:200]})
        return True

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self._digests)

    def report(self, path: Path) -> None:
        """Write what was dropped: how many equal texts, how many near ones, and some of these."""
        counts = {"equal": self.n_equal, "near": self.n_near}
        write_json(path, {**counts, "overlap": self._overlap, "examples": self._examples})

    def _share(self, text: str) -> float:
        """Return which share of a text's runs of words is known; 0 for one that is too short."""
        if not self._overlap:
            return 0.0
        known = [run in self._runs for run in _runs(text, self._words)]
        return sum(known) / len(known) if known else 0.0

    def _add(self, text: str) -> None:
        if text.strip():
            self._digests.add(_digest(text))
            if self._overlap:
                self._runs.update(_runs(text, self._words))


def forbidden_of(recipe: PrepareRecipe, data: Path) -> Forbidden:
    """Return what a recipe forbids.

    Raises:
        InputError: As for ``Forbidden``.
    """
    return Forbidden(recipe.never, data, overlap=recipe.never_overlap, words=recipe.never_words)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(normal(text).encode(), digest_size=16).digest()


def _runs(text: str, n: int) -> Iterator[bytes]:
    """Yield a digest of every run of ``n`` words, whatever stands between them."""
    words = _WORD.findall(text.lower())
    for start in range(1 + len(words) - n):
        run = " ".join(words[start : start + n])
        yield hashlib.blake2b(run.encode(), digest_size=8).digest()
