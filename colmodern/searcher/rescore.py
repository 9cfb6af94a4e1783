"""What do candidates score by all their codes?"""

from __future__ import annotations

from colmodern import kernels
from colmodern.searcher.candidates import Candidates
from colmodern.searcher.prepared import PreparedQuery
from colmodern.storage import Segment
from colmodern.types import FloatVector, IntVector


def rescore(
    segments: list[Segment],
    query: PreparedQuery,
    candidates: Candidates,
    *,
    threads: int,
) -> Candidates:
    """Return the candidates with their MaxSim over compressed token vectors, in the same order.

    Args:
        segments: The segments of a snapshot.
        query: The query.
        candidates: What to score.
        threads: How many threads share the work.
    """

    def score(segment: Segment, documents: IntVector) -> FloatVector:
        return kernels.maxsim_codes(
            query.quantised,
            query.table,
            segment.codes,
            segment.token_offsets,
            documents,
            contexts=segment.contexts,
            threads=threads,
        )

    return candidates.scored(segments, score)
