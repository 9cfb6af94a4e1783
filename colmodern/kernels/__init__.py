"""The arithmetic of late interaction: what do a query and a document have to do with each other?

``reference.py`` defines every kernel. Here arguments are checked, once, and handed to the best
implementation that the machine can run (``active_isa``). All native ones return the same bits,
whatever the number of threads. Nothing falls back in silence: without the compiled extension a
kernel raises ``KernelUnavailableError``, unless ``COLMODERN_ISA=reference`` asks for NumPy.

Arrays are C-contiguous and never converted. Ragged arrays are (values, offsets), ``offsets`` int64
of n + 1 elements that begin with 0.
"""

from __future__ import annotations

from typing import Any

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
    check_postings,
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
    LEVELS,
    Contexts,
    block_bounds,
    block_offsets,
    check_blocks,
    check_contexts,
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
    CACHE_LINE,
    LANES,
    ROW_LANES,
    CentroidTable,
    Codebook,
    CodedTokens,
    Ids,
    PackedCentroids,
    QuantisedQuery,
)
from colmodern.kernels.reference import MAX_LEVEL, N_LEVELS, pack_residuals, unpack_residuals
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
    "Ids",
    "PackedCentroids",
    "QuantisedQuery",
    "Rounding",
    "active_isa",
    "available_isas",
    "block_bounds",
    "block_offsets",
    "centroid_scores",
    "centroid_table",
    "code_maxima",
    "encode_tokens",
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
    "smooth_maxsim",
    "sum_clusters",
    "total",
    "unpack_residuals",
    "use_isa",
]

MAX_DIM = 2048
"""Longer coded vectors would have integer products that a float32 cannot hold."""

_MAX_VALUE = 127
_NO_CONTEXTS = (
    np.zeros((0, 0), np.uint8),
    np.zeros(0, np.uint16),
    np.zeros(0, np.int64),
    LEVELS,
    0.0,
    np.zeros((0, 0), np.int8),
    np.zeros(0, np.float32),
)
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
    query: FloatMatrix,
    vectors: FloatMatrix,
    offsets: IntVector,
    *,
    sharpness: float = 0.0,
    threads: int = 1,
) -> FloatVector:
    """Return MaxSim (Khattab and Zaharia, ColBERT, 2020) of a query with every document.

    Args:
        query: Shape (n_query, dim), float32.
        vectors: Shape (n_tokens, dim), float32: the tokens of all documents.
        offsets: Shape (n_documents + 1,), int64.
        sharpness: 0 for the plain sum, at most 64; see ``total``.
        threads: How many threads to use; they split documents.

    Returns:
        Shape (n_documents,), float32. Minus infinity for an empty document, 0 for an empty query.
    """
    check_threads(threads)
    check_sharpness(sharpness)
    check_array("query", query, (np.float32,), ("n_query", "dim"))
    check_array("vectors", vectors, (np.float32,), ("n_tokens", query.shape[1]))
    check_offsets(offsets, len(vectors))
    isa = active_isa()
    if isa == REFERENCE:
        check_documents(np.arange(len(offsets) - 1), offsets, len(vectors))
        return reference.maxsim(query, vectors, offsets, sharpness).astype(np.float32)
    out = np.empty(len(offsets) - 1, np.float32)
    native().maxsim(_number(isa), query, vectors, offsets, sharpness, threads, out)
    return out


def total(maxima: FloatVector, sharpness: float) -> float:
    """Return what the greatest scores of query tokens in a document come to: its score.

    Their sum; with a sharpness k not the sum of the n maxima m, but ``n * log(mean(exp(k * m))) /
    k``: query tokens that match well count more than those that match badly.

    Args:
        maxima: Shape (n_query,), float32.
        sharpness: 0 for the plain sum, at most 64.
    """
    check_sharpness(sharpness)
    return float(reference.total(maxima.astype(np.float64)[np.newaxis], sharpness)[0])


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
    _check_query(query)
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
    scales = _table_scales(query, table_steps)
    native().centroid_table(
        _number(isa), query.values, scales, centroids, steps, threads, table.rows
    )
    return table


