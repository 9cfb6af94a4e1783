"""What do the kernels of a search read? The arrays of all segments, checked once.

What a query must fit (dimensions, bits, centroids) is compared with them when the first one comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from colmodern.frozen import frozen
from colmodern.kernels.checks import check_array, check_offsets
from colmodern.kernels.contexts import Contexts, check_contexts
from colmodern.kernels.isa import native
from colmodern.kernels.operands import CodedTokens, Ids
from colmodern.types import FloatVector, IntVector

_NO_POSTINGS = np.zeros(0, np.uint16)


@frozen(eq=False)
class SegmentArrays:
    """The arrays of one segment.

    Attributes:
        offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.
        codes: The codes of all tokens, document after document.
        contexts: Those of all documents' blocks; None: there are none.
        posting_offsets: Shape (n_centroids + 1,), int64: where the documents of each centroid
            begin; None: there are no postings, and nothing can be gathered.
        postings: uint16 or uint32: the documents of each centroid, without repetition.
    """

    offsets: IntVector
    codes: CodedTokens
    contexts: Contexts | None = None
    posting_offsets: IntVector | None = None
    postings: Ids | None = None

    @property
    def n_documents(self) -> int:
        """How many documents there are."""
        return len(self.offsets) - 1


class Segments:
    """Some segments that kernels search in one call; documents are numbered through all of them."""

    def __init__(self, parts: Sequence[SegmentArrays]) -> None:
        """Check the types and shapes of arrays; values are checked when they are used.

        Raises:
            TypeError: An array has another dtype than the kernels read.
            ValueError: It has another shape, or is not C-contiguous.
        """
        for part in parts:
            _check_part(part)
        self.parts = tuple(parts)
        self.starts = np.cumsum([0, *(part.n_documents for part in parts)], dtype=np.int64)
        self._fitting: set[tuple[str, int]] = set()

    def __len__(self) -> int:
        """Return the number of segments."""
        return len(self.parts)

    @property
    def n_documents(self) -> int:
        """How many documents all segments have."""
        return int(self.starts[-1])

    @property
    def has_contexts(self) -> bool:
        """Whether any segment has contexts."""
        return any(part.contexts is not None for part in self.parts)

    @cached_property
    def handle(self) -> Any:
        """The same as the native kernels take it."""
        handle = native().Segments()
        for part in self.parts:
            contexts = part.contexts or _no_contexts()
            offsets = contexts.offsets if part.contexts is not None else np.zeros(0, np.int64)
            handle.add(
                part.offsets,
                part.codes.centroid_ids,
                part.codes.residuals,
                part.codes.gains.view(np.uint16),
                part.codes.norms.view(np.uint16),
                contexts.residuals,
                contexts.gains.view(np.uint16),
                offsets,
                np.zeros(0, np.int64) if part.posting_offsets is None else part.posting_offsets,
                _NO_POSTINGS if part.postings is None else part.postings,
            )
        return handle

    def check_codes(self, dim: int, row_bytes: int) -> None:
        """Raise ValueError unless residuals and contexts have as many bytes as a query needs."""
        self.check_contexts(dim)
        if ("row bytes", row_bytes) in self._fitting:
            return
        for part in self.parts:
            shape = (len(part.codes.centroid_ids), row_bytes)
            check_array("codes.residuals", part.codes.residuals, (np.uint8,), shape)
        self._fitting.add(("row bytes", row_bytes))

    def check_contexts(self, dim: int) -> None:
        """Raise ValueError unless contexts have a query's dimensions."""
        if ("dim", dim) in self._fitting:
            return
        for part in self.parts:
            if part.contexts is not None:
                check_contexts(part.contexts, dim, part.n_documents)
        self._fitting.add(("dim", dim))

    def check_postings(self, n_centroids: int) -> None:
        """Raise ValueError unless there are postings of so many centroids."""
        if ("centroids", n_centroids) in self._fitting:
            return
        for part in self.parts:
            offsets = part.posting_offsets
            offsets = np.zeros(0, np.int64) if offsets is None else offsets
            check_array("posting_offsets", offsets, (np.int64,), (n_centroids + 1,))
        self._fitting.add(("centroids", n_centroids))

    def check_documents(self, documents: IntVector) -> None:
        """Raise ValueError unless listed documents are there (for NumPy kernels)."""
        if len(documents) and (documents.min() < 0 or documents.max() >= self.n_documents):
            found = f"{documents.min()} to {documents.max()}"
            raise ValueError(f"documents must lie within 0 to {self.n_documents - 1}, got {found}.")

    def split(self, documents: IntVector) -> Iterator[tuple[SegmentArrays, IntVector, IntVector]]:
        """Yield each segment that has listed documents: it, their rows in the list, their numbers.

        The numbers are counted in that segment.
        """
        which = np.searchsorted(self.starts, documents, side="right") - 1
        for i, part in enumerate(self.parts):
            rows = np.flatnonzero(which == i)
            if len(rows):
                yield part, rows, documents[rows] - self.starts[i]

    def scored(
        self, documents: IntVector, score: Callable[[SegmentArrays, IntVector], FloatVector]
    ) -> FloatVector:
        """Return what ``score`` gives the listed documents of each segment, in their order."""
        scores = np.zeros(len(documents), np.float32)
        for part, rows, numbers in self.split(documents):
            scores[rows] = score(part, numbers)
        return scores


def _check_part(part: SegmentArrays) -> None:
    codes = part.codes
    check_array("codes.centroid_ids", codes.centroid_ids, (np.uint16, np.uint32), ("n_tokens",))
    n = len(codes.centroid_ids)
    check_array("codes.residuals", codes.residuals, (np.uint8,), (n, "row_bytes"))
    check_array("codes.gains", codes.gains, (np.float16,), (n,))
    check_array("codes.norms", codes.norms, (np.float16,), (n,))
    check_offsets(part.offsets, n)
    if part.contexts is not None:
        check_contexts(part.contexts, part.contexts.dim, part.n_documents)
    if part.posting_offsets is not None:
        offsets = ("n_centroids + 1",)
        check_array("posting_offsets", part.posting_offsets, (np.int64,), offsets)
    if part.postings is not None:
        check_array("postings", part.postings, (np.uint16, np.uint32), ("n_postings",))


def _no_contexts() -> Contexts:
    return Contexts(np.zeros((0, 0), np.uint8), np.zeros(0, np.float16), np.zeros(0, np.int64))
