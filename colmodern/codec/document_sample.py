"""What would a query token match in any document? Some documents of the corpus tell.

They are kept with the codec as nothing but the centroids of their tokens, so that whatever is
searched with this codec expects the same: every segment, and every shard.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.types import FloatMatrix, FloatVector, IntVector

__all__ = [
    "MOST_DOCUMENTS",
    "MOST_TOKENS",
    "MOST_TOKENS_OF_ONE",
    "DocumentReservoir",
    "DocumentSample",
]

MOST_DOCUMENTS = 256
MOST_TOKENS = 1 << 15
"""A query looks up the centroid of each: a tenth of a millisecond."""

MOST_TOKENS_OF_ONE = 512
"""Of a longer document the first tokens count."""


@dataclass(frozen=True, slots=True, eq=False)
class DocumentSample:
    """The centroids of some documents.

    Attributes:
        centroid_ids: Shape (n,), uint32: those of the tokens of each document, none twice.
        offsets: Shape (n_documents + 1,), int64: where those of each document begin.
    """

    centroid_ids: NDArray[np.uint32]
    offsets: IntVector

    @classmethod
    def of(cls, centroid_ids: kernels.Ids, offsets: IntVector) -> Self:
        """Return documents whose tokens, document by document, have these centroids."""
        found = [np.unique(centroid_ids[a:b]) for a, b in pairwise(offsets.tolist())]
        ends = np.cumsum([len(ids) for ids in found], dtype=np.int64)
        ids = np.concatenate([np.zeros(0, np.uint32), *found], dtype=np.uint32)
        return cls(ids, np.concatenate([np.zeros(1, np.int64), ends]))

    def check(self, n_centroids: int) -> None:
        """Raise ValueError if these are no documents, or if they have unknown centroids."""
        if self.centroid_ids.ndim != 1 or self.offsets.ndim != 1:
            raise ValueError("sample_ids and sample_offsets must have one dimension.")
        is_rising = (self.offsets[1:] >= self.offsets[:-1]).all()  # differences could overflow
        if len(self.offsets) == 0 or self.offsets[0] != 0 or not is_rising:
            raise ValueError("sample_offsets must begin with 0 and rise.")
        if self.offsets[-1] != len(self.centroid_ids) or len(self.centroid_ids) > MOST_TOKENS:
            raise ValueError(
                f"sample_ids must be {self.offsets[-1]} ids, at most {MOST_TOKENS}, "
                f"got {len(self.centroid_ids)}."
            )
        if self.centroid_ids.max(initial=0) >= n_centroids:
            raise ValueError(f"sample_ids must lie below {n_centroids}.")

    def expected_maxima(self, table: kernels.CentroidTable) -> FloatVector:
        """Return what query tokens match best in one of these documents, on the mean.

        Args:
            table: What the query tokens think of the centroids.

        Returns:
            Shape (n_query,), float32.
        """
        return kernels.expected_maxima(table, self.centroid_ids, self.offsets)


class DocumentReservoir:
    """Keeps the tokens of documents drawn at random from those that pass by, however many come.

    Each gets a random number, and those of the lowest are kept, as many as are to be kept.
    """

    def __init__(self, dim: int, *, seed: int) -> None:
        """Keep vectors of ``dim`` numbers; ``seed`` decides which."""
        self._dim = dim
        self._rng = np.random.default_rng(seed)
        self._kept: list[tuple[float, int, FloatMatrix]] = []  # the greatest number comes first
        self._n_tokens = 0
        self._n_seen = 0
        self._limit = 1.0

    def offer(self, vectors: NDArray[np.floating]) -> int:
        """Let a document pass by, shape (n, dim); return how many of its tokens were taken."""
        number = self._rng.random()
        self._n_seen += 1
        if number >= self._limit or len(vectors) == 0:
            return 0
        rows = vectors[:MOST_TOKENS_OF_ONE].astype(np.float32)
        heappush(self._kept, (-number, self._n_seen, rows))
        self._n_tokens += len(rows)
        while len(self._kept) > MOST_DOCUMENTS or self._n_tokens > MOST_TOKENS:
            greatest, _, removed = heappop(self._kept)
            self._limit = -greatest
            self._n_tokens -= len(removed)
        return len(rows) if number < self._limit else 0

    @property
    def documents(self) -> tuple[FloatMatrix, IntVector]:
        """The vectors of the documents in the order in which they came, and their offsets."""
        rows = [vectors for _, _, vectors in sorted(self._kept, key=lambda one: one[1])]
        lengths = [len(vectors) for vectors in rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return np.concatenate([np.zeros((0, self._dim), np.float32), *rows]), offsets
