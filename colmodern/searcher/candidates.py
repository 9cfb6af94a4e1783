"""Which documents of a segment are worth rescoring?

Probe: for every query token the centroids nearest to it. Gather: the documents that hold a token of
a probed centroid, scored by MaxSim over their distinct centroids alone (PLAID's centroid
interaction, Santhanam et al. 2022, section 4.2, on distinct centroids: the same value for a third
of the work on long documents).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.config import SearchParams
from colmodern.storage import Segment
from colmodern.types import FloatMatrix, FloatVector, IntVector

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

    def best(self, n: int) -> Candidates:
        """Return the ``n`` best by score; ties go to the earlier position in the index."""
        order = np.lexsort((self.documents, self.segments, -self.scores))[:n]
        return Candidates(self.segments[order], self.documents[order], self.scores[order])


def probe(scores: FloatMatrix, n_probes: int) -> IntVector:
    """Return the centroids that are among the ``n_probes`` best of any query token, ascending.

    Args:
        scores: Shape (n_centroids, n_query_tokens), float32.
        n_probes: How many for each query token.
    """
    if n_probes >= len(scores):
        return np.arange(len(scores), dtype=np.int64)
    nearest = np.argpartition(-scores, n_probes - 1, axis=0)[:n_probes]
    is_probed = np.zeros(len(scores), dtype=np.bool_)
    is_probed[nearest] = True
    return np.flatnonzero(is_probed)


def gather(
    segments: list[Segment],
    scores: FloatMatrix,
    params: SearchParams,
    allowed: list[NDArray[np.bool_]],
) -> Candidates:
    """Return the candidates of all segments, best first, at most ``params.candidates``.

    If the probed centroids lead to fewer than ``params.k`` documents, more are probed: fewer hits
    than were asked for means that there are no more documents.

    Args:
        segments: The segments of a snapshot.
        scores: Centroid scores, shape (n_centroids, n_query_tokens), float32.
        params: Probes, candidates, threads.
        allowed: For every segment, which of its documents may be found.
    """
    assert params.probes is not None
    n_probes = params.probes
    found = _found(segments, probe(scores, n_probes), allowed)
    while sum(map(len, found)) < params.k and n_probes < len(scores):
        n_probes *= _WIDER
        found = _found(segments, probe(scores, n_probes), allowed)
    return _joined(
        [
            (documents, _approximate(segment, scores, documents, params.threads))
            for segment, documents in zip(segments, found, strict=True)
        ]
    ).best(params.candidates)


def everything(segments: list[Segment], allowed: list[NDArray[np.bool_]]) -> Candidates:
    """Return every allowed document that has tokens, unscored, in index order."""
    return _joined(
        [
            (documents := _with_tokens(segment, living), np.zeros(len(documents), np.float32))
            for segment, living in zip(segments, allowed, strict=True)
        ]
    )


def _found(
    segments: list[Segment], probed: IntVector, allowed: list[NDArray[np.bool_]]
) -> list[IntVector]:
    """Return for every segment the allowed documents that hold a token of a probed centroid."""
    return [
        _documents_of(segment, probed, living)
        for segment, living in zip(segments, allowed, strict=True)
    ]


def _approximate(
    segment: Segment, scores: FloatMatrix, documents: IntVector, threads: int
) -> FloatVector:
    return kernels.centroid_maxsim(
        scores, segment.distinct_ids, segment.distinct_offsets, documents, threads=threads
    )


def _documents_of(segment: Segment, probed: IntVector, allowed: NDArray[np.bool_]) -> IntVector:
    holds = np.zeros(segment.n_documents, dtype=np.bool_)
    starts, ends = segment.posting_offsets[probed], segment.posting_offsets[probed + 1]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        holds[segment.posting_documents[start:end]] = True
    return np.flatnonzero(holds & allowed)


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
