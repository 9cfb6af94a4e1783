"""What does a linear layer compute in bytes?

Rows and weights are spread, rounded to whole numbers with a step each, and multiplied exactly. The
compiled code (``csrc/encoder``) gives the same bits. The whole pass has no twin in bytes: its norms
add floats in an order of each instruction set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colmodern.types import FloatMatrix, FloatVector

LANES = 16
_MOST_VECTORS = 16
_ROW_STEPS = np.float32(255)
_WEIGHT_STEPS = np.float32(127)
_PAIR_STEPS = np.float32(127)
_WORD_STEPS = np.float32(253)
# Of eight inputs, those whose products may be added in 16 bits, two and two.
_WORDS = np.array([[[0, 1], [4, 5]], [[2, 3], [6, 7]]])


@dataclass(frozen=True, slots=True, eq=False)
class ByteRows:
    """Rows in steps of a 255th of what lies between their least value and their greatest.

    Attributes:
        values: Shape (n, width), 0 to 255.
        steps: Shape (n,).
        least: Shape (n,): what the value 0 stands for.
    """

    values: NDArray[np.int32]
    steps: FloatVector
    least: FloatVector


@dataclass(frozen=True, slots=True, eq=False)
class ByteWeights:
    """The weights of each output in steps of its own.

    Attributes:
        values: Shape (outputs, width), -127 to 127.
        steps: Shape (outputs,).
        sums: Shape (outputs,): of the weights of an output.
    """

    values: NDArray[np.int32]
    steps: FloatVector
    sums: FloatVector


def multiply_in_bytes(weight: FloatMatrix, rows: FloatMatrix, *, in_words: bool) -> FloatMatrix:
    """Return the products of rows, shape (n, inputs), with a weight, shape (outputs, inputs).

    Args:
        weight: As a checkpoint has it, float32.
        rows: What goes in, float32.
        in_words: Whether products are added in 16 bits first, as with AVX2.
    """
    found = round_rows(rows)
    packed = round_weights(weight, in_words=in_words)
    whole = (found.values @ packed.values.T).astype(np.float32)
    # A fused multiply-add: the product of two floats is exact in double precision.
    scaled = (whole * found.steps[:, None]).astype(np.float64) * packed.steps
    return (scaled + (found.least[:, None] * packed.sums)).astype(np.float32)


def round_rows(rows: FloatMatrix) -> ByteRows:
    """Return rows as bytes, once they are spread."""
    spread = _spread(rows)
    least = np.minimum(spread.min(axis=1), np.float32(0))
    most = np.maximum(spread.max(axis=1), np.float32(0))
    reach = most - least
    share = np.divide(_ROW_STEPS, reach, out=np.zeros_like(reach), where=reach > 0)
    zero = -least * share
    exact = spread.astype(np.float64) * share[:, None] + zero[:, None]
    return ByteRows(np.rint(exact.astype(np.float32)).astype(np.int32), reach / _ROW_STEPS, least)


def round_weights(weight: FloatMatrix, *, in_words: bool) -> ByteWeights:
    """Return a weight as bytes, once it is spread.

    A step is a 127th of the greatest weight of an output. Products that are added in 16 bits may
    need longer ones. Two neighbours of one sign are 127 steps at most before they are rounded,
    hence 128 behind, and 255 times 128 is less than 2^15. Two such pairs are 253 steps at most
    without their signs, hence 255 behind, and 128 times 255 is less than 2^15, too: in a word bytes
    of rows count from -128.
    """
    # Spread rows and spread weights are four times as long each.
    spread = _spread(weight * np.float32(1 / 16))
    peaks = np.abs(spread).max(axis=1)
    if in_words:
        peaks = np.maximum(peaks, _word_steps(spread) * _WEIGHT_STEPS)
    share = np.divide(_WEIGHT_STEPS, peaks, out=np.zeros_like(peaks), where=peaks > 0)
    values = np.rint(spread * share[:, None]).astype(np.int32)
    steps = peaks / _WEIGHT_STEPS
    return ByteWeights(values, steps, steps * values.sum(axis=1).astype(np.float32))


def _word_steps(weights: FloatMatrix) -> FloatVector:
    """Return the least step with which sums in 16 bits hold all products of an output."""
    together = weights.reshape(len(weights), -1, 8)[:, :, _WORDS]
    zero = np.float32(0)
    above, below = (
        np.maximum(signed[..., 0], zero) + np.maximum(signed[..., 1], zero)
        for signed in (together, -together)
    )
    pairs = np.maximum(above, below).max(axis=(1, 2, 3))
    words = (above[..., 0] + below[..., 0]) + (above[..., 1] + below[..., 1])
    steps: FloatVector = np.maximum(pairs / _PAIR_STEPS, words.max(axis=(1, 2)) / _WORD_STEPS)
    return steps


def _spread(rows: FloatMatrix) -> FloatMatrix:
    """Return rows, filled up to whole vectors, as four times an orthogonal transform of them.

    Vectors of sixteen lanes, up to sixteen side by side, become their sums and differences.
    """
    n, inputs = rows.shape
    width = -(-inputs // LANES) * LANES
    vectors = np.zeros((n, width // LANES, LANES), np.float32)
    vectors.reshape(n, width)[:, :inputs] = rows
    begin, size = 0, _MOST_VECTORS
    while size:
        while begin + size <= vectors.shape[1]:
            _transform(vectors[:, begin : begin + size])
            begin += size
        size //= 2
    return vectors.reshape(n, width)


def _transform(vectors: FloatMatrix) -> None:
    """Turn vectors, shape (n, size, lanes), in place into four times a Walsh-Hadamard transform."""
    size = vectors.shape[1]
    half = 1
    while half < size:
        pairs = vectors.reshape(len(vectors), size // (2 * half), 2, half, LANES)
        pairs[:, :, 0], pairs[:, :, 1] = (
            pairs[:, :, 0] + pairs[:, :, 1],
            pairs[:, :, 0] - pairs[:, :, 1],
        )
        half *= 2
    if size < _MOST_VECTORS:
        vectors *= np.float32(np.sqrt(_MOST_VECTORS / size))
