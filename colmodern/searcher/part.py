"""Which documents are searched together, and what is known of them?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.kernels.scoring import log_lengths
from colmodern.searcher.bm25 import Lexicon
from colmodern.searcher.statistics import GlobalStatistics, WordStatistics
from colmodern.storage import Segment, SegmentWords
from colmodern.text.file_names import lowered
from colmodern.types import FloatVector, IntVector

# Of a segment: some hundred thousand documents, 3 ms, or .4 s where ids go beyond ASCII.
_MOST_BYTES_OF_IDS = 1 << 23


class Part:
    """Some segments of an index that are searched in one step: all of them, or a shard's.

    Their documents are numbered through all of them, deleted ones included. Nothing is read before
    it is asked for.
    """

    def __init__(
        self, segments: Sequence[Segment], words: Callable[[], Sequence[SegmentWords]]
    ) -> None:
        """Take the segments, and what returns their words in the same order."""
        self.segments = segments
        self._words = words

    @cached_property
    def starts(self) -> IntVector:
        """The number of the first document of each segment, and of all: (n_segments + 1,)."""
        return np.cumsum([0, *(segment.n_documents for segment in self.segments)], dtype=np.int64)

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """Which documents are not deleted: shape (n_documents,), bool."""
        masks = [segment.live for segment in self.segments]
        return np.concatenate([np.zeros(0, np.bool_), *masks])

    @cached_property
    def n_live(self) -> int:
        """How many documents are not deleted."""
        return int(self.live.sum())

    @cached_property
    def n_tokens(self) -> int:
        """How many tokens the documents have that are not deleted."""
        return int(self.lengths[self.live].sum())

    @cached_property
    def lengths(self) -> IntVector:
        """How many tokens each document has: shape (n_documents,), int64."""
        lengths = [np.diff(segment.token_offsets) for segment in self.segments]
        return np.concatenate([np.zeros(0, np.int64), *lengths])

    @cached_property
    def lower_ids(self) -> list[bytes]:
        """The ids of each segment in lower case, one after the other; none where they are many."""
        found = (segment.ids.data for segment in self.segments)
        return [lowered(bytes(ids)) if len(ids) <= _MOST_BYTES_OF_IDS else b"" for ids in found]

    @cached_property
    def log_lengths(self) -> FloatVector:
        """The logarithms of the lengths as they count for scores: shape (n_documents,), float32."""
        return log_lengths(self.lengths)

    @cached_property
    def arrays(self) -> kernels.Segments:
        """What the kernels read of the segments."""
        return kernels.Segments(
            [
                kernels.SegmentArrays(
                    segment.token_offsets,
                    segment.codes,
                    segment.contexts,
                    segment.posting_offsets,
                    segment.posting_documents,
                )
                for segment in self.segments
            ]
        )

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of the documents.

        Raises:
            IndexFormatError: A segment has none, or they were split in another way than here.
        """
        return Lexicon(self._words(), self.starts, self.live)

    def statistics(self, words: WordStatistics | None = None) -> GlobalStatistics:
        """Return the numbers of this part; those of several parts are added up.

        Args:
            words: Those of the words of a query, where they are needed.
        """
        counts = [segment.record for segment in self.segments]
        return GlobalStatistics(
            n_documents=sum(one.n_documents - one.n_deleted_documents for one in counts),
            n_tokens=sum(one.n_tokens - one.n_deleted_tokens for one in counts),
            words=words,
        )

    def place_of(self, document: int) -> tuple[Segment, int]:
        """Return the segment of a document, and its position there."""
        which = int(self.starts.searchsorted(document, "right")) - 1
        return self.segments[which], document - int(self.starts[which])

    def first_ids(self, documents: IntVector, n: int) -> list[tuple[str, int]]:
        """Return the ids of documents with their places among those given; of many, the first.

        Of each segment come at most ``n``, those whose ids come first; in no order.
        """
        segments = self.starts.searchsorted(documents, "right") - 1
        found: list[tuple[str, int]] = []
        for which in np.unique(segments).tolist():
            segment, rows = self.segments[which], np.flatnonzero(segments == which)
            positions = documents[rows] - self.starts[which]
            if len(rows) > n:
                first = np.argpartition(segment.id_ranks[positions], n - 1)[:n]
                rows, positions = rows[first], positions[first]
            ids = map(segment.id_of, positions.tolist())
            found += zip(ids, rows.tolist(), strict=True)
        return found

    def number_of(self, segment: Segment, position: int) -> int:
        """Return the number of the document at a position of a segment."""
        return int(self.starts[self.segments.index(segment)]) + position

    def joined(self, masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Return masks of the documents of each segment as one of all documents.

        Raises:
            ValueError: There are not as many, or one is of another length than its segment.
        """
        lengths = [segment.n_documents for segment in self.segments]
        if [len(mask) for mask in masks] != lengths:
            raise ValueError(f"masks must have the lengths {lengths}, one for each segment.")
        return np.concatenate([np.zeros(0, np.bool_), *masks])
