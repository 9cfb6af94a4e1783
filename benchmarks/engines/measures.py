"""From times and hits to figures, and which point of a grid is the one to show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAREST = "nearest to .95"


@dataclass(frozen=True, slots=True)
class Operating:
    """A point of an engine with what was measured there.

    Attributes:
        point: The search options.
        recall: Recall@10.
        median_ms: Milliseconds a query.
    """

    point: dict[str, Any]
    recall: float
    median_ms: float


def recall(hits: Sequence[Sequence[int]], truth: NDArray[np.float32], k: int) -> float:
    """Return the mean share of the best ``k`` documents that were found.

    A document that scores as much as the ``k``-th best counts as one of them, so ties cost nothing.

    Args:
        hits: For each of the first queries the documents found, best first.
        truth: The exact scores, shape (n_queries, n_documents), float32.
        k: How deep; documents beyond the ``k`` first hits do not count.
    """
    k = min(k, truth.shape[1])
    shares = []
    for found, scores in zip(hits, truth[: len(hits)], strict=True):
        worst = np.partition(scores, -k)[-k]
        shares.append(np.count_nonzero(scores[list(dict.fromkeys(found[:k]))] >= worst) / k)
    return float(np.mean(shares))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not below ``share`` of all values."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def nearest(points: Sequence[Operating], target: float) -> Operating:
    """Return the point whose recall is nearest to ``target``; of equals the fastest."""
    return min(points, key=lambda one: (round(abs(one.recall - target), 4), one.median_ms))


def fastest(points: Sequence[Operating], floor: float) -> Operating | None:
    """Return the fastest point with a recall of at least ``floor``, if there is one."""
    return min(
        (one for one in points if one.recall >= floor), key=lambda one: one.median_ms, default=None
    )


def chosen_points(points: Sequence[Operating]) -> dict[str, dict[str, Any]]:
    """Return the points of a grid that are measured in full, by what they stand for."""
    near, quick = nearest(points, 0.95).point, fastest(points, 0.90)
    if quick is None:
        name, point = "highest recall", max(points, key=lambda one: one.recall).point
    else:
        name, point = "fastest over .90", quick.point
    if point == near:
        return {f"{NEAREST}, {name}": near}
    return {NEAREST: near, name: point}
