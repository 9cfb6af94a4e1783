"""What must hold for every query and every document."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colmodern import kernels
from colmodern.kernels import CentroidTable, QuantisedQuery, reference

from .one_segment import maxsim_codes, smooth_maxsim

ISAS = kernels.available_isas()
seeds = st.integers(0, 2**32 - 1)
laws = settings(max_examples=40, deadline=None, derandomize=True)


class Columns:
    def __init__(self, centroid_ids, residuals, gains, norms):
        self.centroid_ids, self.residuals = centroid_ids, residuals
        self.gains, self.norms = gains, norms

    def rows(self, order):
        columns = (self.centroid_ids, self.residuals, self.gains, self.norms)
        return Columns(*(column[order] for column in columns))


class Case:
    """A query and one coded document."""

    def __init__(self, seed, n_query, n_tokens, bits):
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.values = rng.integers(-127, 128, (n_query, 48)).astype(np.int8)
        self.steps = rng.uniform(0, 1e-3, n_query).astype(np.float32)
        self.levels, self.bits = rng.integers(-63, 64, 16).astype(np.int8), bits
        self.rows = rng.integers(-(2**15), 2**15, (9, n_query)).astype(np.int16)
        self.row_steps = rng.uniform(0, 1e-4, n_query).astype(np.float32)
        self.codes = Columns(
            rng.integers(0, 9, n_tokens).astype(np.uint16),
            rng.integers(0, 256, (n_tokens, 48 * bits // 8), dtype=np.uint8),
            rng.uniform(0, 1, n_tokens).astype(np.float16),
            rng.uniform(0.5, 2, n_tokens).astype(np.float16),
        )

    def score(self, codes=None, tokens=slice(None)):
        codes = codes or self.codes
        values, steps = self.values[tokens], self.steps[tokens]
        query = QuantisedQuery(values, steps, self.levels, np.float32(1), self.bits)
        offsets = np.array([0, len(codes.centroid_ids)])
        scores = maxsim_codes(query, self.table(tokens), codes, offsets, np.array([0]))
        return float(scores[0])

    def smooth_score(self, codes=None, tokens=slice(None)):
        ids = (codes or self.codes).centroid_ids
        offsets = np.array([0, len(ids)])
        return float(smooth_maxsim(self.table(tokens), ids, offsets, np.array([0]))[0])

    def table(self, tokens):
        steps = self.row_steps[tokens]
        table = CentroidTable.empty(len(self.rows), steps)
        table.rows[:] = reference.LOWEST
        table.rows[:, : len(steps)] = self.rows[:, tokens]
        return table


cases = st.builds(Case, seeds, st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 2, 4]))


@pytest.mark.parametrize("isa", ISAS)
@laws
@given(case=cases)
def test_the_order_of_tokens_does_not_matter(isa, case):
    with kernels.use_isa(isa):
        order = case.rng.permutation(len(case.codes.centroid_ids))
        assert case.score(case.codes.rows(order)) == case.score()


@pytest.mark.parametrize("isa", ISAS)
@laws
@given(case=cases)
def test_another_token_never_lowers_the_score(isa, case):
    with kernels.use_isa(isa):
        fewer = case.codes.rows(slice(len(case.codes.centroid_ids) - 1))
        assert case.score() >= case.score(fewer)
        assert case.smooth_score() >= case.smooth_score(fewer)


@pytest.mark.parametrize("isa", ISAS)
@laws
@given(case=cases)
def test_a_smooth_maximum_lies_between_the_maximum_and_what_as_many_equals_would_give(isa, case):
    table = case.table(slice(None))
    maximum = table.scores[case.codes.centroid_ids].max(axis=0).sum()
    octaves = np.log2(len(case.codes.centroid_ids)) + 0.1  # a weight is up to 6 % too great
    with kernels.use_isa(isa):
        above = case.smooth_score() - maximum
    octave = float(table.steps.sum()) * reference.ROWS_AN_OCTAVE
    assert -0.02 * octave <= above <= octaves * octave


@pytest.mark.parametrize("isa", ISAS)
@laws
@given(case=cases, cut=st.integers(0, 40))
def test_the_score_is_the_sum_over_parts_of_the_query(isa, case, cut):
    with kernels.use_isa(isa):
        parts = case.score(tokens=slice(cut)) + case.score(tokens=slice(cut, None))
        assert parts == pytest.approx(case.score(), rel=1e-5, abs=1e-4)
        parts = case.smooth_score(tokens=slice(cut)) + case.smooth_score(tokens=slice(cut, None))
        assert parts == pytest.approx(case.smooth_score(), rel=1e-5, abs=1e-4)


@laws
@given(seed=seeds, n=st.integers(0, 20), strips=st.integers(1, 5), bits=st.sampled_from([1, 2, 4]))
def test_unpacking_gives_back_what_was_packed(seed, n, strips, bits):
    codes = np.random.default_rng(seed).integers(0, 2**bits, (n, 16 * strips), dtype=np.uint8)
    packed = kernels.pack_residuals(codes, bits)
    assert packed.shape == (n, 2 * strips * bits)
    numbers = kernels.unpack_residuals(packed, bits)
    assert numbers.max(initial=0) < 16
    np.testing.assert_array_equal(numbers & (2**bits - 1), codes)
    np.testing.assert_array_equal(numbers[:, -1], codes[:, -1])


@pytest.mark.parametrize("isa", ISAS)
@laws
@given(seed=seeds, factor=st.sampled_from([0.5, 2.0, 4.0]))
def test_scaling_a_query_scales_the_score(isa, seed, factor):
    rng = np.random.default_rng(seed)
    query = rng.standard_normal((5, 32), dtype=np.float32)
    vectors, offsets = rng.standard_normal((7, 32), dtype=np.float32), np.array([0, 7])
    with kernels.use_isa(isa):
        scaled = kernels.maxsim(query * np.float32(factor), vectors, offsets)
        assert scaled == pytest.approx(factor * kernels.maxsim(query, vectors, offsets), rel=1e-6)
