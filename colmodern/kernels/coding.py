"""The arithmetic of building: which centroid is nearest, and what are the codes of a token?

As in ``colmodern.kernels``: arguments are checked here, ``reference.py`` defines what is computed.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.kernels import reference
from colmodern.kernels.cells import Cells, Rounding
from colmodern.kernels.checks import check_array, check_threads
from colmodern.kernels.contexts import LEVELS, level_step
from colmodern.kernels.isa import NATIVE_ISAS, REFERENCE, active_isa, native
from colmodern.kernels.operands import N_LEVELS, Codebook, Ids
from colmodern.types import FloatVector, IntVector

Rows: TypeAlias = NDArray[np.uint8]
Columns: TypeAlias = tuple[Ids, Rows, NDArray[np.float16], NDArray[np.float16]]
ContextColumns: TypeAlias = tuple[Rows, NDArray[np.float16]]

_SMALL_IDS = 1 << 16
_MAX_BLOCK = 2048  # what a thread encodes at a time


def round_vectors(
    vectors: NDArray[np.floating[Any]], rounding: Rounding, *, longest: float, threads: int = 1
) -> tuple[Rows, FloatVector, int]:
    """Return unit vectors rotated and rounded to rows, and their lengths.

    Args:
        vectors: Shape (n, dim), float32 or float16.
        rounding: From ``pack_rotation``.
        longest: Lengths have to be below.
        threads: How many threads to use.

    Returns:
        Rows of shape (n, dim), uint8; lengths of shape (n,), float32; and the number of the first
        vector that is not shorter than ``longest`` (NaN included), or -1.
    """
    check_threads(threads)
    _check_vectors(vectors, rounding)
    isa = active_isa()
    if isa == REFERENCE:
        return reference.round_vectors(vectors, rounding, longest)
    rows = np.empty(vectors.shape, np.uint8)
    lengths = np.empty(len(vectors), np.float32)
    bad = native().round_vectors(
        NATIVE_ISAS.index(isa),
        _as_bits(vectors),
        rounding.strips,
        rounding.starts,
        rounding.step,
        longest,
        threads,
        rows,
        lengths,
    )
    return rows, lengths, bad


def nearest_in_cells(
    rows: Rows, cells: Cells, *, threads: int = 1
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Return the number of the nearest centroid in the best cells for each row, and its score.

    Args:
        rows: Shape (n, dim), uint8 within 1..127.
        cells: From ``pack_cells``.
        threads: How many threads to use.

    Returns:
        Numbers of shape (n,), uint32, and scores of shape (n,), int32: the greater, the nearer.
    """
    check_threads(threads)
    check_array("rows", rows, (np.uint8,), ("n", cells.dim))
    isa = active_isa()
    if isa == REFERENCE:
        return reference.nearest_in_cells(rows, cells)
    nearest = np.empty(len(rows), np.uint32)
    scores = np.empty(len(rows), np.int32)
    native().nearest_in_cells(
        NATIVE_ISAS.index(isa), rows, *_cell_arrays(cells), threads, nearest, scores
    )
    return nearest, scores


