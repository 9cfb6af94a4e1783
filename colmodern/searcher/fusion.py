"""How do two scores of the same documents become one order?

Both forms work on the candidates of one query. A document without a word of the query has a BM25
score of 0 and no place in the order of BM25.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern.request import Fusion
from colmodern.types import FloatVector

RANK_CONSTANT = 60


def fused(late: FloatVector, words: FloatVector, form: Fusion, word_weight: float) -> FloatVector:
    """Return one score for each candidate, higher is better.

    Args:
        late: The late-interaction score of each candidate, shape (n,), float32; minus infinity for
            one without tokens, which late interaction cannot find.
        words: BM25 of each candidate, shape (n,), float32, at least 0.
        form: ``rrf``: reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009);
            ``scores``: a convex combination of normalised scores (Bruch, Gai and Ingber, ACM TOIS
            2023).
        word_weight: How much BM25 counts, 0 to 1; late interaction has the rest.

    Returns:
        Shape (n,), float32.
    """
    parts = _by_rank(late, words) if form is Fusion.RRF else _normalised(late, words)
    result = (1.0 - word_weight) * parts[0] + word_weight * parts[1]
    return result.astype(np.float32)


def _by_rank(late: FloatVector, words: FloatVector) -> tuple[FloatVector, FloatVector]:
    return _reciprocal(late, np.isfinite(late)), _reciprocal(words, words > 0)


def _reciprocal(scores: FloatVector, is_found: NDArray[np.bool_]) -> FloatVector:
    """Return 1 / (60 + rank), 0 where not found; equal scores share the best of their ranks."""
    ranks = np.searchsorted(np.sort(-scores), -scores, side="left") + 1
    return np.where(is_found, 1.0 / (RANK_CONSTANT + ranks), 0.0).astype(np.float32)


def _normalised(late: FloatVector, words: FloatVector) -> tuple[FloatVector, FloatVector]:
    """Put late scores between their least and their greatest, BM25 between 0 and its greatest."""
    found = late[np.isfinite(late)]
    least = float(found.min()) if len(found) else 0.0
    return _between(np.maximum(late, least), least), _between(words, 0.0)


def _between(scores: FloatVector, least: float) -> FloatVector:
    width = float(scores.max(initial=least)) - least
    return (scores - least) / width if width > 0 else np.zeros_like(scores)
