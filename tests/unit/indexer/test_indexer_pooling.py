"""Fewer vectors for a document: which tokens merge, what stands for them, where they stand."""

import numpy as np
import pytest

from colmodern import kernels
from colmodern.indexer import pool_tokens
from colmodern.indexer.pooling import WINDOW
from colmodern.types import TokenEmbeddings


def tokens_of(vectors, spans=None):
    vectors = np.array(vectors, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if spans is None:
        spans = [(4 * i, 4 * i + 3) for i in range(len(vectors))]
    return TokenEmbeddings(vectors, np.array(spans, np.int32).reshape(-1, 2))


def random_tokens(n, dim=16, seed=0):
    return tokens_of(np.random.default_rng(seed).standard_normal((n, dim)))


def test_neighbours_share_a_vector_and_a_span():
    pooled = pool_tokens(tokens_of([[1, 0], [0, 1], [0, 1]]), 2, "adjacent")
    np.testing.assert_allclose(pooled.vectors, [[0.5**0.5, 0.5**0.5], [0, 1]], atol=1e-6)
    assert pooled.spans.tolist() == [[0, 7], [8, 11]]


def test_the_most_alike_share_a_vector_and_the_nearest_to_it_says_where():
    tokens = tokens_of([[1, 0], [0, 1], [1, 0.2], [1, 0.1]])
    pooled = pool_tokens(tokens, 2, "closest")
    mean = tokens.vectors[[0, 2, 3]].sum(axis=0)
    np.testing.assert_allclose(pooled.vectors, [[0, 1], mean / np.linalg.norm(mean)], atol=1e-6)
    assert pooled.spans.tolist() == [[4, 7], [12, 15]]  # of the last, which is nearest to the mean


def test_opposite_vectors_leave_the_first_and_not_a_nan():
    pooled = pool_tokens(tokens_of([[1, 0], [-1, 0]]), 2, "closest")
    np.testing.assert_allclose(pooled.vectors, [[1, 0]])


@pytest.mark.parametrize("pooling", ["adjacent", "closest"])
@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("n", [0, 1, 2, 5, WINDOW, WINDOW + 1, 3 * WINDOW + 7])
def test_a_share_of_the_tokens_is_left_in_order_and_of_unit_length(pooling, factor, n):
    tokens = random_tokens(n)
    pooled = pool_tokens(tokens, factor, pooling)
    assert len(pooled) == -(-n // factor)
    assert pooled.vectors.dtype == np.float32
    assert pooled.spans.dtype == np.int32
    assert (np.diff(pooled.spans[:, 0]) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(pooled.vectors, axis=1), 1, atol=1e-6)


def test_a_window_does_not_look_beyond_itself():
    tokens = random_tokens(2 * WINDOW)
    whole = pool_tokens(tokens, 2)
    half = pool_tokens(TokenEmbeddings(tokens.vectors[:WINDOW], tokens.spans[:WINDOW]), 2)
    np.testing.assert_array_equal(whole.vectors[: len(half)], half.vectors)


def test_tokens_of_the_title_do_not_merge_with_those_of_the_text():
    tokens = tokens_of([[1, 0]] * 5, spans=[(0, 0), (0, 0), (0, 0), (0, 3), (4, 9)])
    assert pool_tokens(tokens, 2, "closest").spans.tolist() == [[0, 0], [0, 0], [0, 3]]
    assert pool_tokens(tokens, 4, "adjacent").spans.tolist() == [[0, 0], [0, 9]]


def test_a_factor_of_one_and_vectors_that_are_not_finite_change_nothing():
    tokens = random_tokens(9)
    assert pool_tokens(tokens, 1) is tokens
    tokens.vectors[3] = np.nan
    assert pool_tokens(tokens, 2) is tokens


@pytest.mark.parametrize(("n", "n_clusters"), [(0, 1), (1, 1), (2, 1), (9, 9), (40, 13), (90, 1)])
def test_merging_is_the_same_natively_with_equal_vectors_too(n, n_clusters):
    vectors = random_tokens(n).vectors
    vectors[5 : n // 2] = vectors[3 : n // 2 - 2]
    products = kernels.centroid_scores(vectors, vectors)
    native = kernels.merge_closest(products, n_clusters)
    with kernels.use_isa(kernels.REFERENCE):
        np.testing.assert_array_equal(native, kernels.merge_closest(products, n_clusters))
    assert len(set(native.tolist())) == min(n, n_clusters)


def test_no_cluster_at_all_is_refused():
    with pytest.raises(ValueError, match="n_clusters must be at least 1"):
        kernels.merge_closest(np.ones((2, 2), np.float32), 0)
