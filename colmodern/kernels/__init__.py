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
    check_ids,
    check_offsets,
    check_threads,
)
from colmodern.kernels.coding import (
    encode_tokens,
    nearest_in_cells,
    round_vectors,
    sum_clusters,
)
from colmodern.kernels.isa import (
    NATIVE_ISAS,
    REFERENCE,
    active_isa,
    available_isas,
    native,
    use_isa,
)
from colmodern.kernels.operands import (
    LANES,
    Codebook,
    CodedTokens,
    Ids,
    PackedCentroids,
    QuantisedQuery,
)
from colmodern.kernels.reference import MAX_LEVEL, pack_residuals, unpack_residuals
from colmodern.types import FloatMatrix, FloatVector, IntVector

__all__ = [
    "GRIDS",
    "MAX_DIM",
    "MAX_LEVEL",
    "MAX_ROW",
    "ROW_OFFSET",
    "Cells",
    "Codebook",
    "CodedTokens",
    "Ids",
    "PackedCentroids",
    "QuantisedQuery",
    "Rounding",
    "active_isa",
    "available_isas",
    "centroid_maxsim",
    "centroid_scores",
    "encode_tokens",
    "maxsim",
    "maxsim_codes",
    "nearest_centroids",
    "nearest_in_cells",
    "pack_cells",
    "pack_centroids",
    "pack_residuals",
    "pack_rotation",
    "round_vectors",
    "sum_clusters",
    "unpack_residuals",
    "use_isa",
]

MAX_DIM = 2048
"""Longer coded vectors would have integer products that a float32 cannot hold."""

_CACHE_LINE = 64


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
    out = _aligned(len(centroids), len(query))
    native().centroid_scores(_number(isa), query, centroids, threads, out)
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
    native().nearest_centroids(_number(isa), vectors, packed.strips, packed.starts, threads, out)
    return out


def maxsim(
    query: FloatMatrix, vectors: FloatMatrix, offsets: IntVector, *, threads: int = 1
) -> FloatVector:
    """Return MaxSim (Khattab and Zaharia, ColBERT, 2020) of a query with every document.

    Args:
        query: Shape (n_query, dim), float32.
        vectors: Shape (n_tokens, dim), float32: the tokens of all documents.
        offsets: Shape (n_documents + 1,), int64.
        threads: How many threads to use; they split documents.

    Returns:
        Shape (n_documents,), float32. Minus infinity for an empty document, 0 for an empty query.
    """
    check_threads(threads)
    check_array("query", query, (np.float32,), ("n_query", "dim"))
    check_array("vectors", vectors, (np.float32,), ("n_tokens", query.shape[1]))
    check_offsets(offsets, len(vectors))
    isa = active_isa()
    if isa == REFERENCE:
        check_documents(np.arange(len(offsets) - 1), offsets, len(vectors))
        return reference.maxsim(query, vectors, offsets).astype(np.float32)
    out = np.empty(len(offsets) - 1, np.float32)
    native().maxsim(_number(isa), query, vectors, offsets, threads, out)
    return out


def centroid_maxsim(
    scores: FloatMatrix,
    centroid_ids: Ids,
    offsets: IntVector,
    documents: IntVector,
    *,
    threads: int = 1,
) -> FloatVector:
    """Return MaxSim where a document is nothing but its centroids.

    Args:
        scores: Shape (n_centroids, n_query), float32, from ``centroid_scores``.
        centroid_ids: Shape (n,), uint16 or uint32: of all documents; an id twice changes nothing.
        offsets: Shape (n_documents + 1,), int64.
        documents: Shape (n_listed,), int64: which documents to score, in any order.
        threads: How many threads to use; they split documents.

    Returns:
        Shape (n_listed,), float32. Minus infinity for an empty document, 0 for an empty query.
    """
    check_threads(threads)
    check_array("scores", scores, (np.float32,), ("n_centroids", "n_query"))
    check_array("centroid_ids", centroid_ids, (np.uint16, np.uint32), ("n",))
    check_offsets(offsets, len(centroid_ids))
    check_array("documents", documents, (np.int64,), ("n_listed",))
    isa = active_isa()
    if isa == REFERENCE:
        check_documents(documents, offsets, len(centroid_ids))
        check_ids(centroid_ids, len(scores))
        result = reference.centroid_maxsim(scores, centroid_ids, offsets, documents)
        return result.astype(np.float32)
    out = np.empty(len(documents), np.float32)
    native().centroid_maxsim(_number(isa), scores, centroid_ids, offsets, documents, threads, out)
    return out


