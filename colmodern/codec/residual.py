"""How is the residual of a token, what its centroid leaves over, kept in a few bits?

Vectors are rotated at random once, so that every dimension of a residual carries about the same,
and what is quantised is the *direction* of the residual, whose components then follow one law for
all tokens. One scalar codebook serves all dimensions: the levels of Lloyd and Max (Lloyd 1982, Max
1960), which minimise the squared error. The least-squares gain of each token puts the length back.

Levels are whole numbers of steps within -63..63, so the integer kernel computes with exactly the
directions that ``decode`` gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colmodern.kernels import MAX_LEVEL, pack_residuals, unpack_residuals
from colmodern.types import FloatMatrix, FloatVector

_ITERATIONS = 200
_ENOUGH_COMPONENTS = 10_000
_MANY_COMPONENTS = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The scalar codebook: what each code of 1, 2 or 4 bits stands for.

    Attributes:
        values: Shape (2**bits,), int8 within -63..63, ascending.
        step: What one means in a direction of unit length.
    """

    values: NDArray[np.int8]
    step: np.float32

    @property
    def bits(self) -> int:
        """How many bits a code has."""
        return (len(self.values) - 1).bit_length()

    @property
    def reals(self) -> FloatVector:
        """The levels as components of a unit vector, shape (2**bits,), float32."""
        return self.values.astype(np.float32) * self.step

    def quantise(self, directions: FloatMatrix) -> NDArray[np.uint8]:
        """Return the number of the nearest level of every component, same shape, uint8."""
        # Midpoints between levels are whole numbers of half steps, so a table
        # of half steps is exact.
        half_steps = np.floor(directions * (np.float32(2) / self.step)) + np.float32(2 * MAX_LEVEL)
        places = np.clip(half_steps, 0, 4 * MAX_LEVEL - 1, out=half_steps).astype(np.uint8)
        codes: NDArray[np.uint8] = self._nearest_of_half_steps()[places]
        return codes

    def pack(self, directions: FloatMatrix) -> NDArray[np.uint8]:
        """Return directions (n, dim) as packed codes, shape (n, dim * bits // 8), uint8."""
        return pack_residuals(self.quantise(directions), self.bits)

    def unpack(self, residuals: NDArray[np.uint8]) -> FloatMatrix:
        """Return the directions that packed codes stand for, shape (n, dim), float32."""
        return self.reals[unpack_residuals(residuals, self.bits)]

    def _nearest_of_half_steps(self) -> NDArray[np.uint8]:
        centres = (np.arange(4 * MAX_LEVEL) - 2 * MAX_LEVEL + 0.5) / 2
        distances = np.abs(centres[:, np.newaxis] - self.values.astype(np.float64))
        codes: NDArray[np.uint8] = distances.argmin(axis=1).astype(np.uint8)
        return codes


def train_levels(directions: FloatMatrix, dim: int, bits: int) -> Levels:
    """Return the levels that minimise the squared error of components of unit residuals.

    Args:
        directions: Shape (n, dim), float32, rows of unit length or zero. If there are too few of
            them, the normal law takes their place, which is what a random direction follows.
        dim: The length of a direction.
        bits: 1, 2 or 4.
    """
    components = np.abs(directions.reshape(-1)[:_MANY_COMPONENTS]).astype(np.float64) * np.sqrt(dim)
    components = components[components > 0]
    if len(components) < _ENOUGH_COMPONENTS:
        components = _half_normal(_ENOUGH_COMPONENTS)
    positive = lloyd_max(components, 2 ** (bits - 1))
    units = np.maximum(np.rint(positive * (MAX_LEVEL / positive[-1])), 1).astype(np.int8)
    step = np.float32(positive[-1] / MAX_LEVEL / np.sqrt(dim))
    return Levels(np.concatenate([-units[::-1], units]), step)


def lloyd_max(values: NDArray[np.float64], n_levels: int) -> NDArray[np.float64]:
    """Return the levels, ascending, that are a local minimum of the squared error of values."""
    ordered = np.sort(values)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    levels = np.quantile(ordered, (np.arange(n_levels) + 0.5) / n_levels)
    for _ in range(_ITERATIONS):
        midpoints = (levels[1:] + levels[:-1]) / 2
        edges = np.concatenate([[0], np.searchsorted(ordered, midpoints), [len(ordered)]])
        counts = np.diff(edges)
        moved = np.where(counts > 0, np.diff(sums[edges]) / np.maximum(counts, 1), levels)
        if np.array_equal(moved, levels):
            break
        levels = moved
    return levels


def _half_normal(n: int) -> NDArray[np.float64]:
    from statistics import NormalDist  # slow to import, and rarely needed

    quantile = NormalDist().inv_cdf
    return np.array([quantile(0.5 + (i + 0.5) / (2 * n)) for i in range(n)])
