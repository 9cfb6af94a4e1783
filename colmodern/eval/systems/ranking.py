"""Which k documents come first? By score, then by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def best(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return the positions of the ``k`` highest scores, best first, equal ones by position.

    Args:
        scores: Shape (n,), float32, no NaN.
        k: How many at most.
    """
    if k < len(scores):
        limit = np.partition(scores, len(scores) - k)[len(scores) - k]
        above = np.flatnonzero(scores > limit)
        level = np.flatnonzero(scores == limit)[: k - len(above)]
        kept = np.concatenate([above, level])
    else:
        kept = np.arange(len(scores))
    order = np.lexsort((kept, -scores[kept].astype(np.float64)))
    return kept[order].astype(np.int64)


def ranked(
    ids: Sequence[str], numbers: NDArray[Any], scores: NDArray[Any]
) -> tuple[tuple[str, float], ...]:
    """Return pairs of document id and score."""
    pairs = zip(numbers.tolist(), scores.tolist(), strict=True)
    return tuple((ids[number], score) for number, score in pairs)
