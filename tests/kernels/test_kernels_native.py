"""Every instruction set against the definition, and against each other bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern import kernels
from colmodern.kernels import reference
from colmodern.kernels.operands import CentroidTable, QuantisedQuery

from .one_segment import code_maxima, gather, maxsim_codes, smooth_maxsim

NATIVE = kernels.available_isas()[1:]
EPSILON = float(np.finfo(np.float32).eps)


class Columns:
    def __init__(self, rng, n, *, dim, bits, n_centroids, id_dtype=np.uint16):
        self.centroid_ids = rng.integers(0, n_centroids, n).astype(id_dtype)
        self.residuals = rng.integers(0, 256, (n, dim * bits // 8), dtype=np.uint8)
        self.gains = rng.uniform(0, 1, n).astype(np.float16)
        self.norms = rng.uniform(0.5, 2, n).astype(np.float16)


def random_query(rng, n, *, dim, bits):
    levels = rng.integers(-63, 64, 16).astype(np.int8)
    values = rng.integers(-127, 128, (n, dim)).astype(np.int8)
    steps = rng.uniform(1e-3, 1e-2, n).astype(np.float32)
    return QuantisedQuery(values, steps, levels, np.float32(0.01), bits)


def a_query(values, steps):
    levels = np.arange(16).astype(np.int8)
    return QuantisedQuery(
        values.astype(np.int8), np.array(steps, np.float32), levels, np.float32(1), 4
    )


def random_table(rng, n_centroids, n_query, *, spread=2**15 - 1):
    table = CentroidTable.empty(n_centroids, rng.uniform(1e-5, 1e-4, n_query).astype(np.float32))
    table.rows[:] = reference.LOWEST
    table.rows[:, :n_query] = rng.integers(-spread, spread + 1, (n_centroids, n_query))
    return table


def random_centroids(rng, n, dim):
    """Return centroids, their steps, and the length of the longest."""
    centroids = rng.integers(-127, 128, (n, dim)).astype(np.int8)
    steps = rng.uniform(1e-4, 1e-3, n).astype(np.float32)
    lengths = np.linalg.norm(centroids * steps[:, np.newaxis].astype(np.float64), axis=1)
    return centroids, steps, float(lengths.max(initial=0))


def normal(rng, *shape):
    return rng.standard_normal(shape, dtype=np.float32)


def ragged(rng, lengths):
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return offsets, rng.permutation(len(lengths)).astype(np.int64)


N_QUERIES = (0, 1, 15, 16, 17, 31, 32, 33, 70, 129)
LENGTHS = (0, 1, 2, 7, 8, 9, 16, 17, 33, 0, 5, 100)


def on_each_isa(call, isas=NATIVE):
    results = {}
    for isa in isas:
        with kernels.use_isa(isa):
            assert kernels.active_isa() == isa
            results[isa] = call()
    return results


def on_every_isa(call):
    """What the native ones and the reference return; for what is counted, and so exact."""
    return on_each_isa(call, kernels.available_isas())


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


@pytest.mark.parametrize("expects", [False, True])
@pytest.mark.parametrize("sharpness", [0.0, 0.5, 4.0])
@pytest.mark.parametrize("n_query", [0, 1, 17])
def test_sharp_maxsim_conforms(n_query, sharpness, expects):
    rng = np.random.default_rng(n_query)
    offsets, _ = ragged(rng, LENGTHS)
    query, vectors = normal(rng, n_query, 32), normal(rng, offsets[-1], 32)
    above = rng.normal(size=n_query).astype(np.float32) if expects else None
    results = on_each_isa(
        lambda: kernels.maxsim(query, vectors, offsets, sharpness=sharpness, expected=above)
    )
    length = np.linalg.norm(vectors, axis=1).max(initial=0)
    bound = 32 * EPSILON * np.linalg.norm(query, axis=1).sum() * (length + 1)
    assert_conforms(results, reference.maxsim(query, vectors, offsets, sharpness, above), bound)


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


@pytest.mark.parametrize("dim", [16, 32, 48, 128, 208, 768, 2048])
@pytest.mark.parametrize("n_query", N_QUERIES)
def test_centroid_table_is_the_same_everywhere(n_query, dim):
    rng = np.random.default_rng(dim * 1000 + n_query)
    query = random_query(rng, n_query, dim=dim, bits=2)
    if n_query > 3:
        query.values[1] = query.steps[1] = 0
    centroids, steps, longest = random_centroids(rng, 37, dim)
    tables = on_every_isa(lambda: kernels.centroid_table(query, centroids, steps, longest))
    expected = tables["reference"]
    assert expected.rows.shape == (37, -(-n_query // 32) * 32)
    for table in tables.values():
        np.testing.assert_array_equal(table.rows, expected.rows)
        np.testing.assert_array_equal(table.steps, expected.steps)
    vectors = query.values * query.steps[:, np.newaxis].astype(np.float64)
    products = (centroids * steps[:, np.newaxis].astype(np.float64)) @ vectors.T
    half_steps = 0.501 * expected.steps[:n_query] + 1e-6 * np.abs(products).max(initial=0)
    assert (np.abs(expected.scores - products) <= half_steps).all()


@pytest.mark.parametrize("n_centroids", [0, 1, 3, 4, 5, 7, 8, 9, 2500])
@pytest.mark.parametrize("n_query", [5, 33])
def test_centroid_table_takes_any_number_of_centroids(n_query, n_centroids):
    rng = np.random.default_rng(n_centroids)
    query = random_query(rng, n_query, dim=48, bits=2)
    centroids, steps, longest = random_centroids(rng, n_centroids, 48)
    for threads in (1, 3):
        tables = on_every_isa(
            lambda threads=threads: kernels.centroid_table(
                query, centroids, steps, longest, threads=threads
            )
        )
        for table in tables.values():
            np.testing.assert_array_equal(table.rows, tables["reference"].rows)


@pytest.mark.parametrize("dim", [16, 128, 2048])
def test_the_greatest_product_is_the_greatest_number(dim):
    rng = np.random.default_rng(dim)
    values = rng.choice([-127, 127], (5, dim)).astype(np.int8)
    query = a_query(values, rng.uniform(1e-4, 1e-2, 5))
    centroids = np.concatenate([values, -values])
    steps = np.full(10, 1e-2, np.float32)
    longest = float(np.float32(1e-2) * np.sqrt(dim) * 127)
    tables = on_every_isa(lambda: kernels.centroid_table(query, centroids, steps, longest))
    for table in tables.values():
        np.testing.assert_array_equal(table.rows, tables["reference"].rows)
        assert np.diag(table.rows[:5, :5]).tolist() == [2**15 - 1] * 5
        assert np.diag(table.rows[5:, :5]).tolist() == [-(2**15) + 1] * 5


@pytest.mark.parametrize("longest", [0.5, 1e-3, 1e-30])
def test_what_is_longer_than_the_longest_centroid_is_cut_off(longest):
    values = np.array([[127] * 16, [-127] * 16], np.int8)
    query = a_query(values, [1, 1])
    tables = on_every_isa(
        lambda: kernels.centroid_table(query, values, np.ones(2, np.float32), longest)
    )
    for table in tables.values():
        assert table.rows[:, :2].tolist() == [[2**15 - 1, -(2**15)], [-(2**15), 2**15 - 1]]


def test_a_step_that_is_no_number_gives_the_lowest():
    query = a_query(np.full((1, 16), 127), [1])
    steps = np.array([np.nan, np.inf, -np.inf, 1], np.float32)
    centroids = np.full((4, 16), 127, np.int8)
    tables = on_every_isa(lambda: kernels.centroid_table(query, centroids, steps, 127 * 4.0))
    for table in tables.values():
        top = 2**15 - 1
        assert table.rows[:, 0].tolist() == [-(2**15), top, -(2**15), top]


@pytest.mark.parametrize("isa", kernels.available_isas())
def test_query_tokens_and_centroids_of_zeros_score_zero(isa):
    query = a_query(np.zeros((2, 16)), [0, 0])
    with kernels.use_isa(isa):
        table = kernels.centroid_table(
            query, np.zeros((3, 16), np.int8), np.zeros(3, np.float32), 0.0
        )
        assert (table.scores == 0).all()
        assert kernels.probe(table, 2).tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize("n", [1, 2, 31, 32, 60])
@pytest.mark.parametrize("n_query", N_QUERIES)
def test_probe_is_the_same_everywhere(n_query, n):
    rng = np.random.default_rng(n_query)
    # Few different scores: many are equal.
    for spread in (2**15 - 1, 5, 0):
        table = random_table(rng, 60, n_query, spread=spread)
        probed = on_every_isa(lambda table=table: kernels.probe(table, n))
        assert probed["reference"].shape == (n_query, n)
        for result in probed.values():
            np.testing.assert_array_equal(result, probed["reference"])


def test_probe_finds_the_best_among_many():
    table = random_table(np.random.default_rng(0), 3000, 40, spread=900)
    table.rows[:200, :20] = reference.LOWEST
    table.rows[:, 20] = reference.LOWEST
    table.rows[:, 21] = np.arange(3000)  # each better than all before
    for n in (1, 7, 100, 3000):
        probed = on_every_isa(lambda n=n: kernels.probe(table, n))
        for result in probed.values():
            np.testing.assert_array_equal(result, probed["reference"])
        assert probed["scalar"][20].tolist() == list(range(n))


@pytest.mark.parametrize("n_documents", [0, 1, 5, 60])
@pytest.mark.parametrize("n_query", N_QUERIES)
def test_expected_maxima_are_the_same_everywhere(n_query, n_documents):
    rng = np.random.default_rng(n_query * 100 + n_documents)
    table = random_table(rng, 300, n_query, spread=2**15 - 1)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 20, n_documents))]).astype(np.int64)
    ids = rng.integers(0, 300, offsets[-1]).astype(np.uint32)
    found = on_every_isa(lambda: kernels.expected_maxima(table, ids, offsets))
    assert found["reference"].shape == (n_query,)
    for result in found.values():
        np.testing.assert_array_equal(result, found["reference"])


def random_postings(rng, n_centroids, n_documents, dtype):
    lists = [
        np.sort(rng.permutation(n_documents)[: rng.integers(0, min(n_documents, 12) + 1)])
        for _ in range(n_centroids)
    ]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64)
    return offsets, np.concatenate(lists).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
@pytest.mark.parametrize("n_documents", [0, 1, 40, 700])
@pytest.mark.parametrize("n_query", [0, 1, 17, 33, 70])
def test_gather_is_the_same_everywhere(n_query, n_documents, dtype):
    rng = np.random.default_rng(n_query * 1000 + n_documents)
    for spread in (2**15 - 1, 3):
        table = random_table(rng, 60, n_query, spread=spread)
        offsets, postings = random_postings(rng, 60, n_documents, dtype)
        probed = kernels.probe(table, 8)
        for share in (1.0, 0.5, 0.0):
            allowed = rng.random(n_documents) < share
            for limit in (0, 1, 20, 1000):
                arguments = (table, probed, offsets, postings, allowed, limit)
                less = None if limit == 20 else rng.random(n_documents, np.float32)
                results = on_every_isa(
                    lambda arguments=arguments, less=less: gather(*arguments, taken_off=less)
                )
                documents, scores, n_found = results["reference"]
                assert len(documents) == min(limit, n_found) <= allowed.sum()
                assert allowed[documents].all()
                for result in results.values():
                    assert result[0].dtype == np.int64
                    assert result[1].dtype == np.float32
                    np.testing.assert_array_equal(result[0], documents)
                    np.testing.assert_array_equal(result[1], scores)
                    assert result[2] == n_found


@pytest.mark.parametrize("ordered", [0, 1, 7, 20, 90])
def test_gather_puts_the_best_in_order_and_the_others_behind_them(ordered):
    rng = np.random.default_rng(ordered)
    table = random_table(rng, 60, 9, spread=3)  # many documents score alike
    offsets, postings = random_postings(rng, 60, 300, np.uint16)
    arguments = (table, kernels.probe(table, 8), offsets, postings, np.ones(300, np.bool_), 40)
    whole, scores, n_found = gather(*arguments)
    some, some_scores, n = gather(*arguments, ordered=ordered)
    assert n == n_found > 40
    np.testing.assert_array_equal(some[:ordered], whole[:ordered])
    assert dict(zip(some, some_scores, strict=True)) == dict(zip(whole, scores, strict=True))


@pytest.mark.parametrize("isa", kernels.available_isas())
def test_gather_without_probed_centroids_finds_nothing(isa):
    table = random_table(np.random.default_rng(0), 4, 3)
    nothing = np.zeros((3, 0), np.uint32)
    offsets, postings = np.array([0, 1, 1, 1, 2]), np.array([0, 1], np.uint16)
    with kernels.use_isa(isa):
        documents, scores, n = gather(table, nothing, offsets, postings, np.ones(2, np.bool_), 5)
    assert (len(documents), len(scores), n) == (0, 0, 0)


@pytest.mark.parametrize("id_dtype", [np.uint16, np.uint32])
@pytest.mark.parametrize("n_query", N_QUERIES)
def test_smooth_maxsim_conforms(n_query, id_dtype):
    rng = np.random.default_rng(n_query)
    offsets, documents = ragged(rng, LENGTHS)
    table = random_table(rng, 50, n_query)
    ids = rng.integers(0, 50, offsets[-1]).astype(id_dtype)
    results = on_each_isa(lambda: smooth_maxsim(table, ids, offsets, documents))
    expected = reference.smooth_maxsim(table, ids, offsets, documents)
    # A sum of up to 100 weights is off by 100 roundings at most, an octave's 1.45 times that.
    octaves = 1.45 * 100 * EPSILON * reference.ROWS_AN_OCTAVE + EPSILON * 2**15
    assert_conforms(results, expected, octaves * table.steps.sum() * 1.1)


def test_smooth_maxsim_of_the_greatest_and_least_products_is_finite():
    table = random_table(np.random.default_rng(0), 2, 33)
    table.rows[0, :33], table.rows[1, :33] = 2**15 - 1, -(2**15)
    n = 5000
    ids = np.repeat(np.array([0, 1], np.uint16), n)
    offsets, documents = np.array([0, n, 2 * n]), np.array([0, 1])
    results = on_each_isa(lambda: smooth_maxsim(table, ids, offsets, documents))
    expected = reference.smooth_maxsim(table, ids, offsets, documents)
    assert np.isfinite(expected).all()
    assert_conforms(results, expected, 1e-4 * np.abs(expected))


@pytest.mark.parametrize("expects", [False, True])
@pytest.mark.parametrize("sharpness", [0.0, 0.5, 4.0, 64.0])
@pytest.mark.parametrize("n_query", [0, 1, 17, 33])
def test_sharp_maxsim_codes_conforms(n_query, sharpness, expects):
    rng = np.random.default_rng(n_query)
    offsets, documents = ragged(rng, LENGTHS)
    query = random_query(rng, n_query, dim=32, bits=4)
    codes = Columns(rng, offsets[-1], dim=32, bits=4, n_centroids=50)
    table = random_table(rng, 50, n_query)
    products = query.scales * reference.code_products(query, codes.residuals)
    largest = 2 * (np.abs(table.scores).max(initial=0) + np.abs(products).max(initial=0))
    options = {"sharpness": sharpness, "expected": None}
    if expects:
        options["expected"] = rng.normal(size=n_query).astype(np.float32)
    results = on_each_isa(lambda: maxsim_codes(query, table, codes, offsets, documents, **options))
    expected = reference.maxsim_codes(query, table, codes, offsets, documents, **options)
    assert_conforms(results, expected, 8 * EPSILON * (largest + 1) * (n_query + 1))


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("dim", [16, 32, 48, 64, 80, 96, 112, 128, 144, 208, 256, 768])
@pytest.mark.parametrize("n_query", [0, 1, 16, 17, 33, 129])
def test_maxsim_codes_conforms(n_query, dim, bits):
    rng = np.random.default_rng(dim * 1000 + n_query * 10 + bits)
    offsets, documents = ragged(rng, LENGTHS)
    query = random_query(rng, n_query, dim=dim, bits=bits)
    codes = Columns(rng, offsets[-1], dim=dim, bits=bits, n_centroids=50)
    table = random_table(rng, 50, n_query)
    products = query.scales * reference.code_products(query, codes.residuals)
    largest = 2 * (np.abs(table.scores).max(initial=0) + np.abs(products).max(initial=0))
    results = on_each_isa(lambda: maxsim_codes(query, table, codes, offsets, documents))
    expected = reference.maxsim_codes(query, table, codes, offsets, documents)
    assert_conforms(results, expected, 4 * EPSILON * largest * (n_query + 1))
    results = on_each_isa(lambda: code_maxima(query, table, codes, offsets))
    expected = reference.code_maxima(query, table, codes, offsets)
    assert expected.shape == (len(LENGTHS), n_query)
    assert_conforms(results, expected, 4 * EPSILON * largest)


BLOCK_LENGTHS = (0, 1, 47, 48, 143, 144, 145, 96, 0, 192, 1000, 3300)


def some_contexts(rng, offsets, dim):
    """Contexts for all blocks; their products are about as large as those of `random_table`."""
    of_documents = kernels.block_offsets(offsets)
    n = int(of_documents[-1])
    return kernels.Contexts(
        rng.integers(0, 256, (n, dim // 2)).astype(np.uint8),
        rng.uniform(0, 0.4, n).astype(np.float16),
        of_documents,
    )


@pytest.mark.parametrize("dim", [16, 48, 128, 208])
@pytest.mark.parametrize("n_query", [0, 1, 17, 33])
def test_smooth_maxsim_conforms_in_context(n_query, dim):
    rng = np.random.default_rng(n_query)
    offsets, documents = ragged(rng, BLOCK_LENGTHS)
    query, table = random_query(rng, n_query, dim=dim, bits=2), random_table(rng, 50, n_query)
    contexts = some_contexts(rng, offsets, dim)
    ids = rng.integers(0, 50, offsets[-1]).astype(np.uint16)
    results = on_each_isa(
        lambda: smooth_maxsim(table, ids, offsets, documents, query=query, contexts=contexts)
    )
    expected = reference.smooth_maxsim(table, ids, offsets, documents, query, contexts)
    octaves = 1.45 * 3300 * EPSILON * reference.ROWS_AN_OCTAVE + EPSILON * 2**15
    assert_conforms(results, expected, octaves * table.steps.sum() * 1.1)
    without = smooth_maxsim(table, ids, offsets, documents)
    assert n_query == 0 or (results["scalar"] != without).any()


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("dim", [16, 48, 128, 208])
@pytest.mark.parametrize("n_query", [0, 1, 17, 33])
def test_maxsim_codes_conforms_in_context(n_query, dim, bits):
    rng = np.random.default_rng(dim * 1000 + n_query * 10 + bits)
    offsets, documents = ragged(rng, BLOCK_LENGTHS)
    query = random_query(rng, n_query, dim=dim, bits=bits)
    codes = Columns(rng, offsets[-1], dim=dim, bits=bits, n_centroids=50)
    contexts, table = some_contexts(rng, offsets, dim), random_table(rng, 50, n_query)
    products = query.scales * reference.code_products(query, codes.residuals)
    largest = 2 * (table.steps.max(initial=0) * 2**15 + np.abs(products).max(initial=0))
    results = on_each_isa(
        lambda: maxsim_codes(query, table, codes, offsets, documents, contexts=contexts)
    )
    expected = reference.maxsim_codes(query, table, codes, offsets, documents, contexts)
    assert_conforms(results, expected, 4 * EPSILON * largest * (n_query + 1))


@pytest.mark.parametrize("n_tokens", [0, 1, 95, 143, 144, 500])
def test_code_maxima_conforms_in_context(n_tokens):
    rng = np.random.default_rng(n_tokens)
    whole = np.array([0, n_tokens])
    query, table = random_query(rng, 18, dim=48, bits=4), random_table(rng, 50, 18)
    codes = Columns(rng, n_tokens, dim=48, bits=4, n_centroids=50)
    contexts = some_contexts(rng, whole, 48)
    spans = np.sort(rng.integers(0, n_tokens + 1, 30))
    results = on_each_isa(lambda: code_maxima(query, table, codes, spans, contexts=contexts))
    expected = reference.code_maxima(query, table, codes, spans, contexts)
    products = query.scales * reference.code_products(query, codes.residuals)
    largest = 2 * (table.steps.max() * 2**15 + np.abs(products).max(initial=0))
    assert_conforms(results, expected, 4 * EPSILON * largest)
    of_whole = code_maxima(query, table, codes, whole, contexts=contexts)
    (score,) = maxsim_codes(query, table, codes, whole, np.array([0]), contexts=contexts)
    assert score == pytest.approx(of_whole.sum(dtype=np.float64), rel=1e-6)


@pytest.mark.parametrize("isa", kernels.available_isas())
def test_a_score_in_context_stays_within_16_bits(isa):
    query = a_query(np.full((1, 16), 127), [1.0])
    table = CentroidTable.empty(2, np.array([1.0], np.float32))
    table.rows[:] = reference.LOWEST
    table.rows[:, 0] = 32000, -32000
    codes = Columns(np.random.default_rng(0), 2, dim=16, bits=4, n_centroids=2)
    codes.centroid_ids[:] = 0, 1
    codes.residuals[:] = codes.gains[:] = 0
    codes.norms[:] = 1
    # A product is 16 * 127 * 63 times the step of a level, .01: 1,384.
    contexts = kernels.Contexts(
        np.array([[0xFF] * 8, [0x00] * 8], np.uint8),
        np.ones(2, np.float16),
        np.array([0, 1, 2]),
    )
    with kernels.use_isa(isa):
        scores = maxsim_codes(
            query, table, codes, np.array([0, 1, 2]), np.array([0, 1]), contexts=contexts
        )
    assert scores.tolist() == [32767, -32768]


@pytest.mark.parametrize("isa", kernels.available_isas())
@pytest.mark.parametrize("offsets", [[0, 1, 1], [0, 2, 4], [1, 2, 3], [0, 1, 3]])
def test_contexts_that_do_not_fit_the_documents_are_refused(isa, offsets):
    rng = np.random.default_rng(0)
    query, table = random_query(rng, 3, dim=16, bits=4), random_table(rng, 5, 3)
    codes = Columns(rng, 20, dim=16, bits=4, n_centroids=5)
    contexts = kernels.Contexts(
        np.zeros((2, 8), np.uint8), np.zeros(2, np.float16), np.array(offsets)
    )
    tokens, documents = np.array([0, 10, 20]), np.array([0, 1])
    with kernels.use_isa(isa):
        with pytest.raises(ValueError, match="contexts of document"):
            maxsim_codes(query, table, codes, tokens, documents, contexts=contexts)
        with pytest.raises(ValueError, match="contexts of document"):
            smooth_maxsim(
                table, codes.centroid_ids, tokens, documents, query=query, contexts=contexts
            )
        with pytest.raises(ValueError, match="query must be given"):
            smooth_maxsim(table, codes.centroid_ids, tokens, documents, contexts=contexts)


def test_blocks_are_cut_where_they_should_be():
    offsets = np.array([0, 0, 1, 144, 288, 531])
    assert kernels.block_offsets(offsets).tolist() == [0, 0, 1, 2, 4, 7]
    assert kernels.block_bounds(offsets).tolist() == [0, 1, 144, 240, 288, 384, 480, 531]


def test_maxsim_codes_takes_512_query_tokens_and_wide_ids():
    rng = np.random.default_rng(0)
    offsets, documents = ragged(rng, (5, 11))
    query = random_query(rng, 512, dim=64, bits=4)
    codes = Columns(rng, 16, dim=64, bits=4, n_centroids=70_000, id_dtype=np.uint32)
    table = random_table(rng, 70_000, 512)
    results = on_each_isa(lambda: maxsim_codes(query, table, codes, offsets, documents))
    expected = reference.maxsim_codes(query, table, codes, offsets, documents)
    assert_conforms(results, expected, 512 * 1e-5)


@pytest.mark.parametrize(("value", "code"), [(-127, 0), (-127, 15), (127, 0), (127, 15)])
def test_the_largest_integers_do_not_saturate(value, code):
    dim = 2048
    levels = np.repeat(np.array([-63, 63], np.int8), 8)
    values, ones = np.full((3, dim), value, np.int8), np.ones(3, np.float32)
    query = QuantisedQuery(values, ones, levels, np.float32(1), 4)
    codes = Columns(np.random.default_rng(0), 4, dim=dim, bits=4, n_centroids=1)
    codes.residuals[:] = code * 17
    codes.gains[:] = codes.norms[:] = 1
    table = CentroidTable.empty(1, ones)
    table.rows[:] = 0
    offsets, documents = np.array([0, 4]), np.array([0])
    results = on_each_isa(lambda: maxsim_codes(query, table, codes, offsets, documents))
    exact = 3 * dim * value * (63 if code else -63)
    for result in results.values():
        assert result.tolist() == [exact]


def test_every_float16_becomes_the_same_float32_everywhere():
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    n = len(halves)
    codes = Columns(np.random.default_rng(0), n, dim=16, bits=4, n_centroids=1)
    codes.norms, codes.gains = halves, np.zeros(n, np.float16)
    values, ones = np.zeros((1, 16), np.int8), np.ones(1, np.float32)
    query = QuantisedQuery(values, ones, np.arange(16).astype(np.int8), np.float32(1), 4)
    table = CentroidTable.empty(1, ones)
    table.rows[:] = 1
    one_each = np.arange(n + 1)
    results = on_each_isa(lambda: maxsim_codes(query, table, codes, one_each, one_each[:-1]))
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
    query = random_query(rng, 9, dim=32, bits=2)
    codes = Columns(rng, offsets[-1], dim=32, bits=2, n_centroids=20)
    floats, vectors, centroids = (
        normal(rng, 9, 32),
        normal(rng, offsets[-1], 32),
        normal(rng, 20, 32),
    )
    bytes_, steps, longest = random_centroids(rng, 2500, 32)
    table = kernels.centroid_table(query, bytes_, steps, longest)
    packed = kernels.pack_centroids(centroids)

    def everything(n):
        return [
            kernels.centroid_scores(floats, vectors, threads=n),
            kernels.nearest_centroids(vectors, packed, threads=n),
            kernels.maxsim(floats, vectors, offsets, threads=n),
            kernels.centroid_table(query, bytes_, steps, longest, threads=n).rows,
            smooth_maxsim(table, codes.centroid_ids, offsets, documents, threads=n),
            maxsim_codes(query, table, codes, offsets, documents, threads=n),
            code_maxima(query, table, codes, np.arange(len(codes.norms) + 1), threads=n),
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
    query, table = random_query(rng, 5, dim=32, bits=4), random_table(rng, 20, 5)
    with kernels.use_isa(isa):
        of_part = maxsim_codes(query, table, part, np.array([0, 11]), np.array([0]))
        of_whole = maxsim_codes(query, table, whole, np.array([0, 7, 18, 30]), np.array([1]))
    np.testing.assert_array_equal(of_part, of_whole)