def maxsim_codes(
    query: QuantisedQuery,
    scores: FloatMatrix,
    codes: CodedTokens,
    offsets: IntVector,
    documents: IntVector,
    *,
    threads: int = 1,
) -> FloatVector:
    """Return MaxSim of a query with coded documents, without decompressing them.

    The score of a token is ``norm * (score of its centroid + gain * scale * product)``, where the
    product is the integer one of the query's values with the token's levels.

    Args:
        query: From ``Codec.quantise_query``; dim a multiple of 16 up to ``MAX_DIM``.
        scores: Shape (n_centroids, n_query), float32, from ``centroid_scores`` with the same query.
        codes: The tokens of all documents.
        offsets: Shape (n_documents + 1,), int64.
        documents: Shape (n_listed,), int64: which documents to score, in any order.
        threads: How many threads to use; they split documents.

    Returns:
        Shape (n_listed,), float32. Minus infinity for an empty document, 0 for an empty query.
    """
    check_threads(threads)
    _check_query(query, scores)
    _check_codes(codes, query.values.shape[1] * query.bits // 8)
    n_tokens = len(codes.centroid_ids)
    check_offsets(offsets, n_tokens)
    check_array("documents", documents, (np.int64,), ("n_listed",))
    isa = active_isa()
    if isa == REFERENCE:
        check_documents(documents, offsets, n_tokens)
        check_ids(codes.centroid_ids, len(scores))
        return reference.maxsim_codes(query, scores, codes, offsets, documents).astype(np.float32)
    out = np.empty(len(documents), np.float32)
    native().maxsim_codes(
        _number(isa),
        query.values,
        query.scales,
        scores,
        query.levels,
        query.bits,
        codes.centroid_ids,
        codes.residuals,
        codes.gains.view(np.uint16),
        codes.norms.view(np.uint16),
        offsets,
        documents,
        threads,
        out,
    )
    return out


def _check_query(query: QuantisedQuery, scores: FloatMatrix) -> None:
    check_array("query.values", query.values, (np.int8,), ("n_query", "dim"))
    n_query, dim = query.values.shape
    if dim == 0 or dim % 16 or dim > MAX_DIM:
        raise ValueError(f"dim must be a multiple of 16 up to {MAX_DIM}, got {dim}.")
    if query.values.size and query.values.min() < -127:
        raise ValueError("query.values must lie within -127..127, got -128.")
    check_array("query.scales", query.scales, (np.float32,), (n_query,))
    check_array("scores", scores, (np.float32,), ("n_centroids", n_query))
    levels = query.levels
    check_array("query.levels", levels, (np.int8,), ("2, 4 or 16",))
    if len(levels) not in {2, 4, 16}:
        raise ValueError(f"query.levels must have 2, 4 or 16 elements, got {len(levels)}.")
    if levels.min() < -MAX_LEVEL or levels.max() > MAX_LEVEL:
        extremes = f"{levels.min()}..{levels.max()}"
        raise ValueError(f"query.levels must lie within {-MAX_LEVEL}..{MAX_LEVEL}, got {extremes}.")


def _check_codes(codes: CodedTokens, row_bytes: int) -> None:
    check_array("codes.centroid_ids", codes.centroid_ids, (np.uint16, np.uint32), ("n_tokens",))
    n_tokens = len(codes.centroid_ids)
    check_array("codes.residuals", codes.residuals, (np.uint8,), (n_tokens, row_bytes))
    check_array("codes.gains", codes.gains, (np.float16,), (n_tokens,))
    check_array("codes.norms", codes.norms, (np.float16,), (n_tokens,))


def _number(isa: str) -> int:
    return NATIVE_ISAS.index(isa)


def _aligned(n_rows: int, n_columns: int) -> FloatMatrix:
    """Return an uninitialised matrix on a cache line boundary, so that no row of 16 is split."""
    n_bytes = n_rows * n_columns * 4
    buffer = np.empty(n_bytes + _CACHE_LINE, np.uint8)
    start = -buffer.ctypes.data % _CACHE_LINE
    return buffer[start : start + n_bytes].view(np.float32).reshape(n_rows, n_columns)
