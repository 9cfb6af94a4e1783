"""How is the residual of a token, what its centroid leaves over, kept in a few bits?

Vectors are rotated at random once, so that what is quantised, the *direction* of the residual, has
components that follow one law for all tokens and dimensions: nearly the normal law, with a standard
deviation of ``1 / sqrt(dim)``. So the levels are those of the normal law, and nothing is learnt.
The least-squares gain of each token puts the length back.

With 4 bits every component gets its nearest level (Lloyd 1982, Max 1960). With 1 and 2 bits the
level of a component depends on the codes of the next ones as well: trellis-coded quantisation
(Marcellin and Fischer 1990), in the bit-shift form of QTIP (Tseng et al. 2024). Its squared error
is a fifth lower with 2 bits and a seventh with 1, and what a search does is the same: shift, mask,
look up. ``kernels/reference.py`` defines it.

Levels are whole numbers of steps within -63..63, so the integer kernel computes with exactly the
directions that ``decode`` gives. ``python -m benchmarks.trellis`` made them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from colmodern.frozen import frozen
from colmodern.kernels import unpack_residuals
from colmodern.types import FloatMatrix, FloatVector

_NORMAL_LEVELS = {
    1: (0.02564, [27, -29, -27, 24, 63, -13, -59, 12, -26, 29, 25, -27, -13, 47, 12, -53]),
    2: (0.03359, [42, 15, -9, -40, -63, -25, 21, 0, 9, 39, -42, -15, -24, -1, 63, 26]),
    4: (0.04326, [-63, -48, -37, -29, -22, -15, -9, -3, 3, 9, 15, 22, 29, 37, 48, 63]),
}
"""For each number of bits, what one means in standard deviations, and the levels."""


@frozen(eq=False)
class Levels:
    """What the level numbers of a component stand for.

    Attributes:
        values: Shape (16,), int8 within -63..63; ascending if a code has 4 bits.
        step: What one means in a direction of unit length.
        bits: How many bits a code has: 1, 2 or 4.
    """

    values: NDArray[np.int8]
    step: np.float32
    bits: int

    @property
    def reals(self) -> FloatVector:
        """The levels as components of a unit vector, shape (16,), float32."""
        return self.values.astype(np.float32) * self.step

    def unpack(self, residuals: NDArray[np.uint8]) -> FloatMatrix:
        """Return the directions that packed codes stand for, shape (n, dim), float32."""
        return self.reals[unpack_residuals(residuals, self.bits)]


def normal_levels(dim: int, bits: int) -> Levels:
    """Return the levels for directions of ``dim`` components, in 1, 2 or 4 bits each."""
    deviations, values = _NORMAL_LEVELS[bits]
    return Levels(np.array(values, np.int8), np.float32(deviations / math.sqrt(dim)), bits)
