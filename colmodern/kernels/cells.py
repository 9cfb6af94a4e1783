"""Centroids laid out for assignment: in cells, on one grid with the rows that look for them.

A row is a rotated unit vector of which every component is a whole number of steps within -63..63,
plus 64. A centroid lies on a grid twice as fine, within -127..127.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern.frozen import frozen
from colmodern.kernels.operands import LANES
from colmodern.types import FloatMatrix, FloatVector, IntVector

ROW_OFFSET = 64
"""What is added to the values of a row, so that its bytes are unsigned."""

MAX_ROW = 63
"""Values of a row lie within -63..63, so that AVX2 adds two products in 16 bits."""

GRIDS = 2
"""How many steps of a centroid's grid make one of a row."""

_PADDING = np.iinfo(np.int32).min // 2


@frozen(eq=False)
class PackedRows:
    """Centroids on the grid, in strips of sixteen.

    Attributes:
        values: Shape (n_strips, dim * 16), int8: ``[dim / 4][16][4]`` in each strip.
        starts: Shape (n_strips * 16,), int32: what a score starts from, very low for padding.
    """

    values: NDArray[np.int8]
    starts: NDArray[np.int32]


@frozen(eq=False)
class Cells:
    """What ``nearest_in_cells`` searches; made by ``pack_cells``.

    Attributes:
        representatives: Shape (n_cells, dim), int8: where the cells lie.
        members: Shape (n_centroids, dim), int8: the centroids, cell after cell.
        numbers: Shape (n_centroids,), uint32: the number of each member.
        ends: Shape (n_cells + 1,), int64: where the members of each cell begin.
        n_probes: How many cells a row looks into.
        packed_representatives: The same in strips.
        packed_members: The same in strips; every cell begins with a new one.
        strip_ends: Shape (n_cells + 1,), int64: where cells begin, in strips.
        packed_numbers: Shape (n_strips * 16,), uint32: the numbers as they lie in strips.
    """

    representatives: NDArray[np.int8]
    members: NDArray[np.int8]
    numbers: NDArray[np.uint32]
    ends: IntVector
    n_probes: int
    packed_representatives: PackedRows
    packed_members: PackedRows
    strip_ends: IntVector
    packed_numbers: NDArray[np.uint32]

    @property
    def dim(self) -> int:
        """The length of a row."""
        return int(self.members.shape[1])


@frozen(eq=False)
class Rounding:
    """How token vectors become rows: rotated, in steps.

    Attributes:
        rotation: Shape (dim, dim), float32; ``vectors @ rotation`` rotates.
        step: What one means in a row.
        strips: Shape (dim / 16, dim, 16), float32: the rotation, sixteen columns side by side.
        starts: Shape (dim,), float32, zeros.
    """

    rotation: FloatMatrix
    step: float
    strips: NDArray[np.float32]
    starts: FloatVector


def pack_rotation(rotation: FloatMatrix, step: float) -> Rounding:
    """Lay a rotation out for ``round_vectors`` and ``encode_tokens``, once for many calls."""
    dim = len(rotation)
    strips = rotation.reshape(dim, dim // LANES, LANES).transpose(1, 0, 2).copy()
    return Rounding(rotation, step, strips, np.zeros(dim, np.float32))


def pack_cells(
    centroids: NDArray[np.int8],
    cells: NDArray[np.integer],
    representatives: NDArray[np.int8],
    n_probes: int,
) -> Cells:
    """Lay centroids out for ``nearest_in_cells``, once for many calls.

    Args:
        centroids: Shape (n_centroids, dim), int8 on the grid, dim a multiple of 16.
        cells: Shape (n_centroids,): the cell of each centroid; it may be the only one.
        representatives: Shape (n_cells, dim), int8 on the grid.
        n_probes: How many cells a row looks into.
    """
    n_cells = len(representatives)
    order = np.argsort(cells, kind="stable")
    sizes = np.bincount(cells, minlength=n_cells)
    n_strips = -(-sizes // LANES)
    ends, strip_ends = _ends(sizes), _ends(n_strips)
    places = np.arange(len(order)) + np.repeat(strip_ends[:-1] * LANES - ends[:-1], sizes)
    members = centroids[order]
    numbers = order.astype(np.uint32)
    packed_numbers = np.zeros(strip_ends[-1] * LANES, np.uint32)
    packed_numbers[places] = numbers
    return Cells(
        representatives,
        members,
        numbers,
        ends,
        n_probes,
        _pack(representatives, np.arange(n_cells), -(-n_cells // LANES)),
        _pack(members, places, int(strip_ends[-1])),
        strip_ends,
        packed_numbers,
    )


def _ends(sizes: IntVector) -> IntVector:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _pack(values: NDArray[np.int8], places: IntVector, n_strips: int) -> PackedRows:
    """Put centroids at their places in strips."""
    dim = values.shape[1]
    padded = np.zeros((n_strips * LANES, dim), np.int8)
    padded[places] = values
    strips = padded.reshape(n_strips, LANES, dim // 4, 4).transpose(0, 2, 1, 3)
    starts = np.full(n_strips * LANES, _PADDING, np.int32)
    starts[places] = -ROW_OFFSET * values.sum(axis=1, dtype=np.int32) - half_squares(values)
    return PackedRows(strips.reshape(n_strips, dim * LANES).copy(), starts)


def half_squares(centroids: NDArray[np.int8]) -> NDArray[np.int32]:
    """Return half the squared length of each centroid in the units of a score, rounded down.

    A product of a row and a centroid counts steps of both, hence twice the centroid's own units.
    """
    squares = np.einsum("ij,ij->i", centroids, centroids, dtype=np.int32, casting="unsafe")
    halves: NDArray[np.int32] = squares // np.int32(2 * GRIDS)
    return halves
