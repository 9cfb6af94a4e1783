"""Which documents of some segments are the best, given a plan?

All numbers that need the whole index are in the plan, so parts of an index can be searched by
themselves: their best, merged, are those of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from colmodern.frozen import frozen
from colmodern.passages.of_documents import window_scores
from colmodern.passages.scorer import DocumentScorer
from colmodern.request import Fusion, Mode
from colmodern.searcher.bm25 import FoundWords, best_by_words
from colmodern.searcher.candidates import Candidates, best_rows
from colmodern.searcher.fusion import fused_scores
from colmodern.searcher.late import LEAST_K, compared, scored_late, scores_of_found
from colmodern.searcher.part import Part
from colmodern.searcher.phrases import HeldPhrases
from colmodern.searcher.plan import QueryPlan
from colmodern.searcher.prepared import PreparedQuery
from colmodern.types import FloatVector, IntVector

# How many documents are looked at for their best passages: so many times those wanted.
_WITH_PASSAGES, _LEAST_WITH_PASSAGES = 2, 20

# How many long documents are scored by all of their tokens: so many times those wanted.
_TO_COMPARE = 1.3


@frozen(eq=False)
class Found:
    """Documents of one part that may be among the best of all.

    Attributes:
        documents: Their numbers in the part, int64.
        scores: float32; ranks are fused when all parts are there, and until then these are 0.
        components: What their scores are made of, by name; float32.
    """

    documents: IntVector
    scores: FloatVector
    components: Mapping[str, FloatVector] = field(default_factory=dict)

    def rows(self, rows: IntVector) -> Found:
        """Return some of them."""
        components = {name: scores[rows] for name, scores in self.components.items()}
        return Found(self.documents[rows], self.scores[rows], components)

    def holding(self, n_phrases: int, plan: QueryPlan) -> Found:
        """Return them as documents that hold so many phrases of the query.

        A phrase brings more than two scores can be apart, so that no match makes up for it.
        """
        components = dict(self.components) or {str(plan.how.request.mode): self.scores}
        components["phrases"] = np.full(len(self.documents), n_phrases, np.float32)
        bonus = np.float32(n_phrases * plan.phrase_bonus)
        return Found(self.documents, self.scores + bonus, components)


def joined(parts: Sequence[Found]) -> Found:
    """Return the documents of several, one after the other; at least one, components alike."""
    return Found(
        np.concatenate([one.documents for one in parts]),
        np.concatenate([one.scores for one in parts]),
        {
            name: np.concatenate([one.components[name] for one in parts])
            for name in parts[0].components
        },
    )


def best_of(
    part: Part,
    plan: QueryPlan,
    allowed: NDArray[np.bool_],
    words: FoundWords | None = None,
    phrases: HeldPhrases | None = None,
) -> Found:
    """Return the best documents of a part, those that no other part can replace, in no order.

    All that score as the last of them are among them: ``merge`` decides between equals.

    Documents that hold more of the query's phrases come first: they are searched by themselves,
    then, if there are fewer than ``k``, those that hold fewer.

    Args:
        part: Where to search.
        plan: How, for which query; the numbers in it are of the whole index.
        allowed: Shape (n_documents,), bool: which documents of the part may be found.
        words: Where the query's words are in the part; not needed in mode late.
        phrases: Which documents hold the phrases of the query; None: it has none.
    """
    if phrases is None:
        return _best_of_equals(part, plan, allowed, words)
    tiers: list[Found] = []
    n_found = 0
    for n_held, documents in phrases.tiers(allowed):
        if n_found < plan.how.request.k:
            found = _best_of_equals(part, plan, documents, words, are_held=n_held > 0)
            tiers.append(found.holding(n_held, plan))
            n_found += len(found.documents)
    return joined(tiers)


def _best_of_equals(
    part: Part,
    plan: QueryPlan,
    allowed: NDArray[np.bool_],
    words: FoundWords | None,
    *,
    are_held: bool = False,
) -> Found:
    """Return the best documents of a part, none of which holds more phrases than another.

    A file that is named need not have a word of the query.
    """
    if plan.how.request.mode is Mode.LATE:
        return _by_late_interaction(part, plan, allowed)
    assert words is not None
    assert plan.words is not None
    word_scores = part.lexicon.scores(words, plan.words, threads=plan.how.threads)
    if plan.how.request.mode is Mode.HYBRID:
        return _by_both(part, plan, allowed, word_scores)
    best = best_by_words(word_scores, allowed, plan.how.request.k, without_words=are_held)
    return Found(best.documents, best.scores)


def _by_late_interaction(part: Part, plan: QueryPlan, allowed: NDArray[np.bool_]) -> Found:
    """Return the best documents by the matches of their compressed vectors."""
    scored = scored_late(part, plan, allowed)
    k = plan.how.request.k
    if plan.how.request.passage_weight:
        n = max(_LEAST_WITH_PASSAGES, _WITH_PASSAGES * k)
        return _with_passages(part, plan, compared(part, plan, scored, n).best_and_equals(n))
    n = round(_TO_COMPARE * max(k, LEAST_K))
    best = compared(part, plan, scored, n).best_and_equals(k)
    return Found(best.documents, best.scores)


def _with_passages(part: Part, plan: QueryPlan, best: Candidates) -> Found:
    """Order the best documents by their best passages too, which costs a look at each."""
    how = plan.how
    scorer = scorer_of(part, plan)
    passages = window_scores(scorer, best.documents, part.lengths[best.documents])
    weight = np.float32(how.request.passage_weight)
    total = (1 - weight) * best.scores + weight * passages
    found = Found(best.documents, total, {"document": best.scores, "passage": passages})
    return found.rows(best_rows(total, how.request.k))


def _by_both(
    part: Part, plan: QueryPlan, allowed: NDArray[np.bool_], word_scores: FloatVector
) -> Found:
    """Return the best documents by late interaction and BM25 together.

    The candidates of both are rescored by their codes, so that each has both scores: BM25 brings
    documents that the centroids have missed.
    """
    how = plan.how
    assert plan.query is not None
    assert plan.words is not None
    scored = scored_late(part, plan, allowed)
    n_words = None if how.probes is None else max(how.request.k, how.candidates)
    by_words = best_by_words(word_scores, allowed, n_words)
    if n_words is not None:
        by_words = by_words.best(n_words)
    documents = _either(scored.documents, by_words.documents)
    components = {
        "late": scores_of_found(part, plan, documents, scored),
        "bm25": word_scores[documents],
    }
    if how.request.fusion is Fusion.RRF:
        return Found(documents, np.zeros(len(documents), np.float32), components)
    total = fused_scores(
        components["late"],
        components["bm25"],
        n_query=len(plan.query),
        highest_by_words=plan.words.highest_score,
        word_weight=plan.word_weight,
    )
    return Found(documents, total, components).rows(best_rows(total, how.request.k))


def _either(one: IntVector, other: IntVector) -> IntVector:
    """Return the numbers that are in one of two, ascending.

    ``np.union1d`` imports ``numpy.ma`` when it is first called, which takes longer than a search.
    """
    both = np.sort(np.concatenate([one, other]))
    is_new = np.ones(len(both), np.bool_)
    np.not_equal(both[1:], both[:-1], out=is_new[1:])
    return both[is_new]


def scorer_of(part: Part, plan: QueryPlan) -> DocumentScorer:
    """Return what scores parts of the documents of ``part``."""
    assert plan.query is not None
    return _scorer(part, plan.query, plan)


def chooser_of(part: Part, plan: QueryPlan) -> DocumentScorer:
    """Return what chooses the passages of the documents of ``part``."""
    query = plan.chooser or plan.query
    assert query is not None
    return _scorer(part, query, plan)


def _scorer(part: Part, query: PreparedQuery, plan: QueryPlan) -> DocumentScorer:
    return DocumentScorer(query.quantised, query.table, part.arrays, plan.how.threads)
