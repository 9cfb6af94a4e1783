"""Why this passage and not another? What each part of the choice brings, and which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from colmodern.passages.asked import DocumentText, PassageQuery
from colmodern.passages.choice import NEAR_LOSS, Doubles, windows_of
from colmodern.passages.of_documents import consider, passages_of
from colmodern.passages.passage import Passage
from colmodern.passages.pieces import pieces_of
from colmodern.passages.scorer import DocumentScorer
from colmodern.passages.words import word_runs
from colmodern.types import FloatVector, IntVector, Spans

_LEAST_SHARE = 0.05  # a word that says less is not named


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a passage was chosen, in standard deviations over the windows of its document.

    Attributes:
        behind: How much less it scores than the best passage; 0 for that one.
        matches: What the sum of its matches brings.
        words: What the query's words in it bring.
        around: What the text around it brings.
        near: What it loses near better passages, 0 or less.
        terms: Words of the query, each with its share of what stands out here: how much better its
            best match in the passage is than it is in the document's windows on the mean. The
            greatest comes first.
    """

    behind: float
    matches: float
    words: float
    around: float
    near: float
    terms: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {
            "behind": round(self.behind, 4),
            "matches": round(self.matches, 4),
            "words": round(self.words, 4),
            "around": round(self.around, 4),
            "near": round(self.near, 4),
            "terms": [[word, round(share, 4)] for word, share in self.terms],
        }


@dataclass(frozen=True, slots=True, eq=False)
class ReasonedPassages:
    """Passages of one document, best first, and why.

    Attributes:
        passages: The passages.
        reasons: Why, for each.
        weights: Shape (n_query_tokens,), float32: how much the best match of each query token
            stands out from its matches in the document, the greatest being 1.
    """

    passages: Sequence[Passage]
    reasons: Sequence[Reasons]
    weights: FloatVector


def reasoned_passages(
    query: PassageQuery,
    text: str,
    spans: Spans,
    scorer: DocumentScorer,
    chooser: DocumentScorer,
    document: int,
    source: DocumentText,
    n: int,
) -> ReasonedPassages:
    """Return the ``n`` best passages of a document, as ``vector_passages`` does, with reasons.

    Args:
        query: The query's words.
        text: The query's text.
        spans: Shape (n_query_tokens, 2), int32: the characters of its tokens.
        scorer: Scores the document's tokens, for what is shown.
        chooser: Scores them for the choice.
        document: The document's number.
        source: Its text.
        n: How many passages at most.
    """
    if not len(scorer.query):
        return ReasonedPassages((), (), np.zeros(0, np.float32))
    numbers = np.array([document])
    found = consider(query, chooser, numbers, [source], n)
    (passages,) = passages_of(query, found, scorer, numbers, [source])
    weights = np.zeros(len(spans), np.float32)
    if not passages:
        return ReasonedPassages((), (), weights)
    windows = windows_of(
        pieces_of(found.found.pieces),
        found.maxima,
        found.found.counts,
        query.idf,
        len(found.spans[0]),
    )
    mean = found.maxima.mean(axis=0, dtype=np.float64)
    standing = np.maximum(found.maxima.max(axis=0) - mean, 0.0)
    weights = (standing / (standing.max() or 1.0)).astype(np.float32)
    reasons = []
    chosen = found.chosen.windows[0, : len(passages)]
    for number, (first, last) in enumerate(chosen.tolist()):
        gains = np.maximum(found.maxima[first:last].max(axis=0) - mean, 0.0)
        matches, words, around = windows.parts[first].tolist()
        behind = float(found.chosen.scores[0, 0] - found.chosen.scores[0, number])
        near = 0.0 - NEAR_LOSS * float(windows.are_near(first)[chosen[:number, 0]].sum())
        terms = _terms(gains, text, spans)
        reasons.append(Reasons(behind, matches, words, around, near, terms))
    return ReasonedPassages(passages, tuple(reasons), weights)


def _terms(gains: Doubles, text: str, spans: Spans) -> tuple[tuple[str, float], ...]:
    """Return the words of a query with their shares; tokens in no word have none."""
    runs = word_runs(text)
    number = _words_of_tokens(runs, spans)
    total = float(gains[number >= 0].sum()) or 1.0
    shares: dict[str, float] = {}
    for i in np.flatnonzero(number >= 0).tolist():
        word = runs[number[i]][0]
        shares[word] = shares.get(word, 0.0) + float(gains[i]) / total
    told = [(word, share) for word, share in shares.items() if share >= _LEAST_SHARE]
    return tuple(sorted(told, key=lambda one: -one[1]))


def _words_of_tokens(runs: Sequence[tuple[str, int, int]], spans: Spans) -> IntVector:
    """Return the number of the word that each token begins in, -1 for none."""
    starts = np.array([start for _, start, _ in runs], np.int64)
    ends = np.array([end for _, _, end in runs], np.int64)
    found = starts.searchsorted(spans[:, 0], "right") - 1
    inside = (found >= 0) & (spans[:, 1] > spans[:, 0])
    inside[inside] = spans[inside, 0] < ends[found[inside]]
    numbers: IntVector = np.where(inside, found, -1).astype(np.int64)
    return numbers