def probe(table: CentroidTable, n: int) -> NDArray[np.uint32]:
    """Return the centroids nearest to each query token.

    Args:
        table: From ``centroid_table``.
        n: How many for each query token, 1 to the number of centroids.

    Returns:
        Shape (n_query, n), uint32: best first, the lower id of equals first.
    """
    _check_table(table)
    if not 1 <= n <= len(table):
        raise ValueError(f"n must lie within 1 to {len(table)}, got {n}.")
    if active_isa() == REFERENCE:
        return reference.probe(table, n)
    probed = np.empty((table.n_query, n), np.uint32)
    native().probe(table.rows, table.steps, table.n_query, probed)
    return probed


def gather(
    table: CentroidTable,
    probed: NDArray[np.uint32],
    posting_offsets: IntVector,
    postings: Ids,
    allowed: NDArray[np.bool_],
    limit: int,
) -> tuple[IntVector, FloatVector, int]:
    """Return the documents that look best by their probed centroids.

    A document scores, for each query token, how much better its best probed centroid is than the
    last one probed; what is not probed counts as that one (WARP, Scheerer et al. 2025). The cost
    follows the postings, not the length of documents.

    Args:
        table: From ``centroid_table``.
        probed: Shape (n_query, n), uint32, from ``probe``.
        posting_offsets: Shape (n_centroids + 1,), int64.
        postings: uint16 or uint32: the documents of each centroid, without repetition.
        allowed: Shape (n_documents,), bool: which documents may be returned.
        limit: How many to return at most.

    Returns:
        Documents (int64), best first, the lower number of equals first; their scores (float32);
        and how many allowed documents hold a probed centroid.
    """
    _check_table(table)
    check_array("probed", probed, (np.uint32,), (table.n_query, "n"))
    check_array("posting_offsets", posting_offsets, (np.int64,), (len(table) + 1,))
    check_array("postings", postings, (np.uint16, np.uint32), ("n_postings",))
    check_array("allowed", allowed, (np.bool_,), ("n_documents",))
    if probed.size and probed.max() >= len(table):
        raise ValueError(f"a probed centroid is {probed.max()}, expected below {len(table)}.")
    if limit < 0:
        raise ValueError(f"limit must be at least 0, got {limit}.")
    if active_isa() == REFERENCE:
        check_postings(probed, posting_offsets, postings, len(allowed))
        return reference.gather(table, probed, posting_offsets, postings, allowed, limit)
    room = min(limit, len(allowed))
    documents, scores = np.empty(room, np.int64), np.empty(room, np.float32)
    n, n_found = native().gather(
        table.rows,
        table.steps,
        table.n_query,
        probed,
        posting_offsets,
        postings,
        allowed,
        documents,
        scores,
    )
    return documents[:n], scores[:n], n_found


def smooth_maxsim(
    table: CentroidTable,
    centroid_ids: Ids,
    offsets: IntVector,
    documents: IntVector,
    *,
    query: QuantisedQuery | None = None,
    contexts: Contexts | None = None,
    threads: int = 1,
) -> FloatVector:
    """Return a smooth MaxSim where a document is nothing but its tokens' centroids.

    Instead of the greatest product of a query token it takes the logarithm of the sum of
    ``2 ** (62.5 * product / greatest possible product)``: where many tokens lie near the maximum,
    one of their residuals is likely to lift it. That orders documents much better than the maximum.

    Args:
        table: From ``centroid_table``.
        centroid_ids: Shape (n,), uint16 or uint32: of the tokens of all documents.
        offsets: Shape (n_documents + 1,), int64.
        documents: Shape (n_listed,), int64: which documents to score, in any order.
        query: The query of the table, which is needed to meet contexts.
        contexts: Those of all documents; None: there are none.
        threads: How many threads to use; they split documents.

    Returns:
        Shape (n_listed,), float32. Minus infinity for an empty document, 0 for an empty query.
    """
    check_threads(threads)
    _check_table(table)
    if query is None and contexts is not None:
        raise ValueError("query must be given where contexts are.")
    operands = _context_operands(query, table, contexts, len(offsets) - 1)
    check_array("centroid_ids", centroid_ids, (np.uint16, np.uint32), ("n",))
    check_offsets(offsets, len(centroid_ids))
    check_array("documents", documents, (np.int64,), ("n_listed",))
    isa = active_isa()
    if isa == REFERENCE:
        check_documents(documents, offsets, len(centroid_ids))
        check_ids(centroid_ids, len(table))
        if contexts is not None:
            check_blocks(contexts, offsets, documents)
        result = reference.smooth_maxsim(table, centroid_ids, offsets, documents, query, contexts)
        return result.astype(np.float32)
    out = np.empty(len(documents), np.float32)
    native().smooth_maxsim(
        _number(isa),
        table.rows,
        table.steps,
        table.n_query,
        centroid_ids,
        *operands,
        offsets,
        documents,
        threads,
        out,
    )
    return out


