"""Which documents match a query by late interaction, and what do they score by their codes?

Room follows need. Documents are looked at in the order in which their probed centroids make them
look good, and scored by their codes in the order of a closer estimate, some at a time, until few
of those left can be expected among the best: an effort says how few. What can be expected is read
off the documents that were scored: by how much they differ from what was promised.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.kernels.scoring import gathered_part, length_part, sharpness_of
from colmodern.request import Scoring
from colmodern.searcher.candidates import Candidates, gather
from colmodern.searcher.part import Part
from colmodern.searcher.plan import QueryPlan, SearchPlan
from colmodern.types import FloatVector, IntVector

LEAST_K = 10
"""As much room as for so many hits is there for fewer: the first five of ten are the five."""

_REACH = 32  # so many times the documents looked at first may be looked at
_GROWTH = 2
_LEAST_STEP, _LEAST_ERRORS = 8, 16


def scores_all(part: Part, how: SearchPlan, allowed: NDArray[np.bool_]) -> bool:
    """Say whether all documents that may be found are scored by all their codes."""
    n_allowed = int(np.count_nonzero(allowed))
    if how.probes is None or n_allowed <= how.whole_documents:
        return True
    if n_allowed > how.whole_tokens:
        return False
    n_tokens = part.n_tokens if n_allowed == part.n_live else part.lengths[allowed].sum()
    return int(n_tokens) <= how.whole_tokens


def scored_late(part: Part, plan: QueryPlan, allowed: NDArray[np.bool_]) -> Candidates:
    """Return the documents that are worth scoring by their codes, with those scores.

    They are the scores of all their tokens; of many long documents, of those with promise.

    Args:
        part: Where to search.
        plan: How, for which query.
        allowed: Shape (n_documents,), bool: which documents of the part may be found.
    """
    how = plan.how
    if scores_all(part, how, allowed):
        documents = (allowed & (part.lengths > 0)).nonzero()[0]
        return Candidates(documents, code_scores(part, plan, documents), by_all_tokens=True)
    how.begin("candidates")
    gathered = _gathered(part, plan, allowed)
    if how.room is None:
        promised = Candidates(gathered.documents, _estimates(part, plan, gathered.documents))
        documents = promised.best(how.candidates).documents
        return Candidates(documents, code_scores(part, plan, documents), by_all_tokens=True)
    return _Rescoring(part, plan, gathered).run()


def compared(part: Part, plan: QueryPlan, scored: Candidates, n: int) -> Candidates:
    """Return the best ``n`` documents by all their tokens, if those are not too many.

    Args:
        part: Where they are.
        plan: How they are scored, for which query.
        scored: Documents from ``scored_late``.
        n: How many are worth it.
    """
    room = plan.how.room
    if room is None or scored.by_all_tokens:
        return scored
    best = scored.best_and_equals(n)
    if part.lengths[best.documents].sum() > room.compared_tokens:
        return scored
    return Candidates(best.documents, code_scores(part, plan, best.documents))


def code_scores(
    part: Part, plan: QueryPlan, documents: IntVector, *, depth: int = 0
) -> FloatVector:
    """Return what documents score by their codes, shape (n,), float32.

    Args:
        part: Where they are.
        plan: How they are scored, for which query.
        documents: Their numbers in the part.
        depth: As for ``kernels.maxsim_codes``; 0 scores all tokens of each.
    """
    query, how = plan.query, plan.how
    assert query is not None
    how.begin("rescore")
    scores = kernels.maxsim_codes(
        query.quantised,
        query.table,
        part.arrays,
        documents,
        sharpness=sharpness_of(how.scoring),
        expected=plan.expected,
        depth=depth,
        threads=how.threads,
    )
    return _corrected(part, scores, documents, how.scoring, n_query=len(query))


def scores_of_found(
    part: Part, plan: QueryPlan, documents: IntVector, known: Candidates | None = None
) -> FloatVector:
    """Return what documents score, which not only late interaction has found.

    By all their tokens; if those are too many, by those with promise.

    Args:
        part: Where they are.
        plan: How they are scored, for which query.
        documents: Their numbers in the part.
        known: Scores that some of them have already; taken if they are by all tokens.
    """
    if known is not None and known.by_all_tokens and len(known):
        order = known.documents.argsort()
        places = order[np.minimum(known.documents[order].searchsorted(documents), len(known) - 1)]
        scores: FloatVector = known.scores[places]
        others = np.flatnonzero(known.documents[places] != documents)
        if len(others):
            scores[others] = scores_of_found(part, plan, documents[others])
        return scores
    room = plan.how.room
    if room is None or part.lengths[documents].sum() <= room.compared_tokens:
        return code_scores(part, plan, documents)
    return code_scores(part, plan, documents, depth=room.depth)


class _Rescoring:
    """Scores gathered documents by their codes until enough of them are."""

    def __init__(self, part: Part, plan: QueryPlan, gathered: Candidates) -> None:
        """Start with none looked at."""
        assert plan.how.room is not None
        self._part, self._plan, self._gathered = part, plan, gathered
        self._room = plan.how.room
        self._k = max(plan.how.request.k, LEAST_K)
        n = len(gathered)
        self._promised = np.full(n, -np.inf, np.float32)  # by the closer estimate
        self._found = np.full(n, -np.inf, np.float32)  # by codes
        self._scored = np.zeros(0, np.int64)  # which are, in that order
        self._is_scored = np.zeros(n, np.bool_)

    def run(self) -> Candidates:
        """Score documents; return those that were, with their scores."""
        end, n = 0, len(self._gathered)
        while end < n:
            begin, end = end, min(n, max(_GROWTH * end, self._plan.how.gathered))
            if begin == self._plan.how.gathered:  # the others come in no order
                self._gathered = self._gathered.in_order(begin)
            documents = self._gathered.documents[begin:end]
            self._promised[begin:end] = _estimates(self._part, self._plan, documents)
            self._score(end)
            if end < n and self._misses_few_beyond(end):
                break
        documents = self._gathered.documents[self._scored]
        return Candidates(documents, self._scores, by_all_tokens=not self._room.depth)

    @property
    def _scores(self) -> FloatVector:
        """What the documents scored so far have, in their order."""
        return self._found[self._scored]

    def _score(self, end: int) -> None:
        """Score documents of the first ``end`` until few of the others can be among the best."""
        if self._room.depth and self._room.first_depth == self._room.depth:
            self._found[:end] = self._promised[:end]
            self._scored = np.arange(end)
            return
        order = np.lexsort((np.arange(end), -self._promised[:end]))
        order = order[~self._is_scored[order]]
        step = max(self._plan.how.candidates - len(self._scored), _LEAST_STEP)
        while len(order) and not self._misses_few(order):
            rows, order = order[:step], order[step:]
            documents = self._gathered.documents[rows]
            self._found[rows] = code_scores(
                self._part, self._plan, documents, depth=self._room.depth
            )
            self._scored = np.concatenate([self._scored, rows])
            self._is_scored[rows] = True
            step = max(len(self._scored) // 4, _LEAST_STEP)

    def _misses_few(self, rest: IntVector) -> bool:
        """Say whether few documents that were looked at, but not scored, belong to the best."""
        floor = self._floor()
        if floor is None:
            return False
        last = self._scored[np.argsort(self._promised[self._scored], kind="stable")]
        last = last[: max(len(last) // 2, _LEAST_ERRORS)]
        errors = self._widened(self._found[last] - self._promised[last])
        return expected_beyond(floor, self._promised[rest], errors) <= self._may_miss

    def _misses_few_beyond(self, end: int) -> bool:
        """Say whether few documents that were not looked at belong to the best."""
        floor = self._floor()
        if floor is None:
            return False
        gathered = self._gathered.scores
        errors = self._widened(self._promised[end // 2 : end] - gathered[end // 2 : end])
        bias = _median(self._scores - self._promised[self._scored])
        return expected_beyond(floor - bias, gathered[end:], errors) <= self._may_miss

    def _widened(self, errors: FloatVector) -> FloatVector:
        """Return errors that lie farther from their median.

        None of a few hundred is as rare as one that lets in a document of ten thousand; and the
        fewer hits, the more such a document counts.
        """
        middle = _median(errors)
        wider: FloatVector = middle + (errors - middle) * np.float32(
            1 + self._room.widened / self._k
        )
        return wider

    @property
    def _may_miss(self) -> float:
        return self._room.missed * self._k

    def _floor(self) -> np.float32 | None:
        """Return the score of the worst of the best ``k`` so far; None: there are not as many."""
        n = len(self._scored)
        if n < self._k:
            return None
        worst: np.float32 = np.partition(self._scores, n - self._k)[n - self._k]
        return worst


def _median(values: FloatVector) -> np.float32:
    """Return the median of a few values, at least one; ``np.median`` takes nine times as long."""
    in_order, n = np.sort(values), len(values)
    middle: np.float32 = (in_order[(n - 1) // 2] + in_order[n // 2]) / np.float32(2)
    return middle


def expected_beyond(floor: np.float32, promised: FloatVector, errors: FloatVector) -> float:
    """Return how many documents can be expected to reach a floor.

    Each is taken to differ from what it promises as any of those did that were scored. Counts and
    comparisons alone decide, so that every machine says the same.

    Args:
        floor: What they have to score.
        promised: What they promise, shape (n,), float32.
        errors: By how much others differed, shape (m,), float32, at least one.
    """
    in_order = np.sort(errors)
    n_below = np.searchsorted(in_order, floor - promised)
    return float((len(in_order) - n_below).sum() / len(in_order))


def _gathered(part: Part, plan: QueryPlan, allowed: NDArray[np.bool_]) -> Candidates:
    """Return the documents that look best by their probed centroids.

    Of a filter that keeps few documents, the probed centroids may hold none of the best: so many
    are probed that they lead to as many documents as are to be gathered. Where no more may be found
    than are looked at first, none needs to be probed.
    """
    assert plan.query is not None
    how = plan.how
    n_allowed = int(np.count_nonzero(allowed))
    if n_allowed <= how.gathered:
        documents = (allowed & (part.lengths > 0)).nonzero()[0]
        return Candidates(documents, np.zeros(len(documents), np.float32))
    wanted = how.gathered if n_allowed < part.n_live else how.request.k
    limit = how.gathered if how.room is None else how.gathered * _REACH
    taken_off = None
    if how.scoring is Scoring.CORRECTED:
        taken_off = gathered_part(part.log_lengths, n_query=len(plan.query))
    return gather(
        part.arrays,
        plan.query,
        how,
        allowed,
        taken_off=taken_off,
        wanted=wanted,
        limit=limit,
        ordered=how.gathered,
    )


def _estimates(part: Part, plan: QueryPlan, documents: IntVector) -> FloatVector:
    """Return about what documents score: by their centroids, or long ones by few tokens."""
    query, how = plan.query, plan.how
    assert query is not None
    if how.room is not None and how.room.first_depth:
        return code_scores(part, plan, documents, depth=how.room.first_depth)
    scores = kernels.smooth_maxsim(
        query.table, part.arrays, documents, query=query.quantised, threads=how.threads
    )
    return _corrected(part, scores, documents, how.scoring, n_query=len(query))


def _corrected(
    part: Part, scores: FloatVector, documents: IntVector, scoring: Scoring, *, n_query: int
) -> FloatVector:
    """Return scores less what the lengths of documents bring; only the corrected score does so.

    Raises:
        IndexCorruptError: A score is not finite, so that a number in the index is none.
    """
    for document in documents[~np.isfinite(scores)][:1]:
        segment, position = part.place_of(int(document))
        raise segment.not_finite(position)
    if scoring is not Scoring.CORRECTED:
        return scores
    return scores - length_part(part.lengths[documents], n_query=n_query)
