"""Are these token vectors, and how long are they?"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.errors import InputError
from colmodern.types import FloatMatrix, FloatVector

Vectors: TypeAlias = NDArray[np.float32] | NDArray[np.float16]

MAX_LENGTH = 2.0**12
"""Token vectors are shorter: float16 has to hold a norm."""


def check_dim(dim: int) -> int:
    """Return ``dim`` if the kernels can work with it.

    Raises:
        ValueError: It is not a multiple of 16, or too large.
    """
    if dim < 16 or dim % 16 or dim > kernels.MAX_DIM:
        raise ValueError(f"dim must be a multiple of 16 from 16 to {kernels.MAX_DIM}, got {dim}.")
    return dim


def check_vectors(name: str, vectors: FloatMatrix, dim: int) -> FloatVector:
    """Return the length of each row, float32, if they are vectors to be coded.

    Raises:
        InputError: A row holds NaN or infinity, or is far too long.
        TypeError: The vectors are not float32.
        ValueError: They have another shape.
    """
    if vectors.dtype != np.float32:
        raise TypeError(f"{name} must be float32, got {vectors.dtype}.")
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise ValueError(f"{name} must have shape (n, {dim}), got {vectors.shape}.")
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    bad = np.flatnonzero(~(lengths < MAX_LENGTH))
    if len(bad):
        raise not_a_vector(name, vectors, int(bad[0]))
    rounded: FloatVector = lengths.astype(np.float32)
    return rounded


def not_a_vector(name: str, vectors: Vectors, row: int) -> InputError:
    """Return what is to be raised because a row is no token vector."""
    length = float(np.linalg.norm(vectors[row].astype(np.float64)))
    what = f"has length {length:.4g}" if math.isfinite(length) else "holds NaN or infinity"
    return InputError(
        f"{name}[{row}] {what}; token vectors must be finite and of unit length.",
        code="vectors_invalid",
    )
