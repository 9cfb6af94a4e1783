"""How are centroids arranged so that the nearest one is found without looking at all of them?

In cells, which are the clusters of the centroids. A token is compared with the cells first, then
with the members of the best few. All of it is done in whole numbers, on a grid of 7 bits for tokens
and 8 bits for centroids, so that no instruction set and no number of threads changes an assignment.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.codec.centroids import float_centroids
from colmodern.types import FloatMatrix, FloatVector

N_PROBES = 12
"""How many cells a token looks into; docs/lab/codec.md says what that costs and misses."""

_BRUTE_FORCE = 1024  # fewer centroids are compared with every token
_ITERATIONS = 4
_DEVIATIONS = 3.5  # what a row reaches, in standard deviations of a component of a random direction


def row_step(dim: int) -> float:
    """Return what one means in a row: 63 steps reach 3.5 standard deviations of a component."""
    return _DEVIATIONS / kernels.MAX_ROW / math.sqrt(dim)


def on_grid(centroids: FloatMatrix) -> NDArray[np.int8]:
    """Return centroids on the grid that rows are compared with, int8."""
    step = row_step(centroids.shape[1]) / kernels.GRIDS
    values: NDArray[np.int8] = np.clip(np.rint(centroids / step), -127, 127).astype(np.int8)
    return values


def plan_n_cells(n_centroids: int) -> int:
    """Return how many cells so many centroids should have: the power of two near 4 sqrt(n)."""
    if n_centroids < _BRUTE_FORCE:
        return 1
    return 1 << round(math.log2(4 * math.sqrt(n_centroids)))


def make_cells(centroids: NDArray[np.int8], *, threads: int = 1) -> kernels.Cells:
    """Return cells of centroids.

    Args:
        centroids: Shape (n_centroids, dim), int8 on the grid.
        threads: How many threads to use; the cells do not depend on it.
    """
    n_cells = plan_n_cells(len(centroids))
    if n_cells == 1:
        return one_cell(centroids)
    rows = as_rows(centroids)
    starts = np.arange(n_cells) * len(centroids) // n_cells
    representatives = centroids[starts]
    for _ in range(_ITERATIONS):
        cells, _ = kernels.nearest_in_cells(rows, one_cell(representatives), threads=threads)
        sums, counts = kernels.sum_clusters(rows, cells, n_cells, threads=threads)
        means = on_grid_of_rows(means_of(sums, counts))
        representatives = np.where(counts[:, np.newaxis] > 0, means, representatives)
    cells, _ = kernels.nearest_in_cells(rows, one_cell(representatives), threads=threads)
    return kernels.pack_cells(centroids, cells, representatives, N_PROBES)


def cells_of(centroids: NDArray[np.int8], steps: FloatVector) -> kernels.Cells:
    """Return the cells of a codec's centroids and their steps; those made last are kept.

    A process that makes one small commit after another would spend most of its time on them.
    """
    return _made_last(centroids.tobytes(), steps.tobytes(), centroids.shape[1])


@lru_cache(maxsize=1)
def _made_last(data: bytes, steps: bytes, dim: int) -> kernels.Cells:
    centroids = np.frombuffer(data, np.int8).reshape(-1, dim)
    return make_cells(on_grid(float_centroids(centroids, np.frombuffer(steps, np.float32))))


def one_cell(centroids: NDArray[np.int8]) -> kernels.Cells:
    """Return a single cell, in which every centroid is looked at."""
    return kernels.pack_cells(centroids, np.zeros(len(centroids), np.int64), centroids[:1], 1)


def as_rows(centroids: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return centroids of the grid as rows, to be clustered themselves."""
    values = np.rint(centroids / np.float32(kernels.GRIDS))
    rows: NDArray[np.uint8] = (values + kernels.ROW_OFFSET).astype(np.uint8)
    return np.minimum(rows, kernels.MAX_ROW + kernels.ROW_OFFSET)


def means_of(sums: NDArray[np.int32], counts: NDArray[np.int32]) -> FloatMatrix:
    """Return the mean row of each cluster, in steps of a row; zeros for a cluster without rows."""
    divisors: FloatVector = np.maximum(counts, 1).astype(np.float32)
    means: FloatMatrix = sums.astype(np.float32) / divisors[:, np.newaxis]
    return means


def on_grid_of_rows(means: FloatMatrix) -> NDArray[np.int8]:
    """Return mean rows as centroids on the grid."""
    values: NDArray[np.int8] = np.rint(means * np.float32(kernels.GRIDS)).astype(np.int8)
    return values
