"""In which order do documents answer a query? Late interaction, BM25, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from colmodern.searcher.bm25 import best_by_words
from colmodern.searcher.candidates import Candidates, everything, gather, score_by_centroids
from colmodern.searcher.fusion import fused
from colmodern.searcher.passages import window_score
from colmodern.searcher.plan import SearchPlan
from colmodern.searcher.prepared import Meeting, PreparedQuery
from colmodern.searcher.rescore import rescore
from colmodern.searcher.scoring import correct
from colmodern.storage import Segment
from colmodern.types import FloatVector

# How many documents are looked at for their best passages: so many times those wanted.
_WITH_PASSAGES, _LEAST_WITH_PASSAGES = 2, 20


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Candidates, best first.

    Attributes:
        candidates: The best ``k``.
        parts: What their scores were made of, by name; each shape (k,), float32.
    """

    candidates: Candidates
    parts: Mapping[str, FloatVector] = field(default_factory=dict)


def by_late_interaction(
    segments: list[Segment],
    query: PreparedQuery,
    params: SearchPlan,
    allowed: Sequence[NDArray[np.bool_]],
) -> Ranked:
    """Return the best documents by the matches of their compressed vectors."""
    candidates = late_candidates(segments, query, params, allowed)
    scored = rescore(segments, query, candidates, scoring=params.scoring, threads=params.threads)
    if params.passage_weight:
        return _with_passages(segments, query, scored, params)
    return Ranked(scored.best(params.k))


def _with_passages(
    segments: list[Segment], query: PreparedQuery, scored: Candidates, params: SearchPlan
) -> Ranked:
    """Order the best documents by their best passages too, which costs a look at each."""
    best = scored.best(max(_LEAST_WITH_PASSAGES, _WITH_PASSAGES * params.k))
    passages = np.array(
        [
            _passage_score(query, segments[segment], document)
            for segment, document in zip(
                best.segments.tolist(), best.documents.tolist(), strict=True
            )
        ],
        np.float32,
    )
    weight = np.float32(params.passage_weight)
    total = (1 - weight) * best.scores + weight * passages
    order = Candidates(best.segments, best.documents, total).order()[: params.k]
    kept = Candidates(best.segments[order], best.documents[order], total[order])
    return Ranked(kept, {"document": best.scores[order], "passage": passages[order]})


def _passage_score(query: PreparedQuery, segment: Segment, document: int) -> float:
    start, end = segment.token_offsets[document : document + 2].tolist()
    return window_score(Meeting(query, segment, document).maxima, end - start)


def by_words(
    scores: Sequence[FloatVector], params: SearchPlan, allowed: Sequence[NDArray[np.bool_]]
) -> Ranked:
    """Return the best documents by BM25; those without a word of the query are no hits."""
    return Ranked(best_by_words(scores, allowed, params.k))


def by_both(
    segments: list[Segment],
    query: PreparedQuery,
    scores: Sequence[FloatVector],
    params: SearchPlan,
    allowed: Sequence[NDArray[np.bool_]],
) -> Ranked:
    """Return the best documents by late interaction and BM25 together.

    The candidates of both are rescored by their codes, so that each has both scores: BM25 brings
    documents that the centroids have missed.

    Args:
        segments: The segments of a snapshot.
        query: The query.
        scores: BM25 of every document, for each segment.
        params: How to search.
        allowed: For every segment, which of its documents may be found.
    """
    late = late_candidates(segments, query, params, allowed)
    words = best_by_words(scores, allowed, max(params.k, params.candidates))
    both = rescore(
        segments, query, _union(late, words), scoring=params.scoring, threads=params.threads
    )
    of_words = _looked_up(both, scores)
    total = fused(both.scores, of_words, params.fusion, params.word_weight)
    order = Candidates(both.segments, both.documents, total).order()[: params.k]
    best = Candidates(both.segments[order], both.documents[order], total[order])
    return Ranked(best, {"late": both.scores[order], "bm25": of_words[order]})


def late_candidates(
    segments: list[Segment],
    query: PreparedQuery,
    params: SearchPlan,
    allowed: Sequence[NDArray[np.bool_]],
) -> Candidates:
    """Return the documents that are worth rescoring; all of them where that is no more work.

    Of a filter that keeps few documents, the probed centroids may hold none of the best: so many
    are probed that they lead to as many documents as are to be gathered.
    """
    masks = list(allowed)
    n_allowed = sum(int(mask.sum()) for mask in masks)
    if params.probes is None or n_allowed <= params.gathered:
        return everything(segments, masks)
    is_filtered = n_allowed < sum(int(segment.alive.sum()) for segment in segments)
    wanted = params.gathered if is_filtered else params.k
    gathered = gather(segments, query, params, masks, wanted=wanted)
    scored = score_by_centroids(segments, query, gathered, threads=params.threads)
    scored = correct(segments, scored, params.scoring, n_query=len(query.quantised))
    return scored.best(params.candidates)


def _union(one: Candidates, other: Candidates) -> Candidates:
    """Return the documents of both, each once, in index order, unscored."""
    pairs = np.stack(
        [
            np.concatenate([one.segments, other.segments]),
            np.concatenate([one.documents, other.documents]),
        ]
    )
    segments, documents = np.unique(pairs, axis=1)
    return Candidates(segments, documents, np.zeros(len(documents), np.float32))


def _looked_up(candidates: Candidates, scores: Sequence[FloatVector]) -> FloatVector:
    found = np.zeros(len(candidates), np.float32)
    for number, of_segment in enumerate(scores):
        here = candidates.segments == number
        found[here] = of_segment[candidates.documents[here]]
    return found
