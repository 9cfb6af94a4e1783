"""Which documents are worth rescoring?

Probe: for every query token the centroids nearest to it. Gather: the documents that hold a probed
centroid, scored by those alone, so that the cost follows the postings and not the length of
documents (WARP, Scheerer et al. 2025). The best of them are then scored by the centroids of all
their tokens (PLAID's centroid interaction, Santhanam et al. 2022, section 4.2, with a smooth
maximum, which orders documents better).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.frozen import frozen
from colmodern.kernels import Segments
from colmodern.searcher.plan import SearchPlan
from colmodern.searcher.prepared import PreparedQuery
from colmodern.types import FloatVector, IntVector

_WIDER = 4


@frozen(eq=False)
class Candidates:
    """Documents by their numbers, with a score each.

    Attributes:
        documents: Their numbers, int64.
        scores: float32.
        by_all_tokens: Whether the scores are known to be of all tokens of each.
    """

    documents: IntVector
    scores: FloatVector
    by_all_tokens: bool = False

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.scores)

    def in_order(self, first: int) -> Candidates:
        """Return the same, with those from ``first`` on in order; they are no better than others.

        Ties go to the earlier position in the index.
        """
        rest = first + np.lexsort((self.documents[first:], -self.scores[first:]))
        order = np.concatenate([np.arange(first), rest])
        return Candidates(self.documents[order], self.scores[order])

    def best(self, n: int) -> Candidates:
        """Return the ``n`` best by score; ties go to the earlier position in the index."""
        order = np.lexsort((self.documents, -self.scores))[:n]
        return Candidates(self.documents[order], self.scores[order])

    def best_and_equals(self, n: int) -> Candidates:
        """Return the ``n`` best by score and all that score as the last of them, in no order."""
        rows = best_rows(self.scores, n)
        return Candidates(self.documents[rows], self.scores[rows])


def best_rows(scores: FloatVector, n: int) -> IntVector:
    """Return the rows of the ``n`` highest scores and of all that equal the last, ascending."""
    if n >= len(scores):
        return np.arange(len(scores))
    floor = np.partition(scores, len(scores) - n)[len(scores) - n]
    return np.flatnonzero(scores >= floor)


def gather(
    segments: Segments,
    query: PreparedQuery,
    plan: SearchPlan,
    allowed: NDArray[np.bool_],
    *,
    taken_off: FloatVector | None,
    wanted: int,
    limit: int,
    ordered: int,
) -> Candidates:
    """Return the documents that look best by their probed centroids.

    If the probed centroids lead to fewer than ``wanted`` documents, more are probed: fewer hits
    than were asked for means that there are no more documents.

    Args:
        segments: Where to look.
        query: The query.
        plan: How many centroids are probed.
        allowed: Shape (n_documents,), bool: which documents may be found.
        taken_off: Shape (n_documents,), float32: what each scores less; None: nothing.
        wanted: How many documents the probed centroids must lead to, at least.
        limit: How many to return, at most.
        ordered: How many of them, the best ones, come first, best first; the others follow.
    """
    assert plan.probes is not None
    table, n_probes = query.table, plan.probes
    while True:
        probed = kernels.probe(table, min(n_probes, len(table)))
        documents, scores, n_found = kernels.gather(
            table,
            probed,
            segments,
            allowed,
            limit,
            taken_off=taken_off,
            ordered=ordered,
            threads=plan.threads,
        )
        if n_found >= wanted or n_probes >= len(table):
            return Candidates(documents, scores)
        n_probes *= _WIDER
