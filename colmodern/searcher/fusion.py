"""How do two scores of the same document become one?

A document without a word of the query has a BM25 score of 0 and no place in the order of BM25.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern.types import FloatVector

RANK_CONSTANT = 60

LEAST_WORD_WEIGHT, MOST_WORD_WEIGHT, TOKENS_OF_ALL_WEIGHT = 0.1, 0.25, 64
WORD_WEIGHT_OF_RANKS = 0.05
"""How much BM25 counts if nobody says so; docs/decisions/0011-fusion.md has the measurement."""


def word_weight_of(n_query: int, *, are_long: bool) -> float:
    """Return how much BM25 counts beside the late score of a query of so many tokens.

    The longer a query, the less the means of its matches differ between documents, and the more its
    words say together. Long documents have a fair match for every query token, so words count as
    much as they ever do.

    Args:
        n_query: How many tokens the query has.
        are_long: Whether the documents of the index are long.
    """
    if are_long:
        return MOST_WORD_WEIGHT
    return min(MOST_WORD_WEIGHT, max(LEAST_WORD_WEIGHT, n_query / TOKENS_OF_ALL_WEIGHT))


def fused_scores(
    late: FloatVector,
    words: FloatVector,
    *,
    n_query: int,
    highest_by_words: float,
    word_weight: float,
) -> FloatVector:
    """Return a convex combination of normalised scores (Bruch, Gai and Ingber, ACM TOIS 2023).

    A late score is divided by the number of query tokens, each of which brings at most 1, and BM25
    by the idf of the query's words, of which each brings less than its own: neither bound depends
    on what else was found, nor on how much is wanted.

    Args:
        late: Late-interaction scores, shape (n,), float32; minus infinity for a document without
            tokens, which late interaction cannot find: words alone count for it.
        words: BM25, shape (n,), float32, at least 0.
        n_query: How many tokens the query has.
        highest_by_words: What no document's BM25 reaches.
        word_weight: How much BM25 counts, 0 to 1; late interaction has the rest.

    Returns:
        Shape (n,), float32.
    """
    by_tokens = np.where(np.isfinite(late), late, 0.0).astype(np.float64) / max(1, n_query)
    by_words = words.astype(np.float64) / highest_by_words if highest_by_words > 0 else 0.0
    result = (1.0 - word_weight) * by_tokens + word_weight * by_words
    return result.astype(np.float32)


def fused_ranks(late: FloatVector, words: FloatVector, word_weight: float) -> FloatVector:
    """Return reciprocal ranks, added up (RRF: Cormack, Clarke and Buettcher, SIGIR 2009).

    Args:
        late: As for ``fused_scores``, of all candidates.
        words: As for ``fused_scores``.
        word_weight: How much BM25 counts, 0 to 1; late interaction has the rest.

    Returns:
        Shape (n,), float32.
    """
    parts = _reciprocal(late, np.isfinite(late)), _reciprocal(words, words > 0)
    result = (1.0 - word_weight) * parts[0] + word_weight * parts[1]
    return result.astype(np.float32)


def _reciprocal(scores: FloatVector, is_found: NDArray[np.bool_]) -> FloatVector:
    """Return 1 / (60 + rank), 0 where not found; equal scores share the best of their ranks."""
    ranks = np.searchsorted(np.sort(-scores), -scores, side="left") + 1
    return np.where(is_found, 1.0 / (RANK_CONSTANT + ranks), 0.0).astype(np.float32)
