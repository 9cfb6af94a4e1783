"""What does a ModernBERT compute on rows of numbers, attention aside?

Float32 functions on matrices with one token a row. They write into arrays the caller owns where
that saves time; none of them looks at neighbouring tokens.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from colmodern.frozen import frozen
from colmodern.types import FloatMatrix, FloatVector, IntVector

# gelu(x) = x * Phi(x) with Phi the normal distribution function, and
# Phi(x) = 1 / (1 + exp(-x h(x^2))) for a smooth h. These are the coefficients of -h as a
# polynomial in x^2, highest first: a minimax fit of the error of gelu on |x| <= 6, 7e-8. -h stays
# negative beyond, so the tails run to 0 and x. In float32 the error is below 1.7e-7 max(1, |x|).
_MINUS_H = tuple(
    np.float32(c)
    for c in (
        -3.61123031e-09,
        2.66892705e-07,
        -7.93821707e-06,
        1.10480303e-04,
        6.62600358e-05,
        -7.26685671e-02,
        -1.59576843,
    )
)
_GELU_BLOCK = 48  # rows of a block of the gated MLP: three of its buffers fit a level-2 cache


@frozen(eq=False)
class Norm:
    """A layer norm: weight and bias have shape (hidden,); the bias may be absent."""

    weight: FloatVector
    bias: FloatVector | None
    eps: float

    def __call__(self, rows: FloatMatrix) -> FloatMatrix:
        """Return the normalised rows in a new array."""
        width = rows.shape[1]
        averages = np.full((width, 1), 1.0 / width, np.float32)
        centred = rows - rows @ averages  # a matrix product sums faster than mean() does
        variance = np.einsum("ij,ij->i", centred, centred) / np.float32(width)
        centred *= (1.0 / np.sqrt(variance + np.float32(self.eps)))[:, None]
        centred *= self.weight
        if self.bias is not None:
            centred += self.bias
        return centred


@frozen(eq=False)
class Linear:
    """A linear layer: weight (inputs, outputs) C-contiguous, as the matrix product likes it."""

    weight: FloatMatrix
    bias: FloatVector | None

    def __call__(self, rows: FloatMatrix, out: FloatMatrix | None = None) -> FloatMatrix:
        """Return rows times weight plus bias, in ``out`` if given."""
        product = np.matmul(rows, self.weight, out=out)
        if self.bias is not None:
            product += self.bias
        return product


def gelu(values: FloatMatrix, out: FloatMatrix) -> FloatMatrix:
    """Return x times the normal distribution function of x, exact to float32 (not the tanh form).

    Args:
        values: Any shape.
        out: The result, same shape; may not overlap with ``values``.
    """
    with np.errstate(over="ignore"):  # far out, exp(inf) makes 1 / inf: the zero of the tail
        square = values * values
        np.multiply(square, _MINUS_H[0], out=out)
        for coefficient in _MINUS_H[1:-1]:
            out += coefficient
            out *= square
        out += _MINUS_H[-1]
        out *= values
        np.exp(out, out=out)
    out += np.float32(1.0)
    return np.divide(values, out, out=out)


def gated_gelu(rows: FloatMatrix) -> FloatMatrix:
    """Return gelu of the left half of the columns times the right half (GeGLU, Shazeer 2020)."""
    n_rows, width = rows.shape[0], rows.shape[1] // 2
    gated = np.empty((n_rows, width), np.float32)
    for start in range(0, n_rows, _GELU_BLOCK):
        block = slice(start, start + _GELU_BLOCK)
        activated = gelu(rows[block, :width], gated[block])
        activated *= rows[block, width:]
    return gated


def normalise(rows: FloatMatrix) -> FloatMatrix:
    """Scale each row to length 1, in place; a row of zeros stays zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.maximum(lengths, np.float32(1e-12))[:, None]
    return rows


def rotary_frequencies(theta: float, head_dim: int) -> FloatVector:
    """Return how far a position turns each pair of a head's values, shape (head_dim / 2,)."""
    # Rounded to float32 where the reference rounds: at position 8,192 the last bit of a
    # frequency is an angle of 5e-4.
    exponents = np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim)
    periods = (theta ** exponents.astype(np.float64)).astype(np.float32)
    return np.float32(1.0) / periods


class RotaryTable:
    """The rotations of rotary position embedding (Su et al. 2021), made when first asked for.

    A head's values are taken in pairs as complex numbers; position p turns pair j by
    p * theta ** (-2 j / head_dim).
    """

    def __init__(self, theta: float, head_dim: int) -> None:
        """Keep the frequencies; no table is made yet."""
        self._frequencies = rotary_frequencies(theta, head_dim)
        self._table = np.empty((0, head_dim // 2), np.complex64)
        self._lock = threading.Lock()

    def at(self, positions: IntVector) -> NDArray[np.complex64]:
        """Return the rotations of the positions, shape (n, head_dim / 2)."""
        needed = int(positions.max(initial=-1)) + 1
        with self._lock:
            if needed > len(self._table):
                self._table = self._rotations(max(needed, 2 * len(self._table), 64))
            table = self._table
        return table[positions]

    def _rotations(self, n_positions: int) -> NDArray[np.complex64]:
        positions = np.arange(n_positions, dtype=np.float32)
        angles = (positions[:, None] * self._frequencies).astype(np.float64)
        rotations: NDArray[np.complex64] = np.exp(1j * angles).astype(np.complex64)
        return rotations
