"""How centroids are found."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern import kernels
from colmodern.codec.kmeans import train_centroids


def heaps(n_heaps, n_each, *, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((n_heaps, 16)).astype(np.float32) * 10
    points = np.repeat(centres, n_each, axis=0)
    return centres, points + rng.standard_normal(points.shape).astype(np.float32) * np.float32(0.01)


@pytest.mark.parametrize("seed", range(5))
def test_two_heaps_far_apart_get_a_centroid_each(seed):
    centres, points = heaps(2, 50)
    found = train_centroids(points, 2, seed=seed)
    distances = np.linalg.norm(found[:, np.newaxis] - centres, axis=2)
    assert (distances.min(axis=0) < 0.1).all()


def test_as_many_centroids_as_points_are_the_points():
    _, points = heaps(7, 1)
    found = train_centroids(points, 7, seed=0)
    assert sorted(map(tuple, found)) == sorted(map(tuple, points))


def test_points_that_are_all_the_same_do_no_harm():
    points = np.ones((20, 16), np.float32)
    np.testing.assert_array_equal(train_centroids(points, 5, seed=0), np.ones((5, 16)))


def test_a_cluster_without_points_moves_to_the_farthest_one():
    points = np.zeros((40, 16), np.float32)
    points[:3, 0] = (50, 100, 200)
    found = train_centroids(points, 4, seed=0)
    assert sorted(found[:, 0].tolist()) == [0, 50, 100, 200]


def test_a_seed_and_not_the_number_of_threads_decides():
    _, points = heaps(30, 40)
    first = train_centroids(points, 16, seed=1)
    np.testing.assert_array_equal(first, train_centroids(points, 16, seed=1, threads=3))
    assert not np.array_equal(first, train_centroids(points, 16, seed=2))


@pytest.mark.parametrize("isa", kernels.available_isas()[1:])
def test_every_instruction_set_gives_the_same_centroids(isa):
    _, points = heaps(10, 20)
    with kernels.use_isa("scalar"):
        expected = train_centroids(points, 8, seed=1)
    with kernels.use_isa(isa):
        np.testing.assert_array_equal(train_centroids(points, 8, seed=1), expected)


@pytest.mark.parametrize("n_centroids", [0, 5])
def test_more_centroids_than_points_are_refused(n_centroids):
    with pytest.raises(ValueError, match="n_centroids must lie within 1 to 4"):
        train_centroids(np.zeros((4, 16), np.float32), n_centroids, seed=0)
