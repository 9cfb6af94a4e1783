"""Where is the live document of an id? Looked up in the segments, without reading all ids.

A look-up is a binary search in every segment. Once so many were made that reading all ids would
have cost less, they are read: about 200 bytes of memory for each document.
"""

from __future__ import annotations

from collections.abc import Sequence

from colmodern.storage.snapshot.segment import Segment

__all__ = ["DocumentLookup"]

_SEARCH_COST = 8  # a binary search in a segment, in times of reading one id


class DocumentLookup:
    """The live documents of some segments by id.

    Attributes:
        segments: The segments.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        """Look documents up in segments of which no two have a live document of the same id."""
        self.segments = list(segments)
        self._budget = sum(segment.n_documents for segment in segments)
        self._places: dict[str, tuple[int, int]] | None = None

    def place(self, document_id: str) -> tuple[int, int] | None:
        """Return the number of the segment and the position of a live document; None: no such."""
        if self._places is None:
            self._budget -= _SEARCH_COST * len(self.segments)
            if self._budget >= 0:
                return self._searched(document_id)
            self._places = {
                segment.id_of(position): (number, position)
                for number, segment in enumerate(self.segments)
                for position in segment.live_positions()
            }
        return self._places.get(document_id)

    def content_hash(self, document_id: str) -> str | None:
        """Return the content hash of a live document; None: there is no such document."""
        place = self.place(document_id)
        return None if place is None else self.segments[place[0]].content_hashes[place[1]]

    def _searched(self, document_id: str) -> tuple[int, int] | None:
        for number, segment in enumerate(self.segments):
            position = segment.position_of(document_id)
            if position is not None:
                return number, position
        return None
