"""What do candidates score by all their codes?"""

from __future__ import annotations

from colmodern import kernels
from colmodern.request import Scoring
from colmodern.searcher.candidates import Candidates
from colmodern.searcher.prepared import PreparedQuery
from colmodern.searcher.scoring import correct, sharpness_of
from colmodern.storage import Segment
from colmodern.types import FloatVector, IntVector


def rescore(
    segments: list[Segment],
    query: PreparedQuery,
    candidates: Candidates,
    *,
    scoring: Scoring,
    threads: int,
) -> Candidates:
    """Return the candidates scored by their compressed token vectors, in the same order.

    Args:
        segments: The segments of a snapshot.
        query: The query.
        candidates: What to score.
        scoring: How matches make a score.
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
            sharpness=sharpness_of(scoring),
            threads=threads,
        )

    scored = candidates.scored(segments, score)
    return correct(segments, scored, scoring, n_query=len(query.quantised))
