"""What do the kernels work on, besides plain arrays?

A query and its table are checked when they are made, not in each of the dozen calls of a search.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.frozen import frozen
from colmodern.kernels.checks import check_array
from colmodern.types import FloatMatrix, FloatVector, IntVector

Ids: TypeAlias = NDArray[np.uint16] | NDArray[np.uint32]

LANES = 16
"""How many centroids, or query tokens, lie side by side in a strip."""


ROW_LANES = 32
"""A row of a centroid table is a multiple of so many numbers long: a cache line."""

CACHE_LINE = 64

MAX_DIM = 2048
"""Longer coded vectors would have integer products that a float32 cannot hold."""

MAX_LEVEL = 63
"""Levels lie within -63..63, so that AVX2 adds two products in 16 bits without saturation."""

N_LEVELS = 16
"""How many levels there are, whatever the number of bits: one byte shuffle looks them up."""

_MAX_VALUE = 127


@frozen(eq=False)
class QuantisedQuery:
    """A query of 8-bit token vectors, and what residual codes mean.

    Attributes:
        values: Shape (n_tokens, dim), int8 within -127..127.
        steps: Shape (n_tokens,), float32: what one means in each token.
        levels: Shape (16,), int8 within -63..63: what level numbers stand for.
        level_step: What one means in a level.
        bits: How many bits a residual code has: 1, 2 or 4.

    Raises:
        TypeError: An attribute is no array, or an array of another dtype.
        ValueError: A shape or a value is not allowed.
    """

    values: NDArray[np.int8]
    steps: FloatVector
    levels: NDArray[np.int8]
    level_step: np.float32
    bits: int

    def __post_init__(self) -> None:
        """Check what the kernels rely on."""
        check_array("query.values", self.values, (np.int8,), ("n_query", "dim"))
        n_query, dim = self.values.shape
        if dim == 0 or dim % 16 or dim > MAX_DIM:
            raise ValueError(f"dim must be a multiple of 16 up to {MAX_DIM}, got {dim}.")
        if self.values.size and self.values.min() < -_MAX_VALUE:
            raise ValueError("query.values must lie within -127..127, got -128.")
        check_array("query.steps", self.steps, (np.float32,), (n_query,))
        levels = self.levels
        check_array("query.levels", levels, (np.int8,), (N_LEVELS,))
        if self.bits not in {1, 2, 4}:
            raise ValueError(f"query.bits must be 1, 2 or 4, got {self.bits}.")
        if levels.min() < -MAX_LEVEL or levels.max() > MAX_LEVEL:
            raise ValueError(
                f"query.levels must lie within {-MAX_LEVEL}..{MAX_LEVEL}, "
                f"got {levels.min()}..{levels.max()}."
            )

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.values)

    @property
    def scales(self) -> FloatVector:
        """What turns the integer product of a token with levels into a real one, float32."""
        return self.steps * np.float32(self.level_step)


@frozen(eq=False)
class CentroidTable:
    """What each query token thinks of each centroid, from ``centroid_table``.

    Attributes:
        rows: Shape (n_centroids, n_lanes), int16, C-contiguous, on a cache line boundary: products
            in whole steps, a lane a query token, padded to a multiple of 32 with the lowest number.
        steps: Shape (n_lanes,), float32: what one means in each lane; 0 for padding.
        n_query: How many query tokens there are.

    Raises:
        TypeError: An attribute is no array, or an array of another dtype.
        ValueError: A shape or a value is not allowed.
    """

    rows: NDArray[np.int16]
    steps: FloatVector
    n_query: int

    def __post_init__(self) -> None:
        """Check what the kernels rely on."""
        check_array("table.rows", self.rows, (np.int16,), ("n_centroids", "n_lanes"))
        n_lanes = self.rows.shape[1]
        check_array("table.steps", self.steps, (np.float32,), (n_lanes,))
        if not np.isfinite(self.steps).all():
            raise ValueError("table.steps must be finite; a query token or a centroid is not.")
        if n_lanes % ROW_LANES or not 0 <= self.n_query <= n_lanes:
            raise ValueError(f"table has {n_lanes} lanes for {self.n_query} query tokens.")
        if self.rows.size and self.rows.ctypes.data % CACHE_LINE:
            raise ValueError("table.rows must begin on a cache line; take it from centroid_table.")

    def __len__(self) -> int:
        """Return the number of centroids."""
        return len(self.rows)

    @classmethod
    def empty(cls, n_centroids: int, steps: FloatVector) -> CentroidTable:
        """Return a table to be filled, for query tokens with these steps."""
        n_query = len(steps)
        n_lanes = -(-n_query // ROW_LANES) * ROW_LANES
        padded = np.zeros(n_lanes, np.float32)
        padded[:n_query] = steps
        n_bytes = n_centroids * n_lanes * 2
        buffer = np.empty(n_bytes + CACHE_LINE, np.uint8)
        start = -buffer.ctypes.data % CACHE_LINE
        rows = buffer[start : start + n_bytes].view(np.int16).reshape(n_centroids, n_lanes)
        return cls(rows, padded, n_query)

    @property
    def scores(self) -> FloatMatrix:
        """The products as real numbers, shape (n_centroids, n_query), float32."""
        scores: FloatMatrix = self.rows[:, : self.n_query] * self.steps[: self.n_query]
        return scores


class CodedTokens(Protocol):
    """The columns of a table of coded tokens, as ``colmodern.codec.Codes`` has them."""

    @property
    def centroid_ids(self) -> Ids:
        """Shape (n,)."""
        ...

    @property
    def residuals(self) -> NDArray[np.uint8]:
        """Shape (n, dim * bits // 8), as ``pack_residuals`` makes them."""
        ...

    @property
    def gains(self) -> NDArray[np.float16]:
        """Shape (n,): the length of each residual."""
        ...

    @property
    def norms(self) -> NDArray[np.float16]:
        """Shape (n,): the reciprocal length of each reconstruction."""
        ...


@frozen(eq=False)
class PackedCentroids:
    """Centroids laid out for ``nearest_centroids``; made by ``pack_centroids``.

    Attributes:
        centroids: Shape (n_centroids, dim), float32, as they were.
        strips: Shape (n_strips, dim, 16), float32: sixteen centroids side by side.
        starts: Shape (n_strips * 16,), float32: ``-|c|^2 / 2``, minus infinity for padding.
    """

    centroids: FloatMatrix
    strips: NDArray[np.float32]
    starts: FloatVector


@frozen(eq=False)
class Codebook:
    """What codes mean, for ``encode_tokens``.

    Attributes:
        centroids: Shape (n_centroids, dim), int8.
        centroid_steps: Shape (n_centroids,), float32: what one means in each centroid.
        levels: Shape (16,), int8 within -63..63: what level numbers stand for; ascending if a code
            has 4 bits.
        level_step: What one means in a level, for a residual of unit length.
        bits: How many bits a residual code has: 1, 2 or 4.
    """

    centroids: NDArray[np.int8]
    centroid_steps: FloatVector
    levels: NDArray[np.int8]
    level_step: float
    bits: int


@frozen(eq=False)
class WordArrays:
    """The words of one segment, and the documents that have them.

    Attributes:
        word_offsets: Shape (n_words + 1,), int64: where the bytes of each word begin.
        word_bytes: Shape (n_bytes,), uint8: the UTF-8 bytes of all words, ascending.
        posting_offsets: Shape (n_words + 1,), int64: where the documents of each word begin.
        documents: Shape (n_postings,), uint16 or uint32: those of a word ascend.
        counts: Shape (n_postings,), uint16: how often each has the word.
        n_documents: How many documents the segment has.
    """

    word_offsets: IntVector
    word_bytes: NDArray[np.uint8]
    posting_offsets: IntVector
    documents: Ids
    counts: NDArray[np.uint16]
    n_documents: int


def table_scales(query: QuantisedQuery, table_steps: FloatVector) -> FloatVector:
    """Return what turns the integer product of a token with 8-bit values into steps of a table."""
    scales = np.zeros(len(query), np.float32)
    np.divide(query.steps, table_steps, out=scales, where=table_steps > 0)
    return scales
