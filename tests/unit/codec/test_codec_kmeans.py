"""How centroids are found, and how the nearest is."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern import kernels
from colmodern.codec.cells import make_cells, on_grid_of_rows, one_cell, plan_n_cells
from colmodern.codec.kmeans import train_centroids


def heaps(n_heaps, n_each, *, dim=16, spread=1, seed=0):
    """Rows around centres, off by a few steps."""
    rng = np.random.default_rng(seed)
    centres = rng.integers(-60, 61, (n_heaps, dim))
    rows = np.repeat(centres, n_each, axis=0)
    rows = np.clip(rows + rng.integers(-spread, spread + 1, rows.shape), -63, 63)
    return centres, (rows + 64).astype(np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_two_heaps_far_apart_get_a_centroid_each(seed):
    centres, rows = heaps(2, 50)
    found = train_centroids(rows, 2, seed=seed)
    distances = np.abs(found[:, np.newaxis] - centres).max(axis=2)
    assert (distances.min(axis=0) <= 1).all()


def test_as_many_centroids_as_rows_are_the_rows():
    _, rows = heaps(7, 1)
    found = train_centroids(rows, 7, seed=0)
    assert sorted(found.tolist()) == sorted((rows.astype(float) - 64).tolist())


def test_rows_that_are_all_the_same_do_no_harm():
    rows = np.full((20, 16), 65, np.uint8)
    np.testing.assert_array_equal(train_centroids(rows, 5, seed=0), np.ones((5, 16)))


def test_a_cluster_without_rows_moves_to_the_farthest_one():
    rows = np.full((40, 16), 64, np.uint8)
    rows[:3, 0] = (79, 94, 124)
    found = train_centroids(rows, 4, seed=0)
    assert sorted(found[:, 0].tolist()) == [0, 15, 30, 60]


def test_a_seed_and_not_the_number_of_threads_decides():
    _, rows = heaps(300, 60)
    first = train_centroids(rows, 1100, seed=1)
    np.testing.assert_array_equal(first, train_centroids(rows, 1100, seed=1, threads=3))
    assert not np.array_equal(first, train_centroids(rows, 1100, seed=2))


@pytest.mark.parametrize("isa", kernels.available_isas()[1:])
def test_every_instruction_set_gives_the_same_centroids(isa):
    _, rows = heaps(300, 20)
    with kernels.use_isa("scalar"):
        expected = train_centroids(rows, 1100, seed=1)
    with kernels.use_isa(isa):
        np.testing.assert_array_equal(train_centroids(rows, 1100, seed=1), expected)


@pytest.mark.parametrize("n_centroids", [0, 5])
def test_more_centroids_than_rows_are_refused(n_centroids):
    with pytest.raises(ValueError, match="n_centroids must lie within 1 to 4"):
        train_centroids(np.zeros((4, 16), np.uint8), n_centroids, seed=0)


def test_centroids_of_a_cell_follow_each_other():
    _, rows = heaps(400, 40, dim=32, spread=20)
    grid = on_grid_of_rows(train_centroids(rows, 2048, seed=1))
    neighbours = np.linalg.norm(np.diff(grid.astype(float), axis=0), axis=1).mean()
    shuffled = np.random.default_rng(0).permutation(grid).astype(float)
    assert neighbours < 0.8 * np.linalg.norm(np.diff(shuffled, axis=0), axis=1).mean()


def squared_error(rows, grid, nearest):
    return np.square(rows.astype(float) - 64 - grid[nearest] / 2).sum(axis=1).mean()


@pytest.mark.parametrize("n_centroids", [1024, 4096])
def test_few_cells_find_nearly_the_best_centroid(n_centroids):
    _, rows = heaps(500, 40, dim=32, spread=25)
    grid = on_grid_of_rows(train_centroids(rows, n_centroids, seed=1))
    found, scores = kernels.nearest_in_cells(rows, make_cells(grid))
    best, best_scores = kernels.nearest_in_cells(rows, one_cell(grid))
    assert (scores <= best_scores).all()
    assert (scores == best_scores).mean() > 0.95
    assert squared_error(rows, grid, found) < 1.01 * squared_error(rows, grid, best)


@pytest.mark.parametrize(
    ("n_centroids", "n_cells"), [(1, 1), (1023, 1), (1024, 128), (4096, 256), (65536, 1024)]
)
def test_cells_grow_with_the_root_of_the_centroids(n_centroids, n_cells):
    assert plan_n_cells(n_centroids) == n_cells
