"""Centroids of 8 bits a dimension, each with a step of its own.

A search then compares whole numbers with the query, and a quarter of the bytes are read. Residuals
are taken against what is stored, so documents lose nothing by the rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern.types import FloatMatrix, FloatVector

MAX_VALUE = 127
"""Centroids lie within -127..127, as queries do."""


def quantise_centroids(centroids: FloatMatrix) -> tuple[NDArray[np.int8], FloatVector]:
    """Return centroids of shape (n, dim) as whole numbers, int8, and the step of each, (n,)."""
    steps = np.abs(centroids).max(axis=1, initial=0) / np.float32(MAX_VALUE)
    divisors = np.where(steps > 0, steps, np.float32(1))
    values = np.rint(centroids / divisors[:, np.newaxis]).astype(np.int8)
    return values, steps.astype(np.float32)


def float_centroids(values: NDArray[np.int8], steps: FloatVector) -> FloatMatrix:
    """Return what 8-bit centroids stand for, shape (n, dim), float32."""
    centroids: FloatMatrix = values.astype(np.float32) * steps[:, np.newaxis]
    return centroids
