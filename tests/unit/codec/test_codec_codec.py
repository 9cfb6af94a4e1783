"""From vectors to codes and back."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern import kernels
from colmodern.codec import Codec, Codes, plan_n_centroids, train_codec
from colmodern.codec.centroids import float_centroids, quantise_centroids
from colmodern.errors import InputError


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def clustered(n, *, dim=64, n_topics=60, seed=0):
    """Unit vectors around topics, with a few dimensions that carry most."""
    rng = np.random.default_rng(seed)
    scale = 1 / np.sqrt(1 + np.arange(dim))
    topics = rng.standard_normal((n_topics, dim)) * scale
    noise = rng.standard_normal((n, dim)) * scale
    return unit(topics[rng.integers(0, n_topics, n)] + 0.7 * noise)


@pytest.fixture(scope="module")
def vectors():
    return clustered(6000)


@pytest.fixture(scope="module", params=[1, 2, 4])
def codec(request, vectors):
    return train_codec(vectors, bits=request.param, n_centroids=64)


def test_more_bits_come_closer(vectors):
    errors = []
    for bits in (1, 2, 4):
        codec = train_codec(vectors, bits=bits, n_centroids=64)
        errors.append(np.square(codec.decode(codec.encode(vectors)) - vectors).sum(axis=1).mean())
    assert errors[0] > 2 * errors[1] > 10 * errors[2]
    assert errors[2] < 0.01


def test_codes_have_the_promised_shapes(codec, vectors):
    codes = codec.encode(vectors[:5])
    assert len(codes) == 5
    assert codes.centroid_ids.dtype == np.uint16
    assert codes.residuals.shape == (5, 64 * codec.bits // 8)
    assert codes.gains.dtype == codes.norms.dtype == np.float16
    assert codes.nbytes == 5 * (2 + 8 * codec.bits + 4)


def test_decoded_vectors_have_unit_length(codec, vectors):
    lengths = np.linalg.norm(codec.decode(codec.encode(vectors)), axis=1)
    assert lengths == pytest.approx(np.ones(len(vectors)), abs=1e-3)


def test_codes_do_not_depend_on_the_batch_or_the_threads(codec, vectors):
    whole = codec.encode(vectors, threads=2)
    parts = Codes.concatenate([codec.encode(vectors[:1]), codec.encode(vectors[1:])])
    for name in ("centroid_ids", "residuals", "gains", "norms"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_what_neighbours_have_in_common_is_coded_once(codec):
    rng = np.random.default_rng(3)
    offsets = np.array([0, 96, 96, 300, 301, 700])
    shared = np.repeat(rng.standard_normal((5, codec.dim)), np.diff(offsets), axis=0)
    vectors = (clustered(700, seed=4) + 0.6 * shared / np.sqrt(codec.dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codes, contexts = codec.encode_documents(vectors, offsets, threads=2)
    assert len(contexts) == 1 + 0 + 2 + 1 + 4
    decoded = codec.decode(codes, contexts, offsets)
    np.testing.assert_allclose(np.linalg.norm(decoded, axis=1), 1, atol=2e-3)
    without = codec.decode(codec.encode(vectors))
    errors = [np.square(found - vectors).sum() for found in (decoded, without)]
    assert errors[0] < 0.9 * errors[1]
    query = clustered(17, seed=5)
    quantised = codec.quantise_query(query)
    segments = kernels.Segments([kernels.SegmentArrays(offsets, codes, contexts)])
    table = codec.centroid_table(quantised)
    found = kernels.maxsim_codes(quantised, table, segments, np.arange(5))
    np.testing.assert_allclose(found, kernels.maxsim(query, decoded, offsets), atol=0.02)


def test_a_slice_of_codes_is_a_view():
    codec = train_codec(clustered(20))
    codes = codec.encode(clustered(20))
    part = codes[3:9]
    assert len(part) == 6
    assert part.residuals.base is not None
    np.testing.assert_array_equal(codec.decode(part), codec.decode(codes)[3:9])


def test_nothing_cannot_be_concatenated():
    with pytest.raises(ValueError, match="at least one"):
        Codes.concatenate([])


def test_scores_of_codes_are_those_of_decoded_vectors_up_to_the_step_of_the_query(codec, vectors):
    query = clustered(17, seed=5)
    offsets = np.arange(0, 6001, 100)
    codes = codec.encode(vectors)
    decoded = codec.decode(codes)
    exact = kernels.maxsim(query, decoded, offsets)
    quantised = codec.quantise_query(query)
    table = codec.centroid_table(quantised)
    segments = kernels.Segments([kernels.SegmentArrays(offsets, codes)])
    found = kernels.maxsim_codes(quantised, table, segments, np.arange(60))
    # A component of the query is off by half a step at most, so a product is off by half a step
    # times the sum of the other's components. The table adds half of its own step.
    half_steps = np.abs(codec.rotate(query)).max(axis=1) / 127 / 2
    residuals = codes.norms * codes.gains * np.abs(codec.levels).max() * codec.dim
    centroids = codes.norms * np.abs(codec.float_centroids).sum(axis=1)[codes.centroid_ids]
    bound = half_steps.sum() * float((residuals + centroids).max())
    bound += table.steps.sum() / 2 * float(codes.norms.max())
    assert np.abs(found - exact).max() < bound
    # Errors of many components cancel: what is seen is far below the bound.
    assert np.abs(found - exact).max() < 0.02


def test_a_centroid_table_holds_the_products_with_centroids(codec):
    query = clustered(17, seed=5)
    table = codec.centroid_table(codec.quantise_query(query))
    exact = codec.float_centroids @ codec.rotate(query).T
    np.testing.assert_allclose(table.scores, exact, atol=0.01)
    # A table's step is so fine that what is off is the query's doing.
    lengths = np.linalg.norm(query, axis=1)
    np.testing.assert_allclose(
        table.steps[:17], lengths * (codec.longest_centroid + 0.25) / 32767, rtol=0.02
    )
    assert codec.longest_centroid == pytest.approx(
        np.linalg.norm(codec.float_centroids, axis=1).max()
    )


def test_a_table_gives_back_the_same_codec(codec, vectors):
    table = {name: array.copy() for name, array in codec.to_table().items()}
    again = Codec.from_table(table)
    assert again.fingerprint == codec.fingerprint
    assert (again.dim, again.bits, again.n_centroids) == (codec.dim, codec.bits, codec.n_centroids)
    np.testing.assert_array_equal(
        again.encode(vectors[:50]).residuals, codec.encode(vectors[:50]).residuals
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rotation", 0),
        ("centroids", 0),
        ("centroid_steps", 1),
        ("bits", 2),
        ("level_values", 0),
        ("level_step", 1),
    ],
)
def test_the_fingerprint_sees_every_array(name, value):
    codec = train_codec(clustered(50))
    table = {key: array.copy() for key, array in codec.to_table().items()}
    table[name].reshape(-1)[0] = value
    assert Codec.from_table(table).fingerprint != codec.fingerprint


@pytest.mark.parametrize(
    ("name", "array", "error"),
    [
        ("rotation", np.zeros((64, 32), np.float32), ValueError),
        ("rotation", np.zeros((64, 64), np.float64), TypeError),
        ("centroids", np.zeros((4, 64), np.float32), TypeError),
        ("centroids", np.zeros(64, np.int8), ValueError),
        ("centroids", np.zeros((4, 24), np.int8), ValueError),
        ("centroids", np.full((4, 64), -128, np.int8), ValueError),
        ("centroid_steps", np.zeros(3, np.float32), ValueError),
        ("bits", np.array([3], np.uint8), ValueError),
        ("bits", np.array([4, 4], np.uint8), ValueError),
        ("bits", np.array([4], np.int64), TypeError),
        ("level_values", np.zeros(8, np.int8), ValueError),
        ("level_values", np.zeros((4, 4), np.int8), ValueError),
        ("level_values", np.full(16, 64, np.int8), ValueError),
        ("level_step", np.zeros(2, np.float32), ValueError),
    ],
)
def test_a_table_that_is_no_codec_is_refused(name, array, error):
    table = train_codec(clustered(50)).to_table() | {name: array}
    with pytest.raises(error):
        Codec.from_table(table)


def with_documents():
    return train_codec(clustered(50)).with_documents(clustered(30), np.array([0, 10, 10, 30]))


def test_documents_are_kept_as_their_centroids_none_twice():
    codec = with_documents()
    ids = codec.encode(clustered(30)).centroid_ids
    kept = codec.documents
    assert kept.offsets.tolist() == [0, *np.cumsum([len(set(ids[:10])), 0, len(set(ids[10:]))])]
    assert set(kept.centroid_ids[: kept.offsets[1]]) == set(ids[:10])
    query = codec.quantise_query(clustered(5, seed=3))
    table = codec.centroid_table(query)
    by_hand = [table.scores[ids[a:b]].max(axis=0) for a, b in ((0, 10), (10, 30))]
    np.testing.assert_allclose(kept.expected_maxima(table), np.mean(by_hand, axis=0), rtol=1e-6)


def test_documents_are_part_of_the_table_and_of_the_fingerprint():
    codec = with_documents()
    again = Codec.from_table(codec.to_table())
    assert again.fingerprint == codec.fingerprint != train_codec(clustered(50)).fingerprint
    np.testing.assert_array_equal(again.documents.offsets, codec.documents.offsets)
    assert Codec.from_table(train_codec(clustered(50)).to_table()).documents is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"sample_ids": np.zeros(3, np.int32)}, TypeError),
        ({"sample_ids": np.full(3, 9999, np.uint32)}, ValueError),
        ({"sample_ids": np.zeros((3, 1), np.uint32)}, ValueError),
        ({"sample_ids": np.zeros(2, np.uint32)}, ValueError),
        ({"sample_ids": np.zeros(40000, np.uint32), "sample_offsets": [0, 40000]}, ValueError),
        ({"sample_offsets": np.array([0, 3], np.int32)}, TypeError),
        ({"sample_offsets": []}, ValueError),
        ({"sample_offsets": [1, 3]}, ValueError),
        ({"sample_offsets": [0, 4, 3]}, ValueError),
        ({"sample_offsets": [0, -1, 3]}, ValueError),
        ({"sample_offsets": [0, 2**63 - 1, -(2**63), -1, 3]}, ValueError),
        ({"sample_offsets": [[0, 3]]}, ValueError),
        ({"sample_offsets": None}, KeyError),
        ({"sample_ids": None}, KeyError),
    ],
)
def test_documents_that_are_none_are_refused(changes, error):
    table = train_codec(clustered(50)).to_table()
    table |= {"sample_ids": np.zeros(3, np.uint32), "sample_offsets": np.array([0, 3])}
    assert Codec.from_table(table).documents is not None
    for name, value in changes.items():
        del table[name]
        if value is not None:
            table[name] = np.array(value, np.int64) if isinstance(value, list) else value
    with pytest.raises(error):
        Codec.from_table(table)


def test_the_seed_decides_the_codec():
    vectors = clustered(500)
    assert train_codec(vectors, seed=1).fingerprint == train_codec(vectors, seed=1).fingerprint
    assert train_codec(vectors, seed=1).fingerprint != train_codec(vectors, seed=2).fingerprint


def test_threads_do_not_change_the_codec():
    vectors = clustered(500)
    one, many = train_codec(vectors, threads=1), train_codec(vectors, threads=3)
    assert one.fingerprint == many.fingerprint


@pytest.mark.parametrize("n", [0, 1, 2, 15])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_tiny_sample_still_gives_a_codec(n, bits):
    codec = train_codec(clustered(n), bits=bits, n_centroids=16)
    assert codec.n_centroids == max(n, 1)
    others = clustered(40, seed=9)
    decoded = codec.decode(codec.encode(others))
    assert ((decoded * others).sum(axis=1) > {1: 0.3, 2: 0.75, 4: 0.95}[bits]).all()


def test_no_vectors_have_no_codes():
    codec = train_codec(clustered(40))
    codes = codec.encode(np.zeros((0, 64), np.float32))
    assert len(codes) == 0
    assert codec.decode(codes).shape == (0, 64)
    assert len(codec.quantise_query(np.zeros((0, 64), np.float32))) == 0


def test_a_vector_of_zeros_comes_back_as_zeros_and_scores_zero():
    vectors = clustered(40)
    vectors[7] = 0
    codec = train_codec(vectors)
    codes = codec.encode(vectors)
    assert codes.norms[7] == 0
    assert (codec.decode(codes)[7] == 0).all()
    query = clustered(3, seed=1)
    quantised = codec.quantise_query(query)
    table = codec.centroid_table(quantised)
    segments = kernels.Segments([kernels.SegmentArrays(np.array([0, 7, 8, 40]), codes)])
    found = kernels.maxsim_codes(quantised, table, segments, np.array([1]))
    assert found.tolist() == [0]


def test_a_query_token_of_zeros_adds_nothing():
    codec = train_codec(clustered(40))
    query = clustered(2, seed=1)
    query[1] = 0
    quantised = codec.quantise_query(query)
    assert quantised.steps[1] == quantised.scales[1] == 0
    assert (quantised.values[1] == 0).all()
    table = codec.centroid_table(quantised)
    assert (table.scores[:, 1] == 0).all()
    assert (table.scores[:, 0] != 0).any()


def test_another_length_than_one_is_kept():
    codec = train_codec(clustered(500))
    vectors = clustered(20, seed=3)
    longer = codec.decode(codec.encode(vectors * np.float32(5)))
    np.testing.assert_allclose(
        longer, 5 * codec.decode(codec.encode(vectors)), rtol=2e-3, atol=1e-6
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [(np.nan, "holds NaN"), (np.inf, "holds NaN or infinity"), (1e20, "has length 1e.20")],
)
@pytest.mark.parametrize("call", ["encode", "quantise_query", "train"])
def test_a_row_that_is_no_vector_is_named(call, value, words):
    codec, vectors = train_codec(clustered(40)), clustered(10)
    vectors[3, 5] = value
    target = train_codec if call == "train" else getattr(codec, call)
    with pytest.raises(InputError, match=rf"\[3\] {words}"):
        target(vectors)


def test_wrong_arguments_are_refused():
    codec = train_codec(clustered(40))
    with pytest.raises(TypeError, match="float32 or float16 of shape"):
        codec.encode(np.zeros((1, 64)))
    with pytest.raises(ValueError, match=r"\(n, 64\), got shape \(1, 32\)"):
        codec.encode(np.zeros((1, 32), np.float32))
    with pytest.raises(ValueError, match="bits must be 1, 2 or 4, got 3"):
        train_codec(clustered(40), bits=3)
    with pytest.raises(ValueError, match="n_centroids must be at least 1, got 0"):
        train_codec(clustered(40), n_centroids=0)
    with pytest.raises(ValueError, match="multiple of 16 from 16 to 2048, got 40"):
        train_codec(np.zeros((4, 40), np.float32))
    with pytest.raises(ValueError, match=r"\(n, dim\), got \(4,\)"):
        train_codec(np.zeros(4, np.float32))


@pytest.mark.parametrize("dim", [32, 48, 96, 128, 384, 768])
def test_any_multiple_of_16_dimensions_works(dim):
    vectors = clustered(1500, dim=dim)
    codec = train_codec(vectors, bits=2, n_centroids=64)
    codes, errors = codec.encode_measured(vectors)
    assert codes.residuals.shape == (1500, dim // 4)
    off = np.square(codec.decode(codes) - vectors).sum(axis=1)
    np.testing.assert_allclose(errors, off, rtol=0.05, atol=1e-4)
    assert errors.mean() < 0.12
    distances = np.linalg.norm(
        codec.rotate(vectors)[:, np.newaxis] - codec.float_centroids[np.newaxis], axis=2
    )
    chosen = distances[np.arange(1500), codes.centroid_ids]
    assert (chosen <= distances.min(axis=1) + 0.01).all()


def test_half_precision_is_taken_as_it_is():
    vectors = clustered(300).astype(np.float16)
    codec = train_codec(vectors, n_centroids=16)
    assert codec.fingerprint == train_codec(vectors.astype(np.float32), n_centroids=16).fingerprint
    found, expected = codec.encode(vectors), codec.encode(vectors.astype(np.float32))
    np.testing.assert_array_equal(found.residuals, expected.residuals)


def test_the_rotation_is_orthogonal_and_keeps_products():
    codec, vectors = train_codec(clustered(40)), clustered(30, seed=2)
    rotated = codec.rotate(vectors)
    np.testing.assert_allclose(rotated @ rotated.T, vectors @ vectors.T, atol=1e-5)
    assert not np.allclose(rotated, vectors, atol=0.1)


@pytest.mark.parametrize(
    ("n_tokens", "n_centroids"),
    [
        (0, 1),
        (1, 1),
        (15, 1),
        (16, 2),
        (1000, 64),
        (100_000, 4096),
        (10**6, 8192),
        (10**7, 32768),
        (10**9, 65536),
    ],
)
def test_centroids_grow_with_the_root_of_the_tokens(n_tokens, n_centroids):
    assert plan_n_centroids(n_tokens) == n_centroids


def quantile_buckets(vectors, codec, bits):
    """What PLAID does: residuals as they are, buckets of equal weight for all dimensions."""
    centroids = codec.float_centroids @ codec.rotation.T
    nearest = kernels.nearest_centroids(vectors, kernels.pack_centroids(centroids))
    residuals = vectors - centroids[nearest]
    cuts = np.quantile(residuals, np.arange(1, 2**bits) / 2**bits)
    weights = np.quantile(residuals, (np.arange(2**bits) + 0.5) / 2**bits)
    return unit(centroids[nearest] + weights[np.searchsorted(cuts, residuals)])


def recall(scores, exact, k=10):
    def best(row):
        return set(np.argsort(-row, kind="stable")[:k])

    return np.mean([len(best(a) & best(b)) / k for a, b in zip(scores, exact, strict=True)])


@pytest.mark.parametrize(("bits", "floor"), [(1, 0.5), (2, 0.7), (4, 0.9)])
def test_the_codebook_beats_quantile_buckets_at_equal_bits(vectors, bits, floor):
    codec = train_codec(vectors, bits=bits, n_centroids=64)
    offsets = np.arange(0, 6001, 20)
    queries = [clustered(8, seed=seed) for seed in range(100, 130)]

    def ranked(values):
        return [kernels.maxsim(query, values, offsets) for query in queries]

    exact = ranked(vectors)
    ours, theirs = codec.decode(codec.encode(vectors)), quantile_buckets(vectors, codec, bits)
    assert np.square(ours - vectors).mean() < 0.9 * np.square(theirs - vectors).mean()
    assert recall(ranked(ours), exact) > floor
    assert recall(ranked(ours), exact) > recall(ranked(theirs), exact)


def test_centroids_of_8_bits_are_off_by_half_a_step_at_most():
    vectors = clustered(30)
    values, steps = quantise_centroids(vectors)
    assert values.dtype == np.int8
    assert np.abs(values).max(axis=1).tolist() == [127] * 30
    off = np.abs(float_centroids(values, steps) - vectors)
    assert (off <= 0.5001 * steps[:, np.newaxis]).all()


def test_a_centroid_of_zeros_has_step_zero():
    values, steps = quantise_centroids(np.zeros((1, 64), np.float32))
    assert steps.tolist() == [0]
    assert (values == 0).all()
