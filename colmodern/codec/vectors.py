"""Are these token vectors, and how long are they?"""

from __future__ import annotations

import math

import numpy as np

from colmodern import kernels
from colmodern.errors import InputError
from colmodern.types import FloatMatrix, FloatVector

_MAX_LENGTH = 2.0**12  # float16 has to hold a norm


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
    bad = np.flatnonzero(~(lengths < _MAX_LENGTH))
    if len(bad):
        row, length = int(bad[0]), float(lengths[bad[0]])
        what = f"has length {length:.4g}" if math.isfinite(length) else "holds NaN or infinity"
        raise InputError(f"{name}[{row}] {what}; token vectors must be finite and of unit length.")
    rounded: FloatVector = lengths.astype(np.float32)
    return rounded


def unit_rows(vectors: FloatMatrix, lengths: FloatVector) -> FloatMatrix:
    """Return rows divided by their lengths; a row of length zero stays zero."""
    columns = lengths[:, np.newaxis]
    zeros = np.zeros_like(vectors)
    units: FloatMatrix = np.divide(vectors, columns, out=zeros, where=columns > 0)
    return units


def dot_rows(a: FloatMatrix, b: FloatMatrix) -> FloatVector:
    """Return the product of each row of ``a`` with the same row of ``b``."""
    result: FloatVector = np.einsum("ij,ij->i", a, b)
    return result
