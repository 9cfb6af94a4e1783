"""The arithmetic of a search: which documents look good, and what do they score by their codes?

As in ``colmodern.kernels``: arrays are checked here, queries and tables when they are made, and
``reference.py`` defines what is computed for the documents of one segment. A call takes the
documents of all segments at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.kernels import reference
from colmodern.kernels.checks import (
    check_array,
    check_documents,
    check_expected,
    check_ids,
    check_postings,
    check_sharpness,
    check_spans,
    check_threads,
)
from colmodern.kernels.contexts import LEVELS, check_blocks, level_step
from colmodern.kernels.isa import NATIVE_ISAS, REFERENCE, active_isa, native
from colmodern.kernels.operands import CentroidTable, QuantisedQuery, table_scales
from colmodern.kernels.segments import SegmentArrays, Segments
from colmodern.types import FloatMatrix, FloatVector, IntVector

MAX_DEPTH = 256
"""How many groups may set a floor."""

_NO_CONTEXTS = (LEVELS, 0.0, np.zeros((0, 0), np.int8), np.zeros(0, np.float32))


def gather(
    table: CentroidTable,
    probed: NDArray[np.uint32],
    segments: Segments,
    allowed: NDArray[np.bool_],
    limit: int,
    *,
    taken_off: FloatVector | None = None,
    ordered: int | None = None,
    threads: int = 1,
) -> tuple[IntVector, FloatVector, int]:
    """Return the documents that look best by their probed centroids.

    A document scores, for each query token, how much better its best probed centroid is than the
    last one probed; what is not probed counts as that one (WARP, Scheerer et al. 2025). The cost
    follows the postings, not the length of documents.

    Args:
        table: From ``centroid_table``.
        probed: Shape (n_query, n), uint32, from ``probe``.
        segments: Where to look.
        allowed: Shape (n_documents,), bool: which documents of all segments may be returned.
        limit: How many to return at most.
        taken_off: Shape (n_documents,), float32: what the score of each is less; None: nothing.
        ordered: How many of these must be in order; None: all of them.
        threads: How many threads to use; they split segments.

    Returns:
        Documents (int64), best first, the lower number of equals first, as far as they must be in
        order, then the others; their scores (float32); and how many allowed documents hold a
        probed centroid.
    """
    check_threads(threads)
    check_array("probed", probed, (np.uint32,), (table.n_query, "n"))
    check_array("allowed", allowed, (np.bool_,), (segments.n_documents,))
    if taken_off is not None:
        check_array("taken_off", taken_off, (np.float32,), (segments.n_documents,))
    segments.check_postings(len(table))
    if probed.size and probed.max() >= len(table):
        raise ValueError(f"a probed centroid is {probed.max()}, expected below {len(table)}.")
    ordered = limit if ordered is None else ordered
    if limit < 0 or ordered < 0:
        raise ValueError(f"limit and ordered must be at least 0, got {limit} and {ordered}.")
    if active_isa() == REFERENCE:
        return _gather_by_definition(table, probed, segments, allowed, taken_off, limit)
    room = min(limit, len(allowed))
    documents, scores = np.empty(room, np.int64), np.empty(room, np.float32)
    n, n_found = native().gather(
        table.rows,
        table.steps,
        table.n_query,
        probed,
        segments.handle,
        allowed,
        taken_off,
        ordered,
        threads,
        documents,
        scores,
    )
    return documents[:n], scores[:n], n_found


def smooth_maxsim(
    table: CentroidTable,
    segments: Segments,
    documents: IntVector,
    *,
    query: QuantisedQuery | None = None,
    threads: int = 1,
) -> FloatVector:
    """Return a smooth MaxSim where a document is nothing but its tokens' centroids.

    Instead of the greatest product of a query token it takes the logarithm of the sum of
    ``2 ** (62.5 * product / greatest possible product)``: where many tokens lie near the maximum,
    one of their residuals is likely to lift it. That orders documents much better than the maximum.

    Args:
        table: From ``centroid_table``.
        segments: Where the documents are.
        documents: Shape (n_listed,), int64: which documents to score, in any order.
        query: The query of the table, which is needed to meet contexts.
        threads: How many threads to use; they split documents.

    Returns:
        Shape (n_listed,), float32. Minus infinity for an empty document, 0 for an empty query.
    """
    check_threads(threads)
    if query is None and segments.has_contexts:
        raise ValueError("query must be given where contexts are.")
    contexts = _context_operands(query, table)
    if query is not None:
        segments.check_contexts(query.values.shape[1])
    check_array("documents", documents, (np.int64,), ("n_listed",))
    isa = active_isa()
    if isa == REFERENCE:

        def score(part: SegmentArrays, numbers: IntVector) -> FloatVector:
            _check_values(part, numbers, len(table))
            ids = part.codes.centroid_ids
            found = reference.smooth_maxsim(table, ids, part.offsets, numbers, query, part.contexts)
            return found.astype(np.float32)

        segments.check_documents(documents)
        return segments.scored(documents, score)
    out = np.empty(len(documents), np.float32)
    native().smooth_maxsim(
        NATIVE_ISAS.index(isa),
        table.rows,
        table.steps,
        table.n_query,
        *contexts,
        segments.handle,
        documents,
        threads,
        out,
    )
    return out


def maxsim_codes(
    query: QuantisedQuery,
    table: CentroidTable,
    segments: Segments,
    documents: IntVector,
    *,
    sharpness: float = 0.0,
    expected: FloatVector | None = None,
    depth: int = 0,
    threads: int = 1,
) -> FloatVector:
    """Return MaxSim of a query with coded documents, without decompressing them.

    The score of a token is ``norm * (score of its centroid + score of its context + gain * scale *
    product)``, where the product is the integer one of the query's values with the token's levels.

    Args:
        query: From ``Codec.quantise_query``; dim a multiple of 16 up to ``MAX_DIM``.
        table: From ``centroid_table`` with the same query.
        segments: Where the documents are.
        documents: Shape (n_listed,), int64: which documents to score, in any order.
        sharpness: 0 for the plain sum, at most 64; see ``total``.
        expected: Shape (n_query,), float32, from ``expected_maxima``; see ``total``. None: zeros.
        depth: How many groups of 16 tokens set a query token's floor: of a document of at least
            64 times as many tokens, those alone are scored whose centroid and context score as
            much for any query token as those of its best token in the last of the groups that
            score most. 0 scores all tokens.
        threads: How many threads to use; they split documents.

    Returns:
        Shape (n_listed,), float32. Minus infinity for an empty document, 0 for an empty query.
    """
    check_sharpness(sharpness)
    if not 0 <= depth <= MAX_DEPTH:
        raise ValueError(f"depth must lie within 0 to {MAX_DEPTH}, got {depth}.")
    check_expected(expected, len(query))
    check_array("documents", documents, (np.int64,), ("n_listed",))
    operands = _code_operands(query, table, segments, threads)
    isa = active_isa()
    if isa == REFERENCE:

        def score(part: SegmentArrays, numbers: IntVector) -> FloatVector:
            _check_values(part, numbers, len(table))
            found = reference.maxsim_codes(
                query,
                table,
                part.codes,
                part.offsets,
                numbers,
                part.contexts,
                sharpness,
                depth,
                expected,
            )
            return found.astype(np.float32)

        segments.check_documents(documents)
        return segments.scored(documents, score)
    out = np.empty(len(documents), np.float32)
    native().maxsim_codes(
        NATIVE_ISAS.index(isa),
        *operands,
        segments.handle,
        documents,
        sharpness,
        expected,
        depth,
        threads,
        out,
    )
    return out


def code_maxima(
    query: QuantisedQuery,
    table: CentroidTable,
    segments: Segments,
    documents: IntVector,
    begins: IntVector,
    ends: IntVector,
    *,
    threads: int = 1,
) -> FloatMatrix:
    """Return the greatest score of each query token in spans of coded documents.

    Args:
        query: As for ``maxsim_codes``.
        table: As for ``maxsim_codes``.
        segments: Where the documents are.
        documents: Shape (n_spans,), int64: the document of each span; spans of one document are
            best listed together, in their order.
        begins: Shape (n_spans,), int64: the first token of each span, counted in its document.
        ends: Shape (n_spans,), int64: the one past its last token.
        threads: How many threads to use; they split spans.

    Returns:
        Shape (n_spans, n_query), float32; minus infinity where a span has no tokens.
    """
    check_array("documents", documents, (np.int64,), ("n_spans",))
    check_array("begins", begins, (np.int64,), (len(documents),))
    check_array("ends", ends, (np.int64,), (len(documents),))
    operands = _code_operands(query, table, segments, threads)
    isa = active_isa()
    if isa == REFERENCE:
        return _code_maxima_by_definition(query, table, segments, documents, begins, ends)
    out = np.empty((len(documents), len(query)), np.float32)
    native().code_maxima(
        NATIVE_ISAS.index(isa), *operands, segments.handle, documents, begins, ends, threads, out
    )
    return out


def coded_query(query: QuantisedQuery, table: CentroidTable, segments: Segments) -> Any:
    """Return a query as native code takes it that meets documents of segments by itself.

    Args:
        query: As for ``maxsim_codes``.
        table: As for ``maxsim_codes``.
        segments: Where the documents are.
    """
    return native().CodedQuery(*_code_operands(query, table, segments, 1))


def _gather_by_definition(
    table: CentroidTable,
    probed: NDArray[np.uint32],
    segments: Segments,
    allowed: NDArray[np.bool_],
    taken_off: FloatVector | None,
    limit: int,
) -> tuple[IntVector, FloatVector, int]:
    """Return the best of what each segment has."""
    less = np.zeros(segments.n_documents, np.float32) if taken_off is None else taken_off
    found = [(np.zeros(0, np.int64), np.zeros(0, np.float32), 0)]
    for part, start in zip(segments.parts, segments.starts.tolist(), strict=False):
        assert part.posting_offsets is not None
        assert part.postings is not None
        check_postings(probed, part.posting_offsets, part.postings, part.n_documents)
        own = slice(start, start + part.n_documents)
        documents, scores, n = reference.gather(
            table, probed, part.posting_offsets, part.postings, allowed[own], less[own], limit
        )
        found.append((documents + start, scores, n))
    documents, scores = (np.concatenate([one[i] for one in found]) for i in (0, 1))
    best = np.lexsort((documents, -scores))[:limit]
    return documents[best], scores[best].astype(np.float32), sum(n for _, _, n in found)


def _code_maxima_by_definition(
    query: QuantisedQuery,
    table: CentroidTable,
    segments: Segments,
    documents: IntVector,
    begins: IntVector,
    ends: IntVector,
) -> FloatMatrix:
    """Return the maxima of each span, a document at a time."""
    segments.check_documents(documents)
    maxima = np.full((len(documents), len(query)), -np.inf, np.float32)
    for part, rows, numbers in segments.split(documents):
        _check_values(part, numbers, len(table))
        check_spans(begins[rows], ends[rows], np.diff(part.offsets)[numbers])
        scores = reference.token_scores(query, table, part.codes, part.offsets, part.contexts)
        firsts = part.offsets[numbers]
        for row, start, end in zip(rows, firsts + begins[rows], firsts + ends[rows], strict=True):
            maxima[row] = np.fmax.reduce(scores[start:end], axis=0, initial=-np.inf)
    return maxima


def _check_values(part: SegmentArrays, documents: IntVector, n_centroids: int) -> None:
    """Raise ValueError unless the tokens of listed documents are there (for NumPy kernels)."""
    check_documents(documents, part.offsets, len(part.codes.centroid_ids))
    check_ids(part.codes.centroid_ids, n_centroids)
    if part.contexts is not None:
        check_blocks(part.contexts, part.offsets, documents)


def _code_operands(
    query: QuantisedQuery, table: CentroidTable, segments: Segments, threads: int
) -> tuple[Any, ...]:
    """Check what the kernels over coded tokens have in common, and return it as they take it."""
    check_threads(threads)
    dim = query.values.shape[1]
    operands = _context_operands(query, table)
    segments.check_codes(dim, dim * query.bits // 8)
    return (
        query.values,
        query.scales,
        table.rows,
        table.steps,
        query.levels,
        query.bits,
        *operands,
    )


def _context_operands(query: QuantisedQuery | None, table: CentroidTable) -> tuple[Any, ...]:
    """Return what contexts mean, and the query that meets them, as the kernels take them."""
    if query is None:
        return _NO_CONTEXTS
    n_query, dim = query.values.shape
    if table.n_query != n_query:
        raise ValueError(f"table must be of {n_query} query tokens, got {table.n_query}.")
    return LEVELS, level_step(dim), query.values, table_scales(query, table.steps[:n_query])
