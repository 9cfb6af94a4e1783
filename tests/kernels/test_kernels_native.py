"""Every instruction set against the definition, and against each other bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern import kernels
from colmodern.kernels import reference
from colmodern.kernels.operands import QuantisedQuery

NATIVE = kernels.available_isas()[1:]
EPSILON = float(np.finfo(np.float32).eps)


class Columns:
    def __init__(self, rng, n, *, dim, bits, n_centroids, id_dtype=np.uint16):
        self.centroid_ids = rng.integers(0, n_centroids, n).astype(id_dtype)
        self.residuals = rng.integers(0, 256, (n, dim * bits // 8), dtype=np.uint8)
        self.gains = rng.uniform(0, 1, n).astype(np.float16)
        self.norms = rng.uniform(0.5, 2, n).astype(np.float16)


def random_query(rng, n, *, dim, bits):
    levels = np.sort(rng.permutation(np.arange(-63, 64))[: 2**bits]).astype(np.int8)
    values = rng.integers(-127, 128, (n, dim)).astype(np.int8)
    return QuantisedQuery(values, rng.uniform(1e-5, 1e-4, n).astype(np.float32), levels)


def normal(rng, *shape):
    return rng.standard_normal(shape, dtype=np.float32)


def ragged(rng, lengths):
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return offsets, rng.permutation(len(lengths)).astype(np.int64)


LENGTHS = (0, 1, 2, 7, 8, 9, 16, 17, 33, 0, 5, 100)


def on_each_isa(call):
    results = {}
    for isa in NATIVE:
        with kernels.use_isa(isa):
            assert kernels.active_isa() == isa
            results[isa] = call()
    return results


def assert_conforms(results, expected, bound):
    """Native results are the same bits, and within ``bound`` of the definition."""
    first, *others = results.values()
    for other in others:
        np.testing.assert_array_equal(other, first)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(first[~finite], expected[~finite])
    assert (
        np.abs(first[finite] - expected[finite]) <= np.broadcast_to(bound, first.shape)[finite]
    ).all()


def test_an_x86_machine_has_more_than_the_scalar_kernels():
    assert NATIVE[0] == "scalar"


@pytest.mark.parametrize("dim", [1, 3, 16, 48, 128, 200])
@pytest.mark.parametrize("n_query", [0, 1, 15, 16, 17, 33, 64])
def test_centroid_scores_conform(n_query, dim):
    rng = np.random.default_rng(dim * 100 + n_query)
    query, centroids = normal(rng, n_query, dim), normal(rng, 37, dim)
    results = on_each_isa(lambda: kernels.centroid_scores(query, centroids))
    expected = reference.centroid_scores(query, centroids)
    terms = np.abs(centroids) @ np.abs(query).T
    assert_conforms(results, expected, dim * EPSILON * terms)


@pytest.mark.parametrize("n_centroids", [0, 1, 7, 8, 9])
def test_centroid_scores_conform_for_few_centroids(n_centroids):
    rng = np.random.default_rng(n_centroids)
    query, centroids = normal(rng, 19, 32), normal(rng, n_centroids, 32)
    results = on_each_isa(lambda: kernels.centroid_scores(query, centroids))
    assert_conforms(results, reference.centroid_scores(query, centroids), 1e-4)


@pytest.mark.parametrize("dim", [2, 48, 128])
@pytest.mark.parametrize("n_query", [0, 1, 16, 17, 33])
def test_maxsim_conforms(n_query, dim):
    rng = np.random.default_rng(dim * 100 + n_query)
    offsets, _ = ragged(rng, LENGTHS)
    query, vectors = normal(rng, n_query, dim), normal(rng, offsets[-1], dim)
    results = on_each_isa(lambda: kernels.maxsim(query, vectors, offsets))
    length = np.linalg.norm(vectors, axis=1).max(initial=0)
    bound = dim * EPSILON * np.linalg.norm(query, axis=1).sum() * length
    assert_conforms(results, reference.maxsim(query, vectors, offsets), bound)


@pytest.mark.parametrize("id_dtype", [np.uint16, np.uint32])
@pytest.mark.parametrize("n_query", [0, 1, 15, 16, 17, 32, 33, 100])
def test_centroid_maxsim_conforms(n_query, id_dtype):
    rng = np.random.default_rng(n_query)
    offsets, documents = ragged(rng, LENGTHS)
    scores = normal(rng, 50, n_query)
    ids = rng.integers(0, 50, offsets[-1]).astype(id_dtype)
    results = on_each_isa(lambda: kernels.centroid_maxsim(scores, ids, offsets, documents))
    expected = reference.centroid_maxsim(scores, ids, offsets, documents)
    assert_conforms(results, expected, EPSILON * np.abs(scores).max(initial=0) * (n_query + 1))


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("dim", [16, 32, 48, 128, 208, 768])
@pytest.mark.parametrize("n_query", [0, 1, 16, 17, 33, 129])
def test_maxsim_codes_conforms(n_query, dim, bits):
    rng = np.random.default_rng(dim * 1000 + n_query * 10 + bits)
    offsets, documents = ragged(rng, LENGTHS)
    query = random_query(rng, n_query, dim=dim, bits=bits)
    codes = Columns(rng, offsets[-1], dim=dim, bits=bits, n_centroids=50)
    scores = normal(rng, 50, n_query)
    results = on_each_isa(lambda: kernels.maxsim_codes(query, scores, codes, offsets, documents))
    expected = reference.maxsim_codes(query, scores, codes, offsets, documents)
    products = query.scales * reference.code_products(query, codes.residuals)
    largest = 2 * (np.abs(scores).max(initial=0) + np.abs(products).max(initial=0))
    assert_conforms(results, expected, 4 * EPSILON * largest * (n_query + 1))


def test_maxsim_codes_takes_512_query_tokens_and_wide_ids():
    rng = np.random.default_rng(0)
    offsets, documents = ragged(rng, (5, 11))
    query = random_query(rng, 512, dim=64, bits=4)
    codes = Columns(rng, 16, dim=64, bits=4, n_centroids=70_000, id_dtype=np.uint32)
    scores = normal(rng, 70_000, 512)
    results = on_each_isa(lambda: kernels.maxsim_codes(query, scores, codes, offsets, documents))
    expected = reference.maxsim_codes(query, scores, codes, offsets, documents)
    assert_conforms(results, expected, 512 * 1e-5)


@pytest.mark.parametrize(("value", "code"), [(-127, 0), (-127, 15), (127, 0), (127, 15)])
def test_the_largest_integers_do_not_saturate(value, code):
    dim = 2048
    levels = np.repeat(np.array([-63, 63], np.int8), 8)
    query = QuantisedQuery(np.full((3, dim), value, np.int8), np.ones(3, np.float32), levels)
    codes = Columns(np.random.default_rng(0), 4, dim=dim, bits=4, n_centroids=1)
    codes.residuals[:] = code * 17
    codes.gains[:] = codes.norms[:] = 1
    scores = np.zeros((1, 3), np.float32)
    offsets, documents = np.array([0, 4]), np.array([0])
    results = on_each_isa(lambda: kernels.maxsim_codes(query, scores, codes, offsets, documents))
    exact = 3 * dim * value * (63 if code else -63)
    for result in results.values():
        assert result.tolist() == [exact]


def test_every_float16_becomes_the_same_float32_everywhere():
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    n = len(halves)
    codes = Columns(np.random.default_rng(0), n, dim=16, bits=4, n_centroids=1)
    codes.norms, codes.gains = halves, np.zeros(n, np.float16)
    query = QuantisedQuery(
        np.zeros((1, 16), np.int8), np.ones(1, np.float32), np.arange(16).astype(np.int8)
    )
    one_each = np.arange(n + 1)
    results = on_each_isa(
        lambda: kernels.maxsim_codes(
            query, np.ones((1, 1), np.float32), codes, one_each, one_each[:-1]
        )
    )
    for result in results.values():
        np.testing.assert_array_equal(result, halves.astype(np.float32))


@pytest.mark.parametrize("n_centroids", [1, 15, 16, 17, 31, 32, 33, 100])
def test_nearest_centroids_conform(n_centroids):
    rng = np.random.default_rng(n_centroids)
    vectors, centroids = normal(rng, 300, 24), normal(rng, n_centroids, 24)
    packed = kernels.pack_centroids(centroids)
    results = on_each_isa(lambda: kernels.nearest_centroids(vectors, packed))
    expected = reference.nearest_centroids(vectors, centroids)
    for result in results.values():
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("isa", kernels.available_isas())
def test_the_lowest_of_equally_near_centroids_is_taken(isa):
    centroids = np.tile(np.array([[3.0], [1.0]], np.float32), (40, 1))
    vectors = np.array([[1.1], [2.9]], np.float32)
    with kernels.use_isa(isa):
        nearest = kernels.nearest_centroids(vectors, kernels.pack_centroids(centroids))
    assert nearest.tolist() == [1, 0]


@pytest.mark.parametrize("isa", kernels.available_isas())
def test_a_nan_is_never_a_maximum(isa):
    query = np.ones((1, 16), np.float32)
    vectors = np.ones((3, 16), np.float32)
    vectors[[0, 2]] = np.nan
    with kernels.use_isa(isa):
        scores = kernels.maxsim(query, vectors, np.array([0, 1, 3]))
    assert scores.tolist() == [-np.inf, 16]


@pytest.mark.parametrize("isa", kernels.available_isas())
@pytest.mark.parametrize("threads", [2, 8])
def test_threads_change_nothing(isa, threads):
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 20, 40)
    offsets, documents = ragged(rng, lengths)
    query, codes = random_query(rng, 9, dim=32, bits=2), None
    codes = Columns(rng, offsets[-1], dim=32, bits=2, n_centroids=20)
    floats, vectors, centroids = (
        normal(rng, 9, 32),
        normal(rng, offsets[-1], 32),
        normal(rng, 20, 32),
    )
    scores = kernels.centroid_scores(floats, centroids)
    packed = kernels.pack_centroids(centroids)

    def everything(n):
        return [
            kernels.centroid_scores(floats, vectors, threads=n),
            kernels.nearest_centroids(vectors, packed, threads=n),
            kernels.maxsim(floats, vectors, offsets, threads=n),
            kernels.centroid_maxsim(scores, codes.centroid_ids, offsets, documents, threads=n),
            kernels.maxsim_codes(query, scores, codes, offsets, documents, threads=n),
        ]

    with kernels.use_isa(isa):
        for one, many in zip(everything(1), everything(threads), strict=True):
            np.testing.assert_array_equal(one, many)


@pytest.mark.parametrize("isa", kernels.available_isas())
def test_read_only_views_of_a_larger_table_are_taken_as_they_are(isa):
    rng = np.random.default_rng(2)
    whole = Columns(rng, 30, dim=32, bits=4, n_centroids=20)
    part = Columns(rng, 0, dim=32, bits=4, n_centroids=20)
    for name in ("centroid_ids", "residuals", "gains", "norms"):
        column = getattr(whole, name)[7:18]
        column.flags.writeable = False
        setattr(part, name, column)
    query, scores = random_query(rng, 5, dim=32, bits=4), normal(rng, 20, 5)
    with kernels.use_isa(isa):
        of_part = kernels.maxsim_codes(query, scores, part, np.array([0, 11]), np.array([0]))
        of_whole = kernels.maxsim_codes(
            query, scores, whole, np.array([0, 7, 18, 30]), np.array([1])
        )
    np.testing.assert_array_equal(of_part, of_whole)
