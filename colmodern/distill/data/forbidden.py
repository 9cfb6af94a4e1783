"""Which texts must not be trained on? Those of the collections it will be measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from colmodern.distill.data.rows import find_files, normal, read_rows


class Forbidden:
    """A set of texts, kept as digests; equal up to case and white space."""

    def __init__(self, patterns: Iterable[str], data: Path) -> None:
        """Read the rows of some files: the ``text`` of each, and its title and text.

        Raises:
            InputError: A pattern matches no file, or a file cannot be read.
        """
        self._digests: set[bytes] = set()
        for pattern in patterns:
            for file in find_files(pattern, data):
                for row in read_rows(file):
                    text = str(row.get("text", ""))
                    self._add(text)
                    if row.get("title"):
                        self._add(f"{row['title']} {text}")

    def __contains__(self, text: str) -> bool:
        """Say whether a text is one of them."""
        return bool(self._digests) and _digest(text) in self._digests

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self._digests)

    def _add(self, text: str) -> None:
        if text.strip():
            self._digests.add(_digest(text))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(normal(text).encode(), digest_size=16).digest()
