"""Which documents are worth rescoring?

Probe: for every query token the centroids nearest to it. Gather: the documents that hold a probed
centroid, scored by those alone, so that the cost follows the postings and not the length of
documents (WARP, Scheerer et al. 2025). The best of them are then scored by the centroids of all
their tokens (PLAID's centroid interaction, Santhanam et al. 2022, section 4.2, with a smooth
maximum, which orders documents better).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.searcher.plan import SearchPlan
from colmodern.searcher.prepared import PreparedQuery
from colmodern.storage import Segment
from colmodern.types import FloatVector, IntVector

_WIDER = 4


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Documents by their position in an index, with a score each.

    Attributes:
        segments: Which segment each lies in, int64.
        documents: Its number in that segment, int64.
        scores: float32.
    """

    segments: IntVector
    documents: IntVector
    scores: FloatVector

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.scores)

    def order(self) -> IntVector:
        """Return the numbers of the candidates, best first; ties by position in the index."""
        return np.lexsort((self.documents, self.segments, -self.scores))

    def best(self, n: int) -> Candidates:
        """Return the ``n`` best by score; ties go to the earlier position in the index."""
        order = self.order()[:n]
        return Candidates(self.segments[order], self.documents[order], self.scores[order])

    def scored(
        self, segments: list[Segment], score: Callable[[Segment, IntVector], FloatVector]
    ) -> Candidates:
        """Return the same candidates, in the same order, with other scores."""
        scores = np.zeros(len(self), dtype=np.float32)
        for number, segment in enumerate(segments):
            here = self.segments == number
            if here.any():
                scores[here] = score(segment, self.documents[here])
        return Candidates(self.segments, self.documents, scores)


def gather(
    segments: list[Segment],
    query: PreparedQuery,
    params: SearchPlan,
    allowed: list[NDArray[np.bool_]],
    *,
    wanted: int,
) -> Candidates:
    """Return the documents that look best by their probed centroids, at most ``params.gathered``.

    If the probed centroids lead to fewer than ``wanted`` documents, more are probed: fewer hits
    than were asked for means that there are no more documents.

    Args:
        segments: The segments of a snapshot.
        query: The query.
        params: Probes, how many to gather.
        allowed: For every segment, which of its documents may be found.
        wanted: How many documents the probed centroids must lead to, at least.
    """
    assert params.probes is not None
    table, n_probes = query.table, params.probes
    while True:
        probed = kernels.probe(table, min(n_probes, len(table)))
        found = [
            kernels.gather(
                table,
                probed,
                segment.posting_offsets,
                segment.posting_documents,
                living,
                params.gathered,
            )
            for segment, living in zip(segments, allowed, strict=True)
        ]
        n_found = sum(n for _, _, n in found)
        if n_found >= wanted or n_probes >= len(table):
            break
        n_probes *= _WIDER
    return _joined([(documents, scores) for documents, scores, _ in found]).best(params.gathered)


def score_by_centroids(
    segments: list[Segment], query: PreparedQuery, candidates: Candidates, *, threads: int
) -> Candidates:
    """Return the candidates scored by the centroids of all their tokens, in the same order."""

    def score(segment: Segment, documents: IntVector) -> FloatVector:
        return kernels.smooth_maxsim(
            query.table,
            segment.codes.centroid_ids,
            segment.token_offsets,
            documents,
            query=query.quantised,
            contexts=segment.contexts,
            threads=threads,
        )

    return candidates.scored(segments, score)


def everything(segments: list[Segment], allowed: list[NDArray[np.bool_]]) -> Candidates:
    """Return every allowed document that has tokens, unscored, in index order."""
    return _joined(
        [
            (documents := _with_tokens(segment, living), np.zeros(len(documents), np.float32))
            for segment, living in zip(segments, allowed, strict=True)
        ]
    )


def _with_tokens(segment: Segment, allowed: NDArray[np.bool_]) -> IntVector:
    return np.flatnonzero(allowed & (np.diff(segment.token_offsets) > 0))


def _joined(found: list[tuple[IntVector, FloatVector]]) -> Candidates:
    if not found:
        empty = np.zeros(0, np.int64)
        return Candidates(empty, empty, np.zeros(0, np.float32))
    return Candidates(
        np.repeat(np.arange(len(found)), [len(documents) for documents, _ in found]),
        np.concatenate([documents for documents, _ in found]),
        np.concatenate([scores for _, scores in found]),
    )
