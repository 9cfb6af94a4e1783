"""How residuals are quantised."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern.codec import train_codec
from colmodern.codec.residual import normal_levels


def error_of_the_normal_law(bits, dim):
    """Return the squared error of directions of the normal law, in variances of a component."""
    codec = train_codec(np.zeros((0, dim), np.float32), bits=bits)  # its centroid is zero
    vectors = np.random.default_rng(0).standard_normal((2**18 // dim, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = normal_levels(dim, bits).unpack(codec.encode(vectors).residuals)
    return np.square(codec.rotate(vectors) - directions).sum(axis=1).mean()


# J. Max, Quantizing for Minimum Distortion, 1960, table I, has 0.3634, 0.1175 and 0.009497 for one
# level number a component. A broken trellis is not better than that.
@pytest.mark.parametrize(
    ("bits", "dim", "error"),
    [
        (1, 64, 0.315),
        (1, 128, 0.315),
        (1, 96, 0.325),
        (1, 112, 0.335),
        (2, 64, 0.095),
        (2, 128, 0.095),
        (2, 48, 0.098),
        (2, 112, 0.098),
        (4, 128, 0.0097),
    ],
)
def test_the_error_is_that_of_the_trellis(bits, dim, error):
    assert error_of_the_normal_law(bits, dim) < error


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_levels_are_whole_numbers_of_seven_bits(bits):
    levels = normal_levels(64, bits)
    assert levels.bits == bits
    assert levels.values.dtype == np.int8
    assert levels.values.shape == (16,)
    assert np.abs(levels.values).max() == 63


def test_levels_of_four_bits_are_those_that_max_tabulated():
    levels = normal_levels(64, 4)
    assert (levels.values == -levels.values[::-1]).all()
    tabulated = [0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733]
    assert levels.reals[8:] * 8 == pytest.approx(tabulated, abs=0.025)


def test_levels_shrink_as_dimensions_grow():
    few, many = normal_levels(32, 2), normal_levels(128, 2)
    np.testing.assert_allclose(few.reals, 2 * many.reals)
    assert few.reals.dtype == np.float32
