"""What do the codes of a PLAID index stand for?

Stanford ColBERT's ``ResidualCodec`` and fast-plaid keep the same: a token is the number of its
centroid and, for each dimension, the number of a bucket of the residual; a vector is the centroid
plus the buckets' weights, made one long again. A bucket's number has its lowest bit first, and
numbers follow each other from the highest bit of a byte on (Santhanam et al., ColBERTv2, 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import InputError
from colmodern.types import FloatMatrix, FloatVector


@dataclass(frozen=True, slots=True, eq=False)
class PlaidCodec:
    """The codec of a PLAID index.

    Attributes:
        centroids: Shape (n_centroids, dim), float32.
        weights: Shape (2**bits,), float32: what each bucket adds.
        bits: Bits a dimension: 1, 2, 4 or 8.
    """

    centroids: FloatMatrix
    weights: FloatVector
    bits: int

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return int(self.centroids.shape[1])

    def check(self, place: str) -> None:
        """Refuse a codec that none of these programs writes.

        Raises:
            InputError: Shapes do not fit each other, or a number is not finite.
        """
        is_right = (
            self.bits in {1, 2, 4, 8}
            and self.centroids.ndim == 2
            and self.weights.shape == (1 << self.bits,)
            and self.dim * self.bits % 8 == 0
            and bool(np.isfinite(self.centroids).all() and np.isfinite(self.weights).all())
        )
        if not is_right:
            raise _damaged(
                f"{place} has {self.bits} bits, centroids of shape {self.centroids.shape} and "
                f"{len(self.weights)} weights, or one that is not finite"
            )

    def decode(
        self, centroid_ids: NDArray[Any], residuals: NDArray[Any], place: str
    ) -> FloatMatrix:
        """Return the vectors of some tokens.

        Args:
            centroid_ids: Shape (n,), whole numbers.
            residuals: Shape (n, dim * bits // 8), uint8.
            place: What they were read from, for errors.

        Returns:
            Shape (n, dim), float32, rows of unit length.

        Raises:
            InputError: A shape is wrong, or a centroid does not exist.
        """
        n = len(centroid_ids)
        width = self.dim * self.bits // 8
        if residuals.shape != (n, width) or residuals.dtype != np.uint8:
            raise _damaged(
                f"{place} has residuals of shape {residuals.shape} and dtype {residuals.dtype}; "
                f"expected {(n, width)}, uint8"
            )
        if n and (centroid_ids.min() < 0 or centroid_ids.max() >= len(self.centroids)):
            raise _damaged(f"{place} names centroids that are not among {len(self.centroids)}")
        bits = np.unpackbits(residuals, axis=1).reshape(n, self.dim, self.bits)
        buckets = (bits << np.arange(self.bits, dtype=np.uint8)).sum(axis=2, dtype=np.intp)
        vectors = self.centroids[centroid_ids] + self.weights[buckets]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        found: FloatMatrix = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
        return found


def _damaged(what: str) -> InputError:
    return InputError(f"{what}. Make the index again with its own program.", code="file_unreadable")
