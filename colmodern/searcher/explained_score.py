"""What does a document score in the mode of a search, given what it scores by late interaction?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from colmodern.passages.explanation import Explanation
from colmodern.request import Mode
from colmodern.searcher.fusion import fused_scores
from colmodern.searcher.part import Part
from colmodern.searcher.phrases import HeldPhrases
from colmodern.searcher.plan import QueryPlan
from colmodern.searcher.segment import Found
from colmodern.types import FloatVector, IntVector


def scored_as_hit(
    explanation: Explanation,
    part: Part,
    plan: QueryPlan,
    document: int,
    held: HeldPhrases | None,
) -> Explanation:
    """Return an explanation whose score, with its parts, is that of a hit.

    Args:
        explanation: Its scores are those of late interaction.
        part: All segments of the index.
        plan: The request, in any mode; the query, and how common its words are where they count.
        document: The document's number.
        held: Which documents hold the phrases of the query; None: it has none.
    """
    documents = np.array([document])
    words = _word_scores(part, plan, explanation.query, documents)
    n_held = 0 if held is None else int(held.counts[document])

    def as_hit(late: float) -> Found:
        found = _in_mode(np.array([late], np.float32), words, plan, documents)
        return found if held is None else found.holding(n_held, plan)

    has_tokens = bool(explanation.matches)
    found = as_hit(explanation.score if has_tokens else -np.inf)
    exact = explanation.exact_score
    return replace(
        explanation,
        score=float(found.scores[0]),
        exact_score=None if exact is None else float(as_hit(exact).scores[0]),
        parts={name: float(values[0]) for name, values in found.components.items()},
        mode=str(plan.how.request.mode),
    )


def _word_scores(part: Part, plan: QueryPlan, query: str, documents: IntVector) -> FloatVector:
    """Return the BM25 of documents; zeros where it does not count."""
    if plan.words is None:
        return np.zeros(len(documents), np.float32)
    scores: FloatVector = part.lexicon.scores(part.lexicon.look_up(query), plan.words)[documents]
    return scores


def _in_mode(late: FloatVector, words: FloatVector, plan: QueryPlan, documents: IntVector) -> Found:
    mode = plan.how.request.mode
    if mode is Mode.LATE:
        return Found(documents, late)
    if mode is Mode.BM25:
        return Found(documents, words)
    assert plan.query is not None
    assert plan.words is not None
    total = fused_scores(
        late,
        words,
        n_query=len(plan.query),
        highest_by_words=plan.words.highest_score,
        word_weight=plan.word_weight,
    )
    return Found(documents, total, {"late": late, "bm25": words})