def sum_clusters(
    rows: Rows, clusters: NDArray[np.uint32], n_clusters: int, *, threads: int = 1
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the sum of the values of the rows of each cluster, and how many rows it has.

    Args:
        rows: Shape (n, dim), uint8; at most 2**24 of them, so that sums fit in 32 bits.
        clusters: Shape (n,), uint32: the cluster of each row.
        n_clusters: How many clusters there are.
        threads: How many threads to use.

    Returns:
        Sums of shape (n_clusters, dim) and counts of shape (n_clusters,), int32.
    """
    check_threads(threads)
    check_array("rows", rows, (np.uint8,), ("n", "dim"))
    check_array("clusters", clusters, (np.uint32,), (len(rows),))
    if len(rows) > 1 << 24:
        raise ValueError(f"rows must be at most {1 << 24}, got {len(rows)}.")
    if active_isa() == REFERENCE:
        return reference.sum_clusters(rows, clusters, n_clusters)
    sums = np.zeros((n_clusters, rows.shape[1]), np.int32)
    counts = np.zeros(n_clusters, np.int32)
    native().sum_clusters(rows, clusters, threads, sums, counts)
    return sums, counts


def encode_tokens(
    vectors: NDArray[np.floating[Any]],
    rounding: Rounding,
    cells: Cells,
    book: Codebook,
    *,
    longest: float,
    bounds: IntVector | None = None,
    threads: int = 1,
) -> tuple[Columns, ContextColumns, FloatVector, int]:
    """Return the codes of token vectors, and of the contexts of blocks of them.

    Args:
        vectors: Shape (n, dim), float32 or float16.
        rounding: From ``pack_rotation``.
        cells: From ``pack_cells``: the centroids of the book on the grid.
        book: What codes mean.
        longest: Lengths have to be below.
        bounds: Shape (n_blocks + 1,), int64: where the tokens of each block begin, and n; at most
            2,048 in each. None: there are no blocks, and no token has a context.
        threads: How many threads to use.

    Returns:
        Four columns: centroid ids (n,), uint16 or uint32; residuals (n, dim * bits / 8), uint8;
        gains and norms (n,), float16. Two columns of contexts: residuals (n_blocks, dim / 2),
        uint8, and gains (n_blocks,), float16. Then the squared distance of each vector to what its
        codes stand for, (n,), float32, and the number of the first vector that is not shorter than
        ``longest`` (NaN included), or -1.
    """
    check_threads(threads)
    _check_vectors(vectors, rounding)
    check_array("book.levels", book.levels, (np.int8,), (N_LEVELS,))
    if bounds is not None:
        _check_bounds(bounds, len(vectors))
    isa = active_isa()
    small = len(book.centroids) <= _SMALL_IDS
    if isa == REFERENCE:
        columns, contexts, errors, bad = reference.encode_tokens(
            vectors, rounding, cells, book, longest, bounds
        )
        numbers: Ids = columns[0].astype(np.uint16) if small else columns[0]
        return (numbers, columns[1], columns[2], columns[3]), contexts, errors, bad
    n, dim = vectors.shape
    ids: Ids = np.empty(n, np.uint16) if small else np.empty(n, np.uint32)
    residuals = np.empty((n, dim * book.bits // 8), np.uint8)
    gains, norms = np.empty(n, np.float16), np.empty(n, np.float16)
    errors = np.empty(n, np.float32)
    bounds = np.zeros(1, np.int64) if bounds is None else bounds
    context_residuals = np.empty((len(bounds) - 1, dim // 2), np.uint8)
    context_gains = np.empty(len(bounds) - 1, np.float16)
    bad = native().encode_tokens(
        NATIVE_ISAS.index(isa),
        _as_bits(vectors),
        rounding.strips,
        rounding.starts,
        rounding.step,
        *_cell_arrays(cells),
        book.centroids,
        book.centroid_steps,
        book.levels,
        book.level_step,
        book.bits,
        LEVELS,
        level_step(dim),
        longest,
        threads,
        bounds,
        context_residuals,
        context_gains.view(np.uint16),
        ids,
        residuals,
        gains.view(np.uint16),
        norms.view(np.uint16),
        errors,
    )
    return (ids, residuals, gains, norms), (context_residuals, context_gains), errors, bad


def _check_bounds(bounds: IntVector, n: int) -> None:
    check_array("bounds", bounds, (np.int64,), ("n_blocks + 1",))
    lengths = np.diff(bounds)
    if not len(bounds) or bounds[0] != 0 or bounds[-1] != n:
        raise ValueError(f"bounds must begin with 0 and end with {n}, the number of vectors.")
    if len(lengths) and not 1 <= lengths.min() <= lengths.max() <= _MAX_BLOCK:
        found = f"{lengths.min()} to {lengths.max()}"
        raise ValueError(f"blocks must have 1 to {_MAX_BLOCK} tokens, got {found}.")


def _check_vectors(vectors: NDArray[Any], rounding: Rounding) -> None:
    check_array("vectors", vectors, (np.float32, np.float16), ("n", len(rounding.rotation)))


def _as_bits(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return float16 as uint16, which is what the extension reads."""
    return vectors.view(np.uint16) if vectors.dtype == np.float16 else vectors


def _cell_arrays(cells: Cells) -> tuple[Any, ...]:
    return (
        cells.packed_representatives.values,
        cells.packed_representatives.starts,
        cells.packed_members.values,
        cells.packed_members.starts,
        cells.strip_ends,
        cells.packed_numbers,
        cells.n_probes,
    )
