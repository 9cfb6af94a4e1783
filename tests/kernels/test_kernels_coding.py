"""Kernels of building: every instruction set against the definition, and each other bit for bit."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from colmodern import kernels
from colmodern.kernels import Codebook, reference

NATIVE = kernels.available_isas()[1:]
DIMS = (16, 32, 48, 96, 128, 384, 768)
RUN_DIMS = (16, 32, 48, 64, 80, 96, 112, 128, 144, 256, 768)  # runs of 2, 4 and 8 bytes
LONGEST = 4096.0


def on_each_isa(call):
    results = []
    for isa in NATIVE:
        with kernels.use_isa(isa):
            results.append(call())
    return results


def assert_all_equal(results):
    for result in results[1:]:
        for found, expected in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(found, expected)


class Problem:
    """Unit vectors, a rotation, and centroids near the vectors, in cells."""

    def __init__(self, seed, *, dim, n, n_centroids=37, n_cells=1, n_probes=1, bits=2):
        self.rng = rng = np.random.default_rng(seed)
        vectors = rng.standard_normal((n, dim))
        self.vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        rotation = np.linalg.qr(rng.standard_normal((dim, dim)))[0].astype(np.float32)
        step = 3.5 / 63 / np.sqrt(dim)
        self.rounding = kernels.pack_rotation(rotation, step)
        near = self.vectors[rng.integers(0, n, n_centroids)] @ rotation
        centroids = 0.9 * near + 0.4 * rng.standard_normal(near.shape) / np.sqrt(dim)
        grid = np.clip(np.rint(2 * centroids / step), -127, 127).astype(np.int8)
        self.cells = kernels.pack_cells(
            grid,
            rng.integers(0, n_cells, n_centroids),
            rng.integers(-40, 41, (n_cells, dim)).astype(np.int8),
            n_probes,
        )
        steps = (np.abs(centroids).max(axis=1) / 127).astype(np.float32)
        levels = [*range(-60, 60, 8), 63]
        self.book = Codebook(
            np.rint(centroids / steps[:, np.newaxis]).astype(np.int8),
            steps,
            np.array(levels if bits == 4 else rng.permutation(levels), np.int8),
            float(np.float32(2 / 63 / np.sqrt(dim))),
            bits,
        )

    def rows(self):
        return kernels.round_vectors(self.vectors, self.rounding, longest=LONGEST)[0]

    def distances(self, ids, residuals):
        """The squared distances of codes to the directions of what centroids leave over."""
        left = self.vectors.astype(np.float64) @ self.rounding.rotation
        left -= self.book.centroids[ids] * self.book.centroid_steps[ids, np.newaxis]
        directions = self.book.levels[kernels.unpack_residuals(residuals, self.book.bits)]
        sizes = np.linalg.norm(left, axis=1, keepdims=True)
        return np.square(left / sizes - directions * self.book.level_step).sum(axis=1)

    def encode(self, vectors=None, threads=1):
        vectors = self.vectors if vectors is None else vectors
        columns, _, errors, bad = kernels.encode_tokens(
            vectors, self.rounding, self.cells, self.book, longest=LONGEST, threads=threads
        )
        return (*columns, errors, bad)

    def encode_blocks(self, bounds, threads=1):
        columns, contexts, errors, bad = kernels.encode_tokens(
            self.vectors,
            self.rounding,
            self.cells,
            self.book,
            longest=LONGEST,
            bounds=bounds,
            threads=threads,
        )
        return (*columns, *contexts, errors, bad)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("dim", DIMS)
def test_vectors_are_rounded_as_defined(dim, dtype):
    problem = Problem(0, dim=dim, n=19)
    vectors = (problem.vectors * np.float32(3)).astype(dtype)
    vectors[4] = 0
    results = on_each_isa(lambda: kernels.round_vectors(vectors, problem.rounding, longest=LONGEST))
    assert_all_equal(results)
    rows, lengths, bad = reference.round_vectors(vectors, problem.rounding, LONGEST)
    assert bad == results[0][2] == -1
    assert (results[0][0][4] == 64).all()
    np.testing.assert_allclose(results[0][1], lengths, rtol=1e-6)
    # Where a component lies halfway between two steps, rounding may go either way.
    off = np.abs(results[0][0].astype(int) - rows)
    assert off.max() <= 1
    assert (off > 0).mean() < 1e-3


def test_what_lies_beyond_a_row_is_clipped():
    rounding = kernels.pack_rotation(np.eye(16, dtype=np.float32), 0.01)
    vectors = np.zeros((2, 16), np.float32)
    vectors[0, 3], vectors[1, 3] = 1, -1
    for rows, _, _ in on_each_isa(
        lambda: kernels.round_vectors(vectors, rounding, longest=LONGEST)
    ):
        assert rows[:, 3].tolist() == [127, 1]


@pytest.mark.parametrize("n_probes", [1, 3, 16, 17, 30])
@pytest.mark.parametrize("dim", [16, 48, 128])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 67])
def test_the_nearest_in_the_best_cells_is_found(n, dim, n_probes):
    problem = Problem(n, dim=dim, n=n, n_centroids=211, n_cells=30, n_probes=n_probes)
    rows = problem.rows()
    results = on_each_isa(lambda: kernels.nearest_in_cells(rows, problem.cells))
    assert_all_equal([*results, reference.nearest_in_cells(rows, problem.cells)])


@pytest.mark.parametrize("dim", DIMS)
def test_one_cell_is_brute_force(dim):
    problem = Problem(1, dim=dim, n=23)
    rows = problem.rows()
    values = rows.astype(int) - 64
    centroids = problem.cells.members.astype(int)
    scores = values @ centroids.T - np.square(centroids).sum(axis=1) // 4
    for nearest, best in on_each_isa(lambda: kernels.nearest_in_cells(rows, problem.cells)):
        assert nearest.tolist() == scores.argmax(axis=1).tolist()
        assert best.tolist() == scores.max(axis=1).tolist()


def test_extreme_values_do_not_overflow():
    dim = kernels.MAX_DIM
    rows = np.array([[1], [127]], np.uint8).repeat(dim, axis=1)
    centroids = np.array([[-127], [127], [0]], np.int8).repeat(dim, axis=1)
    cells = kernels.pack_cells(centroids, np.zeros(3, int), centroids[:1], 1)
    results = on_each_isa(lambda: kernels.nearest_in_cells(rows, cells))
    assert_all_equal([*results, reference.nearest_in_cells(rows, cells)])
    assert results[0][0].tolist() == [0, 1]


def test_of_equals_the_first_is_taken():
    # Every centroid is there four times; cells 1 and 2 lie at one place, and one is looked into.
    centroids = np.tile(np.arange(-8, 8, dtype=np.int8)[:, np.newaxis], (4, 16))
    representatives = np.array([[-100], [20], [20]], np.int8).repeat(16, axis=1)
    cells = kernels.pack_cells(centroids, np.repeat([1, 2, 0, 1], 16), representatives, 1)
    rows = np.array([[64 + 3]], np.uint8).repeat(16, axis=1)
    for nearest, _ in [
        *on_each_isa(lambda: kernels.nearest_in_cells(rows, cells)),
        reference.nearest_in_cells(rows, cells),
    ]:
        assert nearest.tolist() == [14]  # 6 half steps, of the first and the last copy


def test_many_equal_cells_are_taken_in_order():
    rng = np.random.default_rng(0)
    centroids = rng.integers(-20, 21, (400, 32)).astype(np.int8)
    representatives = rng.integers(-1, 2, (2, 32)).astype(np.int8)[rng.integers(0, 2, 100)]
    rows = rng.integers(50, 80, (40, 32)).astype(np.uint8)
    for n_probes in (1, 15, 40, 99):
        cells = kernels.pack_cells(centroids, np.arange(400) % 100, representatives, n_probes)
        results = on_each_isa(lambda: kernels.nearest_in_cells(rows, cells))  # noqa: B023
        assert_all_equal([*results, reference.nearest_in_cells(rows, cells)])


def test_clusters_are_summed():
    rng = np.random.default_rng(0)
    rows = rng.integers(1, 128, (500, 48)).astype(np.uint8)
    clusters = rng.integers(0, 37, 500).astype(np.uint32)
    clusters[clusters == 5] = 6
    results = [kernels.sum_clusters(rows, clusters, 37, threads=n) for n in (1, 3)]
    assert_all_equal([*results, reference.sum_clusters(rows, clusters, 37)])
    assert results[0][1][5] == 0
    assert results[0][1].sum() == 500


@pytest.mark.parametrize("isa", kernels.available_isas())
def test_a_cluster_that_does_not_exist_is_refused(isa):
    with kernels.use_isa(isa), pytest.raises(ValueError, match="is 9, expected below 9"):
        kernels.sum_clusters(np.zeros((2, 16), np.uint8), np.array([0, 9], np.uint32), 9)


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("dim", RUN_DIMS)
def test_codes_are_those_defined(dim, bits):
    problem = Problem(2, dim=dim, n=45, n_centroids=90, n_cells=9, n_probes=3, bits=bits)
    problem.vectors[7] = 0
    results = on_each_isa(problem.encode)
    assert_all_equal(results)
    with kernels.use_isa("reference"):
        expected = problem.encode()
    ids, residuals, gains, norms, errors, bad = results[0]
    assert bad == expected[5] == -1
    assert (ids == expected[0]).mean() > 0.97
    same = ids == expected[0]
    off = residuals[same] != expected[1][same]
    assert off.mean() < 1e-2
    if bits == 4:
        numbers = (kernels.unpack_residuals(r[same], 4) for r in (residuals, expected[1]))
        assert np.abs(np.subtract(*numbers, dtype=int)).max() <= 1
    # Codes may differ where two are as good as each other up to the rounding of float32.
    found, wanted = (problem.distances(ids, r)[same] for r in (residuals, expected[1]))
    assert (found <= wanted * (1 + 1e-5)).all()
    np.testing.assert_allclose(gains[same], expected[2][same], rtol=5e-3)
    np.testing.assert_allclose(norms[same], expected[3][same], rtol=5e-3)
    np.testing.assert_allclose(errors[same], expected[4][same], rtol=2e-2, atol=1e-4)
    assert norms[7] == 0


def whole_vectors(rng, n, dim):
    """Vectors of odd whole numbers, -3 to 3, whose length is a power of two."""
    length = next(2**k for k in range(20) if dim <= 4**k <= 9 * dim)
    n_threes = (length**2 - dim) // 8
    values = np.where(np.arange(dim) < n_threes, 3, 1) * rng.choice([-1, 1], (n, dim))
    return rng.permuted(values, axis=1), length


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("dim", RUN_DIMS)
def test_where_floats_are_exact_codes_are_those_defined_and_ties_as_well(dim, bits):
    problem = Problem(8, dim=dim, n=45, bits=bits)
    values, length = whole_vectors(problem.rng, 45, dim)
    nothing = np.zeros((1, dim), np.int8)
    levels = np.array([-3, -3, -2, -2, -1, -1, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3], np.int8)
    book = Codebook(
        nothing,
        np.zeros(1, np.float32),
        levels if bits == 4 else problem.rng.permutation(levels),
        1 / length,
        bits,
    )
    rounding = kernels.pack_rotation(np.eye(dim, dtype=np.float32), 0.01)
    cells = kernels.pack_cells(nothing, np.zeros(1, int), nothing, 1)
    vectors = (values / length).astype(np.float32)
    results = on_each_isa(
        lambda: kernels.encode_tokens(vectors, rounding, cells, book, longest=LONGEST)[0]
    )
    assert_all_equal(
        [*results, reference.encode_tokens(vectors, rounding, cells, book, LONGEST)[0]]
    )


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_codes_do_not_depend_on_threads_or_neighbours(bits):
    problem = Problem(3, dim=32, n=5000, n_centroids=200, n_cells=40, n_probes=4, bits=bits)
    whole = problem.encode()
    assert_all_equal([whole, problem.encode(threads=3)])
    for rows in (slice(0, 1), slice(100, 109), slice(2047, 2049)):
        part = problem.encode(problem.vectors[rows])
        for found, expected in zip(part[:5], whole[:5], strict=True):
            np.testing.assert_array_equal(found, expected[rows])


def bounds_of(*lengths):
    return np.cumsum([0, *lengths], dtype=np.int64)


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("dim", [16, 48, 128])
def test_contexts_are_those_defined(dim, bits):
    problem = Problem(7, dim=dim, n=150, n_centroids=20, bits=bits)
    common = problem.rng.standard_normal((3, dim)) / np.sqrt(dim)
    vectors = problem.vectors + np.repeat(common, 50, axis=0)
    problem.vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    bounds = bounds_of(50, 49, 1, 50)
    results = on_each_isa(lambda: problem.encode_blocks(bounds))
    assert_all_equal([*results, problem.encode_blocks(bounds, threads=3)])
    with kernels.use_isa("reference"):
        expected = problem.encode_blocks(bounds)
    ids, _, gains, norms, contexts, context_gains, errors, bad = results[0]
    assert bad == -1
    assert (ids == expected[0]).mean() > 0.97
    assert (contexts != expected[4]).mean() < 0.02
    np.testing.assert_allclose(context_gains, expected[5], rtol=5e-3)
    close = np.isclose(gains.astype(float), expected[2].astype(float), rtol=0.02, atol=1e-3)
    assert close.mean() > 0.9
    assert np.isclose(norms.astype(float), expected[3].astype(float), rtol=0.01).mean() > 0.9
    np.testing.assert_allclose(errors.sum(), expected[6].sum(), rtol=0.02)
    assert errors.sum() < 0.9 * problem.encode()[4].sum()


def test_codes_do_not_depend_on_the_blocks_around():
    problem = Problem(3, dim=32, n=5000, n_centroids=200, n_cells=40, n_probes=4)
    bounds = bounds_of(2048, 1, 96, 1000, 143, 1712)
    whole = problem.encode_blocks(bounds, threads=2)
    for i, (start, end) in enumerate(pairwise(bounds)):
        alone = Problem(3, dim=32, n=5000, n_centroids=200, n_cells=40, n_probes=4)
        alone.vectors = problem.vectors[start:end]
        part = alone.encode_blocks(bounds_of(end - start))
        for found, expected in zip(part[:4], whole[:4], strict=True):
            np.testing.assert_array_equal(found, expected[start:end])
        np.testing.assert_array_equal(part[4][0], whole[4][i])
        np.testing.assert_array_equal(part[5][0], whole[5][i])


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([0, 39], "end with 40"),
        ([1, 40], "begin with 0"),
        ([0, 9, 9, 40], "1 to 2048 tokens"),
        ([], "begin with 0"),
    ],
)
def test_blocks_that_do_not_cover_the_tokens_are_refused(bounds, message):
    problem = Problem(5, dim=32, n=40)
    with pytest.raises(ValueError, match=message):
        problem.encode_blocks(np.array(bounds, np.int64))


def test_float16_is_read_as_what_it_stands_for():
    problem = Problem(4, dim=48, n=60)
    half = problem.vectors.astype(np.float16)
    half[3, :4] = (6e-8, -5e-5, 0.0, -0.0)  # subnormal ones too
    results = on_each_isa(lambda: problem.encode(half))
    assert_all_equal([*results, problem.encode(half.astype(np.float32))])


@pytest.mark.parametrize("isa", kernels.available_isas())
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 6e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_first_vector_that_is_none_is_named(isa, value, dtype):
    problem = Problem(5, dim=32, n=40)
    vectors = problem.vectors.astype(dtype)
    vectors[[11, 30], 5] = value
    with kernels.use_isa(isa):
        assert kernels.round_vectors(vectors, problem.rounding, longest=LONGEST)[2] == 11
        assert problem.encode(vectors)[-1] == 11


def test_more_than_65536_centroids_have_wide_ids():
    problem = Problem(6, dim=16, n=30)
    n = 65537
    centroids = np.resize(problem.book.centroids, (n, 16))
    book = Codebook(centroids, np.full(n, 0.01, np.float32), problem.book.levels, 0.01, 2)
    cells = kernels.pack_cells(centroids, np.zeros(n, int), centroids[:1], 1)
    assert_all_equal(
        on_each_isa(
            lambda: kernels.encode_tokens(
                problem.vectors, problem.rounding, cells, book, longest=LONGEST
            )[0]
        )
    )
    ids = kernels.encode_tokens(problem.vectors, problem.rounding, cells, book, longest=LONGEST)
    assert ids[0][0].dtype == np.uint32


def test_wrong_arguments_are_refused():
    problem = Problem(7, dim=32, n=4)
    with pytest.raises(TypeError, match="float32 or float16 of shape"):
        problem.encode(problem.vectors.astype(np.float64))
    with pytest.raises(ValueError, match=r"\(n, 32\), got shape \(4, 16\)"):
        problem.encode(np.zeros((4, 16), np.float32))
    with pytest.raises(TypeError, match="rows must be uint8"):
        kernels.nearest_in_cells(problem.vectors, problem.cells)
    with pytest.raises(ValueError, match="threads must be at least 1"):
        problem.encode(threads=0)
    problem.book = replace(problem.book, levels=problem.book.levels[:4])
    with pytest.raises(ValueError, match=r"book.levels must be int8 of shape \(16\)"):
        problem.encode()
    with pytest.raises(ValueError, match=r"clusters must be uint32 of shape \(3\)"):
        kernels.sum_clusters(np.zeros((3, 16), np.uint8), np.zeros(2, np.uint32), 1)
