"""Which documents are live while an index is being changed, and where is each?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from colmodern.storage.snapshot.lookup import DocumentLookup
from colmodern.storage.snapshot.segment import Segment

__all__ = ["LiveDocuments"]


class LiveDocuments:
    """The live documents of a snapshot and of what was changed since, by id.

    Those of the snapshot are looked up in its segments; each of the others takes about 200 bytes.
    Every document has a running number over all segments, so that a place costs one integer.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        """Start with the live documents of a snapshot."""
        self._committed = DocumentLookup(segments)
        self._names: list[str] = []
        self._starts: list[int] = []
        self._end = 0
        for segment in segments:
            self.begin_segment(segment.name)
            self._end += segment.n_documents
        # What was changed since: the number of a document, or that it is deleted.
        self._numbers: dict[str, int | None] = {}

    def __contains__(self, document_id: str) -> bool:
        """Return whether a live document has this id."""
        return self._number(document_id) is not None

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
        number = self._number(document_id)
        if number is None:
            return None
        self._numbers[document_id] = None
        which = bisect_right(self._starts, number) - 1
        return self._names[which], number - self._starts[which]

    def _number(self, document_id: str) -> int | None:
        if document_id in self._numbers:
            return self._numbers[document_id]
        place = self._committed.place(document_id)
        return None if place is None else self._starts[place[0]] + place[1]
