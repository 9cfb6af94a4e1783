"""How are the weights of query tokens fitted? From what every document matches anyway.

The expected match of a token is the mean, over documents, of its best match in each. What has a
high one says little about any document. A token is to count ``(1 - expected match) ** POWER``,
scaled so that tokens count 1 on the mean; a linear function of its vector comes close to that, and
knows tokens that were never seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colmodern.encoder.query_weights import QueryWeights
from colmodern.types import FloatMatrix, FloatVector

POWER = 0.75
_FLOOR = 0.02
_RIDGE = 1e-4  # of the number of tokens
_BLOCK = 4_096  # tokens of documents that are compared at a time


def fit_weights(queries: FloatMatrix, expected: FloatVector, *, strength: float) -> QueryWeights:
    """Return the weights that fit best, by ridge regression.

    Args:
        queries: Token vectors of queries, shape (n, dim), rows of unit length.
        expected: The expected match of each, shape (n,).
        strength: How much of the difference between tokens is kept; 1: all of it.
    """
    amounts = np.maximum(1.0 - expected.astype(np.float64), _FLOOR) ** POWER
    amounts = 1.0 + strength * (amounts / amounts.mean() - 1.0)
    wanted = np.log(np.expm1(amounts))  # what softplus makes the amounts of
    rows = np.concatenate([queries.astype(np.float64), np.ones((len(queries), 1))], axis=1)
    penalty = _RIDGE * len(rows) * np.eye(rows.shape[1])
    penalty[-1, -1] = 0.0
    found = np.linalg.solve(rows.T @ rows + penalty, rows.T @ wanted)
    return QueryWeights(found[:-1].astype(np.float32), found[-1:].astype(np.float32))


def expected_matches(
    queries: FloatMatrix, about: Sequence[int], documents: Sequence[FloatMatrix]
) -> FloatVector:
    """Return the expected match of query tokens in documents but the one they are about.

    Args:
        queries: Token vectors, shape (n, dim).
        about: For each, the number of its document.
        documents: Token vectors of each document.
    """
    sums = np.zeros(len(queries))
    counts = np.zeros(len(queries))
    own = np.asarray(about)
    for number, vectors in enumerate(documents):
        if not len(vectors):
            continue
        best = np.full(len(queries), -np.inf, np.float32)
        for start in range(0, len(vectors), _BLOCK):
            np.maximum(best, (vectors[start : start + _BLOCK] @ queries.T).max(axis=0), out=best)
        others = own != number
        sums += np.where(others, best, 0.0)
        counts += others
    expected: FloatVector = (sums / np.maximum(counts, 1)).astype(np.float32)
    return expected
