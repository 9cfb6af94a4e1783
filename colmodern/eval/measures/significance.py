"""Is a difference between two systems significant? Paired tests on values for each query.

Pure functions of arrays. The same seed gives the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

_EXACT_QUERIES = 16
_CHUNK_NUMBERS = 1 << 20


def randomisation_p(differences: ArrayLike, *, permutations: int = 10_000, seed: int = 0) -> float:
    """Return the two-sided p-value of a paired randomisation test.

    If systems are alike, each query's difference could as well have the other sign: p is the share
    of sign patterns with a mean at least as far from 0. All 2**n patterns are tried for up to 16
    queries that differ; otherwise ``permutations`` random ones, and the one observed. Smucker,
    Allan and Carterette, A Comparison of Statistical Significance Tests for Information Retrieval
    Evaluation, CIKM 2007.

    Args:
        differences: Shape (n,): a value of one system minus that of the other, for every query.
        permutations: How many random patterns.
        seed: Decides them.

    Raises:
        ValueError: There is no difference to test, one is not finite, or ``permutations`` is less
            than 1.
    """
    values = _checked(differences)
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1, got {permutations}.")
    values = values[values != 0]
    if not len(values):
        return 1.0
    # Sums of the same numbers in another order differ in their last bits.
    threshold = abs(values.sum()) - 1e-9 * np.abs(values).sum()
    if len(values) <= _EXACT_QUERIES:
        patterns = np.arange(1 << len(values))
        signs = 1.0 - 2.0 * ((patterns[:, None] >> np.arange(len(values))) & 1)
        return float(np.mean(np.abs(signs @ values) >= threshold))
    rng = np.random.default_rng(seed)
    extreme = 0
    for n_rows in _chunks(permutations, len(values)):
        signs = 1.0 - 2.0 * rng.integers(0, 2, size=(n_rows, len(values)), dtype=np.int8)
        extreme += int(np.count_nonzero(np.abs(signs @ values) >= threshold))
    return (extreme + 1) / (permutations + 1)


def bootstrap_interval(
    differences: ArrayLike, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Return a percentile bootstrap interval of the mean difference.

    Queries are drawn with replacement; the interval holds the middle ``confidence`` of their means.
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Args:
        differences: Shape (n,): a value of one system minus that of the other, for every query.
        confidence: Between 0 and 1.
        resamples: How many samples of queries.
        seed: Decides them.

    Raises:
        ValueError: There is no difference, one is not finite, or an option is out of range.
    """
    values = _checked(differences)
    if not 0 < confidence < 1 or resamples < 1:
        raise ValueError(
            f"confidence must lie between 0 and 1 and resamples be at least 1, got {confidence} "
            f"and {resamples}."
        )
    rng = np.random.default_rng(seed)
    means = np.concatenate(
        [
            values[rng.integers(0, len(values), size=(n_rows, len(values)))].mean(axis=1)
            for n_rows in _chunks(resamples, len(values))
        ]
    )
    tail = 50 * (1 - confidence)
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number, in the order given.

    The smallest is multiplied by n, the next by n - 1 and so on; none becomes smaller than one
    before it, or larger than 1. Holm, A Simple Sequentially Rejective Multiple Test Procedure,
    1979.

    Raises:
        ValueError: A value lies outside 0..1.
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values must lie in 0..1, got {list(p_values)}.")
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, number in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[number]))
        corrected[number] = highest
    return corrected


def _checked(differences: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(
            f"differences must be finite numbers of shape (n,) with n of at least 1, got shape "
            f"{values.shape}."
        )
    return values


def _chunks(n_rows: int, n_columns: int) -> Iterator[int]:
    """Yield numbers of rows that add up to ``n_rows``, each few enough to be in memory at once."""
    most = max(1, _CHUNK_NUMBERS // n_columns)
    while n_rows > 0:
        yield min(most, n_rows)
        n_rows -= most
