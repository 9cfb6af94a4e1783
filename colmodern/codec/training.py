"""How is a codec made for a corpus?"""

from __future__ import annotations

import logging
import math
import os

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.codec.cells import row_step
from colmodern.codec.centroids import quantise_centroids
from colmodern.codec.codec import Codec
from colmodern.codec.kmeans import train_centroids
from colmodern.codec.residual import normal_levels
from colmodern.codec.vectors import MAX_LENGTH, Vectors, check_dim, not_a_vector
from colmodern.types import FloatMatrix

logger = logging.getLogger(__name__)

MAX_CENTROIDS = 65536
_TOKENS_A_CENTROID = 8


def plan_n_centroids(n_tokens: int) -> int:
    """Return how many centroids an index of so many tokens should have.

    About ``16 * sqrt(n_tokens)`` as in PLAID (Santhanam et al. 2022), rounded down to a power of
    two, but never so many that a centroid stands for fewer than eight tokens, and at most 65,536.
    """
    if n_tokens < 0:
        raise ValueError(f"n_tokens must be at least 0, got {n_tokens}.")
    wanted = min(16 * math.isqrt(n_tokens), n_tokens // _TOKENS_A_CENTROID, MAX_CENTROIDS)
    return 1 << (max(wanted, 1).bit_length() - 1)


def train_codec(
    sample: Vectors,
    *,
    bits: int = 4,
    n_centroids: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> Codec:
    """Return a codec for vectors like those of a sample.

    Args:
        sample: Shape (n, dim), float32 or float16, rows of unit length, dim a multiple of 16. It
            may be empty. What is made of it takes two bytes a component.
        bits: How many bits a dimension of a residual takes: 1, 2 or 4.
        n_centroids: How many centroids, ``plan_n_centroids(n)`` if not given; never more than rows.
        seed: Decides everything that is random.
        threads: How many threads to use, every core if not given; the codec does not depend on it.

    Raises:
        InputError: A row holds NaN or infinity.
        TypeError: The sample is neither float32 nor float16.
        ValueError: bits, n_centroids or the shape are not allowed.
    """
    if bits not in {1, 2, 4}:
        raise ValueError(f"bits must be 1, 2 or 4, got {bits}.")
    if n_centroids is not None and n_centroids < 1:
        raise ValueError(f"n_centroids must be at least 1, got {n_centroids}.")
    if sample.ndim != 2:
        raise ValueError(f"sample must have shape (n, dim), got {sample.shape}.")
    dim = check_dim(sample.shape[1])
    if sample.dtype not in (np.float32, np.float16):
        raise TypeError(f"sample must be float32 or float16, got {sample.dtype}.")
    threads = threads or os.cpu_count() or 1
    rotation = random_rotation(dim, seed)
    rows = _rows(sample, rotation, threads)
    n = min(n_centroids or plan_n_centroids(len(rows)), len(rows))
    centroids = _centroids(rows, n, seed=seed, threads=threads)
    values, steps = quantise_centroids(centroids)
    logger.debug("codec of %d centroids from %d vectors", len(centroids), len(rows))
    return Codec(rotation, values, steps, normal_levels(dim, bits))


def random_rotation(dim: int, seed: int) -> FloatMatrix:
    """Return a random orthogonal matrix, shape (dim, dim), float32."""
    gaussian = np.random.default_rng(seed).standard_normal((dim, dim))
    orthogonal, triangular = np.linalg.qr(gaussian)
    # With the signs of the diagonal taken out, every rotation is equally likely (Mezzadri 2007).
    return np.ascontiguousarray(orthogonal * np.sign(np.diag(triangular)), dtype=np.float32)


def _rows(sample: Vectors, rotation: FloatMatrix, threads: int) -> NDArray[np.uint8]:
    """Return the vectors that have a direction as rows."""
    rounding = kernels.pack_rotation(rotation, row_step(len(rotation)))
    rows, lengths, bad = kernels.round_vectors(
        np.ascontiguousarray(sample), rounding, longest=MAX_LENGTH, threads=threads
    )
    if bad >= 0:
        raise not_a_vector("sample", sample, bad)
    return rows if lengths.all() else rows[lengths > 0]


def _centroids(
    rows: NDArray[np.uint8], n_centroids: int, *, seed: int, threads: int
) -> FloatMatrix:
    dim = rows.shape[1]
    if n_centroids == 0:  # nothing to learn from: all of a vector is its residual
        return np.zeros((1, dim), np.float32)
    steps = train_centroids(rows, n_centroids, seed=seed, threads=threads)
    return steps * np.float32(row_step(dim))
