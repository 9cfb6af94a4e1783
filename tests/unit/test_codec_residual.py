"""How residuals are quantised."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern.codec.residual import Levels, lloyd_max, train_levels


def test_lloyd_max_finds_two_heaps():
    values = np.array([1.0, 2.0, 3.0, 10.0, 11.0, 12.0])
    assert lloyd_max(values, 2).tolist() == [2, 11]


@pytest.mark.parametrize(("bits", "error"), [(1, 0.3634), (2, 0.1175), (4, 0.009497)])
def test_levels_of_the_normal_law_have_the_error_that_max_tabulated(bits, error):
    # J. Max, Quantizing for Minimum Distortion, 1960, table I.
    components = np.random.default_rng(0).standard_normal((4096, 64)).astype(np.float32)
    levels = train_levels(components / 8, 64, bits)
    rebuilt = levels.unpack(levels.pack(components / 8)) * 8
    assert np.square(components - rebuilt).mean() == pytest.approx(error, rel=0.03)


def test_levels_without_a_sample_are_those_of_the_normal_law():
    nothing = train_levels(np.zeros((0, 64), np.float32), 64, 2)
    # Max's levels for four outputs: 0.4528 and 1.510 standard deviations.
    assert nothing.reals * 8 == pytest.approx([-1.510, -0.4528, 0.4528, 1.510], rel=0.02)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_levels_are_symmetric_whole_numbers_of_seven_bits(bits):
    levels = train_levels(np.zeros((0, 64), np.float32), 64, bits)
    assert levels.bits == bits
    assert levels.values.dtype == np.int8
    assert len(np.unique(levels.values)) == 2**bits
    assert levels.values.max() == 63
    assert (levels.values == -levels.values[::-1]).all()


def test_every_component_gets_its_nearest_level():
    levels = Levels(np.array([-63, -10, 9, 63], np.int8), np.float32(0.01))
    components = np.linspace(-1, 1, 100_001, dtype=np.float32).reshape(1, -1)
    nearest = np.abs(components.T - levels.reals).argmin(axis=1)
    chosen = levels.quantise(components)[0]
    # A component halfway between two levels may go either way.
    midpoints = (levels.reals[1:] + levels.reals[:-1]) / 2
    clear = np.abs(components.T - midpoints).min(axis=1) > 1e-6
    assert clear.sum() > 99_000
    np.testing.assert_array_equal(chosen[clear], nearest[clear])
