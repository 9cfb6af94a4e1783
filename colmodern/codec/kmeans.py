"""Which few rows stand best for many?

Lloyd's k-means on a bounded sample. The first iterations look at a part of the sample only, since
centroids that are still far off need few points to improve (nested batches: Newling and Fleuret,
2016). Assignment is the two-level search of ``cells.py``, whose cells are made anew every time.
Rows are whole numbers, and so are their sums: a seed decides the centroids, whatever the machine
and the number of threads.
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.codec.cells import make_cells, means_of, on_grid_of_rows
from colmodern.types import FloatMatrix

logger = logging.getLogger(__name__)

ROWS_A_CENTROID = (8, 16, 32, 64, 64, 64)
"""How many rows for each centroid the iterations look at."""

_BLOCK_ROWS = 512


def train_centroids(
    rows: NDArray[np.uint8], n_centroids: int, *, seed: int, threads: int = 1
) -> FloatMatrix:
    """Return centroids of rows.

    Args:
        rows: Shape (n, dim), uint8, from ``kernels.round_vectors``; beyond 64 for each centroid, a
            random part is used.
        n_centroids: How many; at most one for each row.
        seed: Decides everything that is random.
        threads: How many threads to use; the result does not depend on it.

    Returns:
        Shape (n_centroids, dim), float32, in steps of a row. Centroids of a cell follow each other.

    Raises:
        ValueError: There are fewer rows than centroids.
    """
    if not 1 <= n_centroids <= len(rows):
        raise ValueError(f"n_centroids must lie within 1 to {len(rows)}, got {n_centroids}.")
    order = np.random.default_rng(seed).permutation(len(rows))
    points = rows[order[: max(ROWS_A_CENTROID) * n_centroids]]
    centroids = points[:n_centroids].astype(np.float32) - np.float32(kernels.ROW_OFFSET)
    for iteration, share in enumerate(ROWS_A_CENTROID):
        batch = points[: share * n_centroids]
        cells = make_cells(on_grid_of_rows(centroids), threads=threads)
        nearest, scores = kernels.nearest_in_cells(batch, cells, threads=threads)
        sums, counts = kernels.sum_clusters(batch, nearest, n_centroids, threads=threads)
        centroids = means_of(sums, counts)
        empty = np.flatnonzero(counts == 0)
        if len(empty):
            farthest = batch[_farthest(batch, scores, len(empty))]
            centroids[empty] = farthest.astype(np.float32) - np.float32(kernels.ROW_OFFSET)
        logger.debug("k-means iteration %d: %d rows, %d empty", iteration, len(batch), len(empty))
    return centroids[make_cells(on_grid_of_rows(centroids), threads=threads).numbers]


def _farthest(rows: NDArray[np.uint8], scores: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """Return which ``n`` rows lie farthest from their centroids, ties in row order."""
    squares = np.empty(len(rows), np.int64)
    for start in range(0, len(rows), _BLOCK_ROWS):  # so that a block stays in the cache
        block = slice(start, start + _BLOCK_ROWS)
        values = rows[block].astype(np.int16)
        values -= kernels.ROW_OFFSET
        squares[block] = np.einsum("ij,ij->i", values, values, dtype=np.int32)
    # A score is the product less half a squared length, in steps of which two make one of a row.
    return np.argsort(scores - squares, kind="stable")[:n]
