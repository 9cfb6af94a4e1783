"""Which documents are live while an index is being changed, and where is each?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from colmodern.storage.snapshot.segment import Segment

__all__ = ["LiveDocuments"]


class LiveDocuments:
    """The ids of all live documents; about 200 bytes for each.

    Every document has a running number over all segments, so that a place costs one integer.
    """

    def __init__(self, segments: Iterable[Segment]) -> None:
        """Read the ids of the live documents of a snapshot."""
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._starts: list[int] = []
        self._end = 0
        for segment in segments:
            self.begin_segment(segment.name)
            for position in segment.live_positions():
                self.add(segment.id_of(position), position)
            self._end = self._starts[-1] + segment.n_documents

    def __contains__(self, document_id: str) -> bool:
        """Return whether a live document has this id."""
        return document_id in self._numbers

    def begin_segment(self, name: str) -> None:
        """Count the documents added from now on as those of this segment."""
        self._names.append(name)
        self._starts.append(self._end)

    def add(self, document_id: str, position: int) -> None:
        """Add a document at a position of the segment begun last."""
        number = self._starts[-1] + position
        self._numbers[document_id] = number
        self._end = number + 1

    def restore(self, document_id: str, name: str, position: int) -> None:
        """Count a document as live again where ``remove`` said it was."""
        which = self._names.index(name)
        self._numbers[document_id] = self._starts[which] + position

    def remove(self, document_id: str) -> tuple[str, int] | None:
        """Forget a document; return its segment and position, or None if it is not live."""
        number = self._numbers.pop(document_id, None)
        return None if number is None else self._place(number)

    def _place(self, number: int) -> tuple[str, int]:
        which = bisect_right(self._starts, number) - 1
        return self._names[which], number - self._starts[which]