def maxsim_codes(
    query: QuantisedQuery,
    table: CentroidTable,
    codes: CodedTokens,
    offsets: IntVector,
    documents: IntVector,
    *,
    contexts: Contexts | None = None,
    sharpness: float = 0.0,
    threads: int = 1,
) -> FloatVector:
    """Return MaxSim of a query with coded documents, without decompressing them.

    The score of a token is ``norm * (score of its centroid + score of its context + gain * scale *
    product)``, where the product is the integer one of the query's values with the token's levels.

    Args:
        query: From ``Codec.quantise_query``; dim a multiple of 16 up to ``MAX_DIM``.
        table: From ``centroid_table`` with the same query.
        codes: The tokens of all documents.
        offsets: Shape (n_documents + 1,), int64.
        documents: Shape (n_listed,), int64: which documents to score, in any order.
        contexts: Those of all documents; None: there are none.
        sharpness: 0 for the plain sum, at most 64; see ``total``.
        threads: How many threads to use; they split documents.

    Returns:
        Shape (n_listed,), float32. Minus infinity for an empty document, 0 for an empty query.
    """
    check_sharpness(sharpness)
    check_array("documents", documents, (np.int64,), ("n_listed",))
    check_offsets(offsets, len(codes.centroid_ids))
    operands = _code_operands(query, table, codes, contexts, len(offsets) - 1, threads)
    isa = active_isa()
    if isa == REFERENCE:
        check_documents(documents, offsets, len(codes.centroid_ids))
        check_ids(codes.centroid_ids, len(table))
        if contexts is not None:
            check_blocks(contexts, offsets, documents)
        result = reference.maxsim_codes(
            query, table, codes, offsets, documents, contexts, sharpness
        )
        return result.astype(np.float32)
    out = np.empty(len(documents), np.float32)
    native().maxsim_codes(_number(isa), *operands, offsets, documents, sharpness, threads, out)
    return out


def code_maxima(
    query: QuantisedQuery,
    table: CentroidTable,
    codes: CodedTokens,
    spans: IntVector,
    *,
    contexts: Contexts | None = None,
    threads: int = 1,
) -> FloatMatrix:
    """Return the greatest score of each query token in each span of a document's coded tokens.

    Args:
        query: As for ``maxsim_codes``.
        table: As for ``maxsim_codes``.
        codes: The tokens of one document.
        spans: Shape (n_spans + 1,), int64, not falling: span i is the tokens ``spans[i]`` to
            ``spans[i + 1]``.
        contexts: Those of the document; None: it has none.
        threads: How many threads to use; they split spans.

    Returns:
        Shape (n_spans, n_query), float32; minus infinity where a span has no tokens.
    """
    check_array("spans", spans, (np.int64,), ("n_spans + 1",))
    if len(spans) == 0:
        raise ValueError("spans must hold at least one bound, got none.")
    operands = _code_operands(query, table, codes, contexts, 1, threads)
    isa = active_isa()
    if isa == REFERENCE:
        check_documents(np.arange(len(spans) - 1), spans, len(codes.centroid_ids))
        check_ids(codes.centroid_ids, len(table))
        if contexts is not None:
            check_blocks(contexts, np.array([0, len(codes.centroid_ids)]), np.array([0]))
        return reference.code_maxima(query, table, codes, spans, contexts).astype(np.float32)
    out = np.empty((len(spans) - 1, len(query)), np.float32)
    native().code_maxima(_number(isa), *operands, spans, threads, out)
    return out


