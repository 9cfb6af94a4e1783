"""The arithmetic of late interaction: what do a query and a document have to do with each other?

``reference.py`` defines every kernel. Here arguments are checked, once, and handed to the best
implementation that the machine can run (``active_isa``). All native ones return the same bits,
whatever the number of threads. Nothing falls back in silence: without the compiled extension a
kernel raises ``KernelUnavailableError``, unless ``COLMODERN_ISA=reference`` asks for NumPy.

Arrays are C-contiguous and never converted. Ragged arrays are (values, offsets), ``offsets`` int64
of n + 1 elements that begin with 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern.kernels import reference
from colmodern.kernels.cells import (
    GRIDS,
    MAX_ROW,
    ROW_OFFSET,
    Cells,
    Rounding,
    pack_cells,
    pack_rotation,
)
from colmodern.kernels.checks import (
    check_array,
    check_documents,
    check_expected,
    check_ids,
    check_offsets,
    check_sharpness,
    check_threads,
)
from colmodern.kernels.coding import (
    encode_tokens,
    nearest_in_cells,
    round_vectors,
    sum_clusters,
)
from colmodern.kernels.contexts import (
    BLOCK_TOKENS,
    Contexts,
    block_bounds,
    block_offsets,
)
from colmodern.kernels.isa import (
    NATIVE_ISAS,
    REFERENCE,
    active_isa,
    available_isas,
    native,
    use_isa,
)
from colmodern.kernels.merging import merge_closest
from colmodern.kernels.operands import (
    LANES,
    MAX_DIM,
    MAX_LEVEL,
    N_LEVELS,
    CentroidTable,
    Codebook,
    CodedTokens,
    Ids,
    PackedCentroids,
    QuantisedQuery,
    WordArrays,
    table_scales,
)
from colmodern.kernels.reference import pack_residuals, unpack_residuals
from colmodern.kernels.searching import (
    code_maxima,
    coded_query,
    gather,
    maxsim_codes,
    smooth_maxsim,
)
from colmodern.kernels.segments import SegmentArrays, Segments
from colmodern.kernels.words import (
    CountedWords,
    WordPostings,
    count_words,
    find_words,
    score_words,
)
from colmodern.types import FloatMatrix, FloatVector, IntVector

__all__ = [
    "BLOCK_TOKENS",
    "GRIDS",
    "MAX_DIM",
    "MAX_LEVEL",
    "MAX_ROW",
    "NATIVE_ISAS",
    "N_LEVELS",
    "REFERENCE",
    "ROW_OFFSET",
    "Cells",
    "CentroidTable",
    "Codebook",
    "CodedTokens",
    "Contexts",
    "CountedWords",
    "Ids",
    "PackedCentroids",
    "QuantisedQuery",
    "Rounding",
    "SegmentArrays",
    "Segments",
    "WordArrays",
    "WordPostings",
    "active_isa",
    "available_isas",
    "block_bounds",
    "block_offsets",
    "centroid_scores",
    "centroid_table",
    "code_maxima",
    "coded_query",
    "count_words",
    "encode_tokens",
    "expected_maxima",
    "find_words",
    "gather",
    "maxsim",
    "maxsim_codes",
    "merge_closest",
    "native",
    "nearest_centroids",
    "nearest_in_cells",
    "pack_cells",
    "pack_centroids",
    "pack_residuals",
    "pack_rotation",
    "probe",
    "round_vectors",
    "score_words",
    "smooth_maxsim",
    "sum_clusters",
    "total",
    "unpack_residuals",
    "use_isa",
]

_MAX_STEPS = 2**15 - 1


def centroid_scores(query: FloatMatrix, centroids: FloatMatrix, *, threads: int = 1) -> FloatMatrix:
    """Return the product of every centroid with every query token.

    Args:
        query: Shape (n_query, dim), float32.
        centroids: Shape (n_centroids, dim), float32.
        threads: How many threads to use.

    Returns:
        Shape (n_centroids, n_query), float32: a row holds all query tokens.
    """
    check_threads(threads)
    check_array("query", query, (np.float32,), ("n_query", "dim"))
    check_array("centroids", centroids, (np.float32,), ("n_centroids", query.shape[1]))
    isa = active_isa()
    if isa == REFERENCE:
        return reference.centroid_scores(query, centroids).astype(np.float32)
    out = np.empty((len(centroids), len(query)), np.float32)
    native().centroid_scores(NATIVE_ISAS.index(isa), query, centroids, threads, out)
    return out


def pack_centroids(centroids: FloatMatrix) -> PackedCentroids:
    """Lay centroids out for ``nearest_centroids``, once for many calls.

    Args:
        centroids: Shape (n_centroids, dim), float32, at least one.
    """
    check_array("centroids", centroids, (np.float32,), ("n_centroids", "dim"))
    if len(centroids) == 0:
        raise ValueError("centroids must hold at least one row, got none.")
    n_strips = -(-len(centroids) // LANES)
    padded = np.zeros((n_strips * LANES, centroids.shape[1]), np.float32)
    padded[: len(centroids)] = centroids
    strips = padded.reshape(n_strips, LANES, -1).transpose(0, 2, 1).copy()
    starts = np.full(n_strips * LANES, -np.inf, np.float32)
    starts[: len(centroids)] = -0.5 * np.square(centroids.astype(np.float64)).sum(axis=1)
    return PackedCentroids(centroids, strips, starts)


def nearest_centroids(
    vectors: FloatMatrix, packed: PackedCentroids, *, threads: int = 1
) -> NDArray[np.uint32]:
    """Return the number of the nearest centroid (Euclidean) of each vector; the lowest of equals.

    Args:
        vectors: Shape (n, dim), float32.
        packed: The centroids, from ``pack_centroids``.
        threads: How many threads to use.

    Returns:
        Shape (n,), uint32.
    """
    check_threads(threads)
    check_array("vectors", vectors, (np.float32,), ("n", packed.centroids.shape[1]))
    isa = active_isa()
    if isa == REFERENCE:
        return reference.nearest_centroids(vectors, packed.centroids)
    out = np.empty(len(vectors), np.uint32)
    native().nearest_centroids(
        NATIVE_ISAS.index(isa), vectors, packed.strips, packed.starts, threads, out
    )
    return out


def maxsim(
    query: FloatMatrix,
    vectors: FloatMatrix,
    offsets: IntVector,
    *,
    sharpness: float = 0.0,
    expected: FloatVector | None = None,
    threads: int = 1,
) -> FloatVector:
    """Return MaxSim (Khattab and Zaharia, ColBERT, 2020) of a query with every document.

    Args:
        query: Shape (n_query, dim), float32.
        vectors: Shape (n_tokens, dim), float32: the tokens of all documents.
        offsets: Shape (n_documents + 1,), int64.
        sharpness: 0 for the plain sum, at most 64; see ``total``.
        expected: Shape (n_query,), float32: see ``total``. None: zeros.
        threads: How many threads to use; they split documents.

    Returns:
        Shape (n_documents,), float32. Minus infinity for an empty document, 0 for an empty query.
    """
    check_threads(threads)
    check_sharpness(sharpness)
    check_expected(expected, len(query))
    check_array("query", query, (np.float32,), ("n_query", "dim"))
    check_array("vectors", vectors, (np.float32,), ("n_tokens", query.shape[1]))
    check_offsets(offsets, len(vectors))
    isa = active_isa()
    if isa == REFERENCE:
        check_documents(np.arange(len(offsets) - 1), offsets, len(vectors))
        return reference.maxsim(query, vectors, offsets, sharpness, expected).astype(np.float32)
    out = np.empty(len(offsets) - 1, np.float32)
    native().maxsim(
        NATIVE_ISAS.index(isa), query, vectors, offsets, sharpness, expected, threads, out
    )
    return out


def total(maxima: FloatVector, sharpness: float, expected: FloatVector | None = None) -> float:
    """Return what the greatest scores of query tokens in a document come to: its score.

    Their sum; with a sharpness k not the sum of the n maxima m, but ``sum(e) + n * log(mean(exp(k *
    (m - e)))) / k``: query tokens that match better than is expected of them count more.

    Args:
        maxima: Shape (n_query,), float32.
        sharpness: 0 for the plain sum, at most 64.
        expected: The e, shape (n_query,), float32; None: zeros.
    """
    check_sharpness(sharpness)
    check_expected(expected, len(maxima))
    return float(reference.total(maxima.astype(np.float64)[np.newaxis], sharpness, expected)[0])


def centroid_table(
    query: QuantisedQuery,
    centroids: NDArray[np.int8],
    steps: FloatVector,
    longest: float,
    *,
    threads: int = 1,
) -> CentroidTable:
    """Return what every query token thinks of every centroid.

    Args:
        query: From ``Codec.quantise_query``.
        centroids: Shape (n_centroids, dim), int8 within -127..127.
        steps: Shape (n_centroids,), float32: what one means in each centroid.
        longest: The length of the longest centroid, or of centroid and context; products with a
            longer one are cut off.
        threads: How many threads to use.

    Returns:
        Products in whole steps, fine enough that the greatest product there can be is 32,767.
    """
    check_threads(threads)
    dim = query.values.shape[1]
    check_array("centroids", centroids, (np.int8,), ("n_centroids", dim))
    check_array("steps", steps, (np.float32,), (len(centroids),))
    lengths = np.sqrt(np.square(query.values, dtype=np.float32).sum(axis=1)) * query.steps
    table_steps = (lengths * np.float32(longest / _MAX_STEPS)).astype(np.float32)
    table = CentroidTable.empty(len(centroids), table_steps)
    isa = active_isa()
    if isa == REFERENCE:
        table.rows[:] = reference.centroid_rows(query, centroids, steps, table.steps)
        return table
    scales = table_scales(query, table_steps)
    native().centroid_table(
        NATIVE_ISAS.index(isa), query.values, scales, centroids, steps, threads, table.rows
    )
    return table


def expected_maxima(
    table: CentroidTable, centroid_ids: NDArray[np.uint32], offsets: IntVector
) -> FloatVector:
    """Return what each query token's best centroid in a document scores, on the mean.

    Args:
        table: From ``centroid_table``.
        centroid_ids: Shape (n_tokens,), uint32: the centroids of the tokens of some documents.
        offsets: Shape (n_documents + 1,), int64.

    Returns:
        Shape (n_query,), float32. Documents without tokens do not count; zeros where none has any.
    """
    check_array("centroid_ids", centroid_ids, (np.uint32,), ("n_tokens",))
    check_offsets(offsets, len(centroid_ids))
    if active_isa() == REFERENCE:
        check_documents(np.arange(len(offsets) - 1), offsets, len(centroid_ids))
        check_ids(centroid_ids, len(table))
        return reference.expected_maxima(table, centroid_ids, offsets)
    expected = np.empty(table.n_query, np.float32)
    native().expected_maxima(
        table.rows, table.steps, table.n_query, centroid_ids, offsets, expected
    )
    return expected


def probe(table: CentroidTable, n: int) -> NDArray[np.uint32]:
    """Return the centroids nearest to each query token.

    Args:
        table: From ``centroid_table``.
        n: How many for each query token, 1 to the number of centroids.

    Returns:
        Shape (n_query, n), uint32: best first, the lower id of equals first.
    """
    if not 1 <= n <= len(table):
        raise ValueError(f"n must lie within 1 to {len(table)}, got {n}.")
    if active_isa() == REFERENCE:
        return reference.probe(table, n)
    probed = np.empty((table.n_query, n), np.uint32)
    native().probe(table.rows, table.steps, table.n_query, probed)
    return probed
