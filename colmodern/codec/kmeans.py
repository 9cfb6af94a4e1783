"""Which few vectors stand best for many?

Lloyd's k-means on a bounded sample. The first iterations look at a part of the sample only, since
centroids that are still far off need few points to improve (nested batches: Newling and Fleuret,
2016). Assignment is a kernel that gives the same bits on every machine and for every number of
threads, and means are sums in double precision in row order, so a seed decides the centroids.
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.types import FloatMatrix

logger = logging.getLogger(__name__)

POINTS_A_CENTROID = (8, 16, 32, 64, 64)
"""How many points for each centroid the iterations look at."""


def train_centroids(
    sample: FloatMatrix, n_centroids: int, *, seed: int, threads: int = 1
) -> FloatMatrix:
    """Return centroids of a sample.

    Args:
        sample: Shape (n, dim), float32; beyond 64 rows for each centroid, a random part is used.
        n_centroids: How many; at most one for each row of the sample.
        seed: Decides everything that is random.
        threads: How many threads to use; the result does not depend on it.

    Returns:
        Shape (n_centroids, dim), float32. Cost: O(n_centroids^2 * dim).

    Raises:
        ValueError: There are fewer rows than centroids.
    """
    if not 1 <= n_centroids <= len(sample):
        raise ValueError(f"n_centroids must lie within 1 to {len(sample)}, got {n_centroids}.")
    order = np.random.default_rng(seed).permutation(len(sample))
    points = sample[order[: max(POINTS_A_CENTROID) * n_centroids]]
    centroids = points[:n_centroids].copy()
    for iteration, share in enumerate(POINTS_A_CENTROID):
        batch = points[: share * n_centroids]
        nearest = kernels.nearest_centroids(
            batch, kernels.pack_centroids(centroids), threads=threads
        )
        centroids, n_empty = _means(batch, nearest, centroids)
        logger.debug("k-means iteration %d: %d points, %d empty", iteration, len(batch), n_empty)
    return centroids


def _means(
    points: FloatMatrix, nearest: NDArray[np.uint32], centroids: FloatMatrix
) -> tuple[FloatMatrix, int]:
    """Return the mean of each cluster and the number of clusters that had no point."""
    counts = np.bincount(nearest, minlength=len(centroids))
    means = np.empty_like(centroids)
    for d in range(points.shape[1]):
        sums = np.bincount(nearest, weights=points[:, d], minlength=len(centroids))
        means[:, d] = sums / np.maximum(counts, 1)
    empty = np.flatnonzero(counts == 0)
    means[empty] = points[_farthest(points, centroids[nearest], len(empty))]
    return means, len(empty)


def _farthest(points: FloatMatrix, means: FloatMatrix, n: int) -> NDArray[np.int64]:
    """Return the rows of the ``n`` points that lie farthest from their means, ties in row order."""
    if n == 0:
        return np.zeros(0, np.int64)
    distances = np.square(points - means).sum(axis=1)
    return np.argsort(-distances, kind="stable")[:n]