def _code_operands(
    query: QuantisedQuery,
    table: CentroidTable,
    codes: CodedTokens,
    contexts: Contexts | None,
    n_documents: int,
    threads: int,
) -> tuple[Any, ...]:
    """Check what the kernels over coded tokens have in common, and return it as they take it."""
    check_threads(threads)
    _check_query(query)
    _check_table(table)
    if table.n_query != len(query):
        raise ValueError(f"table must be of {len(query)} query tokens, got {table.n_query}.")
    _check_codes(codes, query.values.shape[1] * query.bits // 8)
    return (
        query.values,
        query.scales,
        table.rows,
        table.steps,
        query.levels,
        query.bits,
        codes.centroid_ids,
        codes.residuals,
        codes.gains.view(np.uint16),
        codes.norms.view(np.uint16),
        *_context_operands(query, table, contexts, n_documents),
    )


def _context_operands(
    query: QuantisedQuery | None, table: CentroidTable, contexts: Contexts | None, n_documents: int
) -> tuple[Any, ...]:
    """Check contexts, and return them, and the query, as the kernels take them."""
    if query is None or contexts is None:
        return _NO_CONTEXTS
    n_query, dim = query.values.shape
    if table.n_query != n_query:
        raise ValueError(f"table must be of {n_query} query tokens, got {table.n_query}.")
    check_contexts(contexts, dim, n_documents)
    return (
        contexts.residuals,
        contexts.gains.view(np.uint16),
        contexts.offsets,
        LEVELS,
        contexts.level_step,
        query.values,
        _table_scales(query, table.steps[:n_query]),
    )


def _table_scales(query: QuantisedQuery, table_steps: FloatVector) -> FloatVector:
    """Return what turns the integer product of a token with 8-bit values into steps of a table."""
    scales = np.zeros(len(query), np.float32)
    np.divide(query.steps, table_steps, out=scales, where=table_steps > 0)
    return scales


def _check_table(table: CentroidTable) -> None:
    check_array("table.rows", table.rows, (np.int16,), ("n_centroids", "n_lanes"))
    n_lanes = table.rows.shape[1]
    check_array("table.steps", table.steps, (np.float32,), (n_lanes,))
    if not np.isfinite(table.steps).all():
        raise ValueError("table.steps must be finite; a query token or a centroid is not.")
    if n_lanes % ROW_LANES or not 0 <= table.n_query <= n_lanes:
        raise ValueError(f"table has {n_lanes} lanes for {table.n_query} query tokens.")
    if table.rows.size and table.rows.ctypes.data % CACHE_LINE:
        raise ValueError("table.rows must begin on a cache line; take it from centroid_table.")


def _check_query(query: QuantisedQuery) -> None:
    check_array("query.values", query.values, (np.int8,), ("n_query", "dim"))
    n_query, dim = query.values.shape
    if dim == 0 or dim % 16 or dim > MAX_DIM:
        raise ValueError(f"dim must be a multiple of 16 up to {MAX_DIM}, got {dim}.")
    if query.values.size and query.values.min() < -_MAX_VALUE:
        raise ValueError("query.values must lie within -127..127, got -128.")
    check_array("query.steps", query.steps, (np.float32,), (n_query,))
    levels = query.levels
    check_array("query.levels", levels, (np.int8,), (N_LEVELS,))
    if query.bits not in {1, 2, 4}:
        raise ValueError(f"query.bits must be 1, 2 or 4, got {query.bits}.")
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
