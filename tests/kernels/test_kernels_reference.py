"""The definition of the kernels against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern.kernels import CentroidTable, QuantisedQuery, reference

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


def a_table(rows, steps=None):
    """A table of these rows; each number means one unless steps say otherwise."""
    rows = np.array(rows, np.int16)
    steps = np.ones(rows.shape[1], np.float32) if steps is None else np.array(steps, np.float32)
    table = CentroidTable.empty(len(rows), steps)
    table.rows[:] = reference.LOWEST
    table.rows[:, : rows.shape[1]] = rows
    return table


def a_query(values, steps):
    """A query for codes of one bit, which alone decide the level."""
    levels = np.tile(np.array([-3, 5], np.int8), 8)
    return QuantisedQuery(of_16(values), np.array(steps, np.float32), levels, np.float32(0.5), 1)


def of_16(rows):
    """Rows of whole numbers in 16 dimensions, of which the last are 0."""
    return np.array([[*row, *[0] * (16 - len(row))] for row in rows], np.int8)


def a_query_of_16(*values):
    """The same with values for the first dimensions of 16 and steps of 1, 2, ..."""
    return a_query(values, range(1, len(values) + 1))


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
    query, vectors = floats([1, 0], [0, 1]), floats([np.nan, 1], [2, np.nan])
    assert reference.maxsim(query, vectors, integers(0, 2)).tolist() == [-INF]
    vectors = floats([np.nan], [2], [np.nan])
    assert reference.maxsim(floats([1]), vectors, integers(0, 3)).tolist() == [2]


def test_centroid_scores_has_a_row_for_each_centroid():
    scores = reference.centroid_scores(floats([1, 2]), floats([3, 4], [-1, 0], [0, 0.5]))
    assert scores.tolist() == [[11], [-1], [1]]


def test_the_nearest_centroid_is_by_distance_and_not_by_product():
    centroids = floats([10, 0], [1, 0], [1, 0])
    assert reference.nearest_centroids(floats([2, 0], [9, 1]), centroids).tolist() == [1, 0]


def test_scales_are_what_one_means_in_a_token_times_what_one_means_in_a_level():
    assert a_query([[1], [2]], [0.25, 3]).scales.tolist() == [0.125, 1.5]


def test_centroid_rows_are_products_in_whole_steps_padded_with_the_lowest():
    # Products of the integers: 2 * 10 - 3 * 20 = -40 and 2 * -7 + 3 * 1 = -11; the second token is
    # half as long. A centroid's step is 1 or 10, a table's step 4.
    query = a_query([[2, -3], [2, -3]], [1, 0.5])
    centroids = of_16([[10, 20], [-7, -1]])
    table_steps = np.zeros(32, np.float32)
    table_steps[:2] = 4
    rows = reference.centroid_rows(query, centroids, floats(1, 10), table_steps)
    assert rows.shape == (2, 32)
    assert rows[:, :2].tolist() == [[-10, -5], [-28, -14]]  # -27.5 and -13.75, to the even
    assert (rows[:, 2:] == -(2**15)).all()


def test_a_product_beyond_16_bits_is_cut_off():
    query = a_query([[127], [-127]], [1, 1])
    table_steps = np.full(32, 1e-3, np.float32)
    rows = reference.centroid_rows(query, of_16([[127]]), floats(1), table_steps)
    assert rows[0, :2].tolist() == [2**15 - 1, -(2**15)]


def test_what_is_expected_is_the_mean_of_the_best_of_each_document_with_tokens():
    table = a_table([[5, -1], [7, -1], [5, 3], [-2, -1]])
    ids = np.array([0, 1, 3, 2, 2], np.uint32)
    step = table.steps[0]
    expected = reference.expected_maxima(table, ids, integers(0, 3, 3, 5))
    np.testing.assert_allclose(expected, [step * (7 + 5) / 2, step * (-1 + 3) / 2])
    nothing = reference.expected_maxima(table, ids[:0], integers(0, 0))
    assert nothing.tolist() == [0, 0]


def test_matches_count_by_what_they_are_above_the_expected_ones():
    maxima, expected = np.array([[1.0, 0.5], [0.5, 1.0]]), floats(1, 0.25)
    above = np.array([[0, 0.25], [-0.5, 0.75]])
    by_hand = 1.25 + 2 * np.log(np.exp(4 * above).mean(axis=1)) / 4
    np.testing.assert_allclose(reference.total(maxima, 4.0, expected), by_hand)
    plain = reference.total(maxima, 4.0)
    np.testing.assert_allclose(reference.total(maxima, 4.0, floats(0, 0)), plain)
    # The same for all tokens changes nothing.
    np.testing.assert_allclose(reference.total(maxima, 4.0, floats(3, 3)), plain)
    assert reference.total(maxima, 0.0, expected).tolist() == [1.5, 1.5]


def test_probe_takes_the_best_of_each_query_token_and_the_lower_id_of_equals():
    table = a_table([[5, -1], [7, -1], [5, 3], [-2, -1]])
    assert reference.probe(table, 1).tolist() == [[1], [2]]
    assert reference.probe(table, 3).tolist() == [[1, 0, 2], [2, 0, 1]]


def test_gather_adds_how_much_better_than_the_last_one_probed():
    # Query token 0 probes centroids 1 (7) and 0 (5), token 1 probes 2 (3) and 0 (-1), in halves.
    table = a_table([[5, -1], [7, -2], [0, 3]], [1, 0.5])
    probed = np.array([[1, 0], [2, 0]], np.uint32)
    postings, offsets = np.array([0, 1, 2, 1, 3, 2], np.uint16), integers(0, 3, 5, 6)
    allowed = np.array([True, True, True, False])
    lists = (table, probed, offsets, postings, allowed)
    result = reference.gather(*lists, np.zeros(4, np.float32), 10)
    # Document 0 holds centroid 0 alone, 1 holds 0 and 1, 2 holds 0 and 2; 3 may not be returned.
    assert [part.tolist() for part in result[:2]] == [[1, 2, 0], [2, 2, 0]]
    assert result[2] == 3
    taken_off = np.array([0, 0.5, 0.25, 9], np.float32)
    documents, scores, n_found = reference.gather(*lists, taken_off, 1)
    assert (documents.tolist(), scores.tolist(), n_found) == ([2], [1.75], 3)


def test_a_weight_doubles_every_so_many_rows():
    octaves = np.array([-40, -1, 0, 1, 25, 49])
    rows = np.ceil(octaves * reference.ROWS_AN_OCTAVE).astype(np.int16)
    assert reference.weight(rows).tolist() == pytest.approx((2.0**octaves).tolist(), rel=0.01)
    assert reference.weight(np.zeros(1, np.int16)).tolist() == [1]


def test_a_weight_is_at_most_6_percent_above_the_power_and_never_falls():
    rows = np.arange(-(2**15), 2**15).astype(np.int16)
    weights = reference.weight(rows)
    ratio = weights / 2 ** (rows / reference.ROWS_AN_OCTAVE)
    assert ratio.min() > 0.99
    assert 1.05 < ratio.max() < 1.065
    assert (np.diff(weights) >= 0).all()


def test_smooth_maxsim_of_one_token_is_its_product_to_a_step_of_the_weight():
    row = 10 * reference.ROWS_AN_OCTAVE  # 2**10, where the weight is exact
    table = a_table([[int(np.ceil(row))]], [0.5])
    ids = np.array([0, 0, 0], np.uint16)
    one, two = reference.smooth_maxsim(table, ids, integers(0, 1, 3), integers(0, 1))
    assert one == pytest.approx(0.5 * row)
    # The same token twice: an octave more.
    assert two - one == pytest.approx(0.5 * reference.ROWS_AN_OCTAVE)


def test_smooth_maxsim_takes_the_listed_documents_in_their_order_and_adds_query_tokens():
    # Rows of 0 weigh 1, so n tokens weigh n: log2(n) octaves in each lane.
    table = a_table([[0, 0]], [1, 2])
    ids = np.zeros(7, np.uint32)
    result = reference.smooth_maxsim(table, ids, integers(0, 4, 4, 5, 7), integers(3, 0, 1, 2))
    octave = reference.ROWS_AN_OCTAVE
    assert result.tolist() == [3 * octave, 6 * octave, -INF, 0]


def test_smooth_maxsim_of_no_query_token_is_zero():
    table = a_table(np.zeros((1, 0)))
    ids = np.zeros(1, np.uint16)
    assert reference.smooth_maxsim(table, ids, integers(0, 1, 1), integers(0, 1)).tolist() == [0, 0]


def test_a_level_number_is_a_code_and_above_it_those_of_the_next_dimensions():
    row = np.array([[0b11_01_00_10, 0b00_00_01_10]], np.uint8)
    ones = [0b0010, 0b1001, 0b0100, 0b1010, 0b1101, 0b0110, 0b1011, 0b1101]
    ones += [0b0110, 0b0011, 0b0001, 0, 0, 0, 0, 0]
    assert reference.unpack_residuals(row, 1).tolist() == [ones]
    twos = [0b0010, 0b0100, 0b1101, 0b1011, 0b0110, 0b0001, 0, 0]
    assert reference.unpack_residuals(row, 2).tolist() == [twos]
    assert reference.unpack_residuals(row, 4).tolist() == [[2, 13, 6, 0]]


@pytest.mark.parametrize(
    ("row_bytes", "run_bytes"), [(2, 2), (4, 4), (6, 2), (8, 8), (12, 4), (14, 2), (16, 8), (40, 8)]
)
def test_a_run_is_the_longest_of_8_4_or_2_bytes_that_divides_a_row(row_bytes, run_bytes):
    numbers = reference.unpack_residuals(np.full((1, row_bytes), 255, np.uint8), 2)
    ends = np.flatnonzero(numbers[0] == 0b0011)  # no code follows
    assert ends.tolist() == list(range(4 * run_bytes - 1, 4 * row_bytes, 4 * run_bytes))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_codes_of_a_run_are_the_best_of_all(bits):
    # Eight bits a run are few enough to try all codes.
    rng = np.random.default_rng(bits)
    n = 8 // bits
    every = np.stack(np.meshgrid(*[np.arange(2**bits)] * n, indexing="ij"), axis=-1).reshape(-1, n)
    padded = np.zeros((len(every), 16 // bits), np.uint8)
    padded[:, :n] = every
    packed = reference.pack_residuals(padded, bits)
    numbers = reference.unpack_residuals(packed, bits)[:, :n]
    levels = np.sort(rng.integers(-63, 64, 16)).astype(float)
    if bits < 4:
        levels = rng.permutation(levels)
    runs = rng.normal(0, 30, (50, n))
    codes = reference._code_runs(runs, levels, bits)
    errors = np.square(runs[:, np.newaxis] - levels[numbers]).sum(axis=2)
    np.testing.assert_array_equal(codes, every[errors.argmin(axis=1)])


def test_packing_puts_the_first_dimension_in_the_lowest_bits():
    codes = np.array([[2, 0, 1, 3]], np.uint8)
    assert reference.pack_residuals(codes, 2).tolist() == [[0b11_01_00_10]]


def test_maxsim_codes_is_norm_times_centroid_score_plus_gain_times_product():
    # One bit; levels -3 and 5: the code 0b11 has the direction 5, 5, -3 x 14.
    query = a_query_of_16([1, 0, 0, 0, 0, 0, 0, 2])
    codes = Columns([1, 0], [[0b11, 0], [0, 0]], [2, 1], [0.5, 4])
    table = a_table([[-4], [40]], [0.25])
    assert reference.code_products(query, codes.residuals).tolist() == [[5 - 6], [-3 - 6]]
    first = 0.5 * (10 + 2 * 0.5 * (5 - 6))
    second = 4 * (-1 + 1 * 0.5 * (-3 - 6))
    result = reference.maxsim_codes(query, table, codes, integers(0, 1, 2), integers(0, 1))
    assert result.tolist() == pytest.approx([first, second])


def test_code_maxima_keeps_query_tokens_apart():
    query = a_query_of_16([1, 0, 0, 0, 0, 0, 0, 2], [0, -1])
    codes = Columns([1, 0, 0], [[0b11, 0], [0, 0], [0b10, 0]], [2, 1, 1], [0.5, 4, 1])
    table = a_table([[-4, 8], [40, 0]], [0.25, 0.5])
    # First query token: 4.5, -22 and -1 + 0.5 * (-3 - 6). Second: -5, 4 * (4 + 3) and 4 - 5.
    maxima = reference.code_maxima(query, table, codes, integers(0, 2, 2, 3))
    assert maxima.tolist() == [[4.5, 28], [-INF, -INF], [-5.5, -1]]


def test_a_sharp_total_lies_between_mean_and_maximum_and_a_blunt_one_is_the_sum():
    maxima = np.array([[0.5, 1.0], [0.25, 0.25], [-np.inf, -np.inf]])
    np.testing.assert_array_equal(reference.total(maxima, 0.0), [1.5, 0.5, -np.inf])
    sharp = reference.total(maxima, 4.0)
    by_hand = 2 * np.log((np.exp(2.0) + np.exp(4.0)) / 2) / 4
    np.testing.assert_allclose(sharp, [by_hand, 0.5, -np.inf])
    np.testing.assert_allclose(reference.total(maxima, 64.0)[0], 2.0, atol=0.03)
