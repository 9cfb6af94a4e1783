"""How is a codec made for a corpus?"""

from __future__ import annotations

import logging
import math
import os

import numpy as np

from colmodern import kernels
from colmodern.codec.centroids import float_centroids, quantise_centroids
from colmodern.codec.codec import Codec
from colmodern.codec.kmeans import train_centroids
from colmodern.codec.residual import Levels, train_levels
from colmodern.codec.vectors import check_dim, check_vectors, dot_rows, unit_rows
from colmodern.types import FloatMatrix

logger = logging.getLogger(__name__)

MAX_CENTROIDS = 16384
_TOKENS_A_CENTROID = 8
_LEVEL_SAMPLE = 16384


def plan_n_centroids(n_tokens: int) -> int:
    """Return how many centroids an index of so many tokens should have.

    About ``16 * sqrt(n_tokens)`` as in PLAID (Santhanam et al. 2022), rounded down to a power of
    two, but never so many that a centroid stands for fewer than eight tokens, and at most 16,384.
    """
    if n_tokens < 0:
        raise ValueError(f"n_tokens must be at least 0, got {n_tokens}.")
    wanted = min(16 * math.isqrt(n_tokens), n_tokens // _TOKENS_A_CENTROID, MAX_CENTROIDS)
    return 1 << (max(wanted, 1).bit_length() - 1)


def train_codec(
    sample: FloatMatrix,
    *,
    bits: int = 4,
    n_centroids: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> Codec:
    """Return a codec for vectors like those of a sample.

    Args:
        sample: Shape (n, dim), float32, rows of unit length, dim a multiple of 16. It may be empty.
        bits: How many bits a dimension of a residual takes: 1, 2 or 4.
        n_centroids: How many centroids, ``plan_n_centroids(n)`` if not given; never more than rows.
        seed: Decides everything that is random.
        threads: How many threads to use, every core if not given; the codec does not depend on it.

    Raises:
        InputError: A row holds NaN or infinity.
        TypeError: The sample is not float32.
        ValueError: bits, n_centroids or the shape are not allowed.
    """
    if bits not in {1, 2, 4}:
        raise ValueError(f"bits must be 1, 2 or 4, got {bits}.")
    if n_centroids is not None and n_centroids < 1:
        raise ValueError(f"n_centroids must be at least 1, got {n_centroids}.")
    if sample.ndim != 2:
        raise ValueError(f"sample must have shape (n, dim), got {sample.shape}.")
    dim = check_dim(sample.shape[1])
    lengths = check_vectors("sample", sample, dim)
    directions = unit_rows(sample, lengths)[lengths > 0]
    threads = threads or os.cpu_count() or 1
    rotation = random_rotation(dim, seed)
    columns = np.ascontiguousarray(rotation.T)
    rotated = kernels.centroid_scores(columns, directions, threads=threads)
    wanted = n_centroids or plan_n_centroids(len(rotated))
    centroids = _centroids(rotated, min(wanted, len(rotated)), seed=seed, threads=threads)
    values, steps = quantise_centroids(centroids)
    stored = float_centroids(values, steps)
    levels = _levels(rotated[:_LEVEL_SAMPLE], stored, bits, threads=threads)
    logger.debug("codec of %d centroids from %d vectors", len(centroids), len(rotated))
    return Codec(rotation, values, steps, levels)


def random_rotation(dim: int, seed: int) -> FloatMatrix:
    """Return a random orthogonal matrix, shape (dim, dim), float32."""
    gaussian = np.random.default_rng(seed).standard_normal((dim, dim))
    orthogonal, triangular = np.linalg.qr(gaussian)
    # With the signs of the diagonal taken out, every rotation is equally likely (Mezzadri 2007).
    return np.ascontiguousarray(orthogonal * np.sign(np.diag(triangular)), dtype=np.float32)


def _centroids(rotated: FloatMatrix, n_centroids: int, *, seed: int, threads: int) -> FloatMatrix:
    if n_centroids == 0:  # nothing to learn from: all of a vector is its residual
        return np.zeros((1, rotated.shape[1]), np.float32)
    return train_centroids(rotated, n_centroids, seed=seed, threads=threads)


def _levels(rotated: FloatMatrix, centroids: FloatMatrix, bits: int, *, threads: int) -> Levels:
    nearest = kernels.nearest_centroids(rotated, kernels.pack_centroids(centroids), threads=threads)
    residuals = rotated - centroids[nearest]
    directions = unit_rows(residuals, np.sqrt(dot_rows(residuals, residuals)))
    return train_levels(directions, rotated.shape[1], bits)
