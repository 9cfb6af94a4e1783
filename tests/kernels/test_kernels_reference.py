"""The definition of the kernels against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern.kernels import QuantisedQuery, reference

INF = float("inf")


class Columns:
    def __init__(self, centroid_ids, residuals, gains, norms):
        self.centroid_ids = np.array(centroid_ids, np.uint16)
        self.residuals = np.array(residuals, np.uint8)
        self.gains = np.array(gains, np.float16)
        self.norms = np.array(norms, np.float16)


def floats(*rows):
    return np.array(rows, np.float32)


def integers(*values):
    return np.array(values, np.int64)


def test_maxsim_adds_the_best_product_of_each_query_token():
    query = floats([1, 0], [0, 1])
    vectors = floats([0.5, -1], [0.25, 2], [-3, -4])
    scores = reference.maxsim(query, vectors, integers(0, 2, 3))
    assert scores.tolist() == [0.5 + 2, -3 + -4]


def test_a_document_without_tokens_scores_minus_infinity():
    scores = reference.maxsim(floats([1, 0]), floats([1, 0]), integers(0, 0, 1, 1))
    assert scores.tolist() == [-INF, 1, -INF]


def test_a_query_without_tokens_scores_zero_even_for_an_empty_document():
    query = np.zeros((0, 2), np.float32)
    assert reference.maxsim(query, floats([1, 0]), integers(0, 1, 1)).tolist() == [0, 0]


def test_a_nan_is_never_a_maximum():
    scores = floats([np.nan, np.nan], [2, np.nan])
    ids = np.array([0, 1], np.uint16)
    result = reference.centroid_maxsim(scores, ids, integers(0, 2), integers(0))
    assert result.tolist() == [-INF]
    result = reference.centroid_maxsim(scores[:, :1], ids, integers(0, 2), integers(0))
    assert result.tolist() == [2]


def test_centroid_scores_has_a_row_for_each_centroid():
    scores = reference.centroid_scores(floats([1, 2]), floats([3, 4], [-1, 0], [0, 0.5]))
    assert scores.tolist() == [[11], [-1], [1]]


def test_the_nearest_centroid_is_by_distance_and_not_by_product():
    centroids = floats([10, 0], [1, 0], [1, 0])
    assert reference.nearest_centroids(floats([2, 0], [9, 1]), centroids).tolist() == [1, 0]


def test_centroid_maxsim_takes_the_listed_documents_in_their_order():
    scores = floats([1, 5], [2, -1], [-3, 7])
    ids = np.array([0, 1, 2, 1], np.uint32)
    result = reference.centroid_maxsim(scores, ids, integers(0, 2, 3, 4), integers(2, 0, 0))
    assert result.tolist() == [2 - 1, 2 + 5, 2 + 5]


def test_unpacking_takes_the_lowest_bits_of_a_byte_first():
    byte = np.array([[0b11_01_00_10]], np.uint8)
    assert reference.unpack_residuals(byte, 1).tolist() == [[0, 1, 0, 0, 1, 0, 1, 1]]
    assert reference.unpack_residuals(byte, 2).tolist() == [[2, 0, 1, 3]]
    assert reference.unpack_residuals(byte, 4).tolist() == [[2, 13]]


def test_packing_undoes_unpacking():
    codes = np.array([[2, 0, 1, 3]], np.uint8)
    assert reference.pack_residuals(codes, 2).tolist() == [[0b11_01_00_10]]


def test_maxsim_codes_is_norm_times_centroid_score_plus_gain_times_product():
    # One bit, eight dimensions; levels -3 and 5: the code 0b11 has the direction 5, 5, -3 x 6.
    values = np.array([[1, 0, 0, 0, 0, 0, 0, 2]], np.int8)
    query = QuantisedQuery(values, floats(0.5).reshape(1), np.array([-3, 5], np.int8))
    codes = Columns([1, 0], [[0b11], [0]], [2, 1], [0.5, 4])
    scores = floats([-1], [10])
    assert reference.code_products(query, codes.residuals).tolist() == [[5 - 6], [-3 - 6]]
    first = 0.5 * (10 + 2 * 0.5 * (5 - 6))
    second = 4 * (-1 + 1 * 0.5 * (-3 - 6))
    result = reference.maxsim_codes(query, scores, codes, integers(0, 1, 2), integers(0, 1))
    assert result.tolist() == pytest.approx([first, second])
