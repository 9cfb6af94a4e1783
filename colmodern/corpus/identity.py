"""What is a document called when its name is taken?

No document is ever lost for its name: the first keeps it, the next are renamed and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from unicodedata import normalize

from colmodern.corpus.sources import Source
from colmodern.types import Document

__all__ = ["IdRegistry"]


class IdRegistry:
    """The ids of an index, each given once.

    Attributes:
        n_renamed: How many documents got another id than their own.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """Start with the ids that other documents have already."""
        self._taken = set(taken)
        self.n_renamed = 0

    def keep(self, ids: Iterable[str]) -> list[str]:
        """Return those of these ids that are free, and give them to the documents that have them.

        For documents that stay as they are, once their ids had been free.
        """
        free = [identifier for identifier in ids if identifier not in self._taken]
        self._taken.update(free)
        return free

    def claim(
        self,
        document: Document,
        source: Source,
        row: int | None = None,
        *,
        before: str | None = None,
    ) -> Document:
        """Return the document under an id of its own: its own id if that is free.

        A row gets ``<key>#<row>`` instead, a file ``<name of its root>/<key>``; if that is taken
        too, a number is put behind it.

        Args:
            document: The document.
            source: Its file.
            row: Its row; None: it is the whole file.
            before: The id by which the index knows the file: one that it was given stays its id,
                though its own may be free by now.
        """
        if before and row is None and before not in self._taken and _is_given(before, source):
            return self._renamed(document, before)
        if document.id not in self._taken:
            self._taken.add(document.id)
            return document
        free = (name for name in _other_names(source, row) if name not in self._taken)
        return self._renamed(document, next(free))

    def _renamed(self, document: Document, new_id: str) -> Document:
        self._taken.add(new_id)
        self.n_renamed += 1
        return replace(document, id=new_id)


def _is_given(identifier: str, source: Source) -> bool:
    """Say whether an id is one that a file gets whose own is taken."""
    rooted = _rooted(source)
    return identifier == rooted or identifier.startswith(f"{rooted} (")


def _rooted(source: Source) -> str:
    return normalize("NFC", f"{source.root.name}/{source.key}")


def _other_names(source: Source, row: int | None) -> Iterator[str]:
    rooted = _rooted(source)
    if row is None:
        yield rooted
    else:
        yield f"{source.key}#{row}"
        rooted = f"{rooted}#{row}"
        yield rooted
    for number in count(2):
        yield f"{rooted} ({number})"
