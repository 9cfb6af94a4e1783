"""What does every kernel compute? The definition, in NumPy and double precision.

The native kernels conform to this file: integers exactly, real numbers within the rounding of
float32. Nothing here is fast, and nothing here is padded.

Conventions of every MaxSim:

- A query without tokens scores 0 for every document, empty ones included.
- A document without tokens scores minus infinity.
- A product that is NaN never is a maximum. A query token whose products with a document are all NaN
  contributes minus infinity. (The codec refuses NaN, so an index holds none.)
- Equal products are equally good; ``nearest_centroids`` takes the lowest id.

Native kernels fix the order of float32 operations as well, so that every instruction set and every
number of threads gives the same bits: a float product starts at zero (or at its start value) and
takes the dimensions in order by fused multiply-add; the score of a coded token is
``fma(float(product) * scale, gain, float(row + context) * step) * norm``; the maxima of a document
are summed in query order in double precision and rounded once. Integers (``centroid_rows``,
``probe``) and what is counted with them (``gather``) come out here exactly as there.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.kernels.cells import MAX_ROW, ROW_OFFSET, Cells, Rounding, half_squares
from colmodern.kernels.checks import check_ids
from colmodern.kernels.contexts import LEVELS, Contexts, block_bounds, level_step
from colmodern.kernels.operands import (
    N_LEVELS,
    CentroidTable,
    Codebook,
    CodedTokens,
    Ids,
    QuantisedQuery,
    WordArrays,
)
from colmodern.types import FloatMatrix, FloatVector, IntVector

Float64 = NDArray[np.float64]
WordRows: TypeAlias = tuple[IntVector, IntVector]

LOWEST = -(2**15)

GROUP_TOKENS = 16
"""Tokens of a document are looked at in groups of so many."""

LEAST_GROUPS = 4
"""Of so many groups one sets the floor of what is scored, at most."""

ROWS_AN_OCTAVE = 2**15 / 62.5
"""How much higher a number of a centroid table is when the weight of its token is doubled."""


def centroid_scores(query: FloatMatrix, centroids: FloatMatrix) -> Float64:
    """Return the product of every centroid with every query token, shape (n_centroids, n_query)."""
    return centroids.astype(np.float64) @ query.astype(np.float64).T


def nearest_centroids(vectors: FloatMatrix, centroids: FloatMatrix) -> NDArray[np.uint32]:
    """Return, for each vector, the centroid at the smallest Euclidean distance.

    That is the one with the greatest ``x.c - |c|^2 / 2``.
    """
    starts = -0.5 * np.square(centroids.astype(np.float64)).sum(axis=1)
    nearest = np.empty(len(vectors), np.uint32)
    for i, vector in enumerate(vectors.astype(np.float64)):
        nearest[i] = np.argmax(centroids @ vector + starts)
    return nearest


def maxsim(
    query: FloatMatrix,
    vectors: FloatMatrix,
    offsets: IntVector,
    sharpness: float = 0.0,
    expected: FloatVector | None = None,
) -> Float64:
    """Return what the greatest products of query tokens with tokens of each document come to."""
    tokens = query.astype(np.float64)

    def products(start: int, end: int) -> Float64:
        return vectors[start:end].astype(np.float64) @ tokens.T

    documents = np.arange(len(offsets) - 1)
    maxima = [
        np.fmax.reduce(products(*span), axis=0, initial=-np.inf)
        for span in _spans(offsets, documents)
    ]
    of_documents = np.array(maxima, np.float64).reshape(len(documents), len(query))
    return total(of_documents, sharpness, expected)


def centroid_rows(
    query: QuantisedQuery,
    centroids: NDArray[np.int8],
    steps: FloatVector,
    table_steps: FloatVector,
) -> NDArray[np.int16]:
    """Return the products of query tokens and centroids in whole ``table_steps``, padded."""
    integers = centroids.astype(np.int32) @ query.values.astype(np.int32).T
    n_query = len(query)
    scales = np.zeros(n_query, np.float32)
    np.divide(query.steps, table_steps[:n_query], out=scales, where=table_steps[:n_query] > 0)
    rows = np.full((len(centroids), len(table_steps)), LOWEST, np.int16)
    rounded = np.rint(integers.astype(np.float32) * scales * steps[:, np.newaxis])
    rows[:, :n_query] = np.where(rounded > LOWEST, np.minimum(rounded, -LOWEST - 1), LOWEST)
    return rows


def probe(table: CentroidTable, n: int) -> NDArray[np.uint32]:
    """Return the ``n`` best centroids of each query token, best first, the lower id of equals."""
    order = np.argsort(-table.rows[:, : table.n_query].astype(np.int32), axis=0, kind="stable")
    return np.ascontiguousarray(order[:n].T, dtype=np.uint32)


def expected_maxima(
    table: CentroidTable, centroid_ids: NDArray[np.uint32], offsets: IntVector
) -> FloatVector:
    """Return the mean over documents with tokens of each query token's greatest number in one."""
    rows = table.rows[centroid_ids, : table.n_query].astype(np.int64)
    greatest = [rows[a:b].max(axis=0) for a, b in pairwise(offsets.tolist()) if b > a]
    if not greatest:
        return np.zeros(table.n_query, np.float32)
    means = np.sum(greatest, axis=0) / len(greatest)
    expected: FloatVector = (means * table.steps[: table.n_query]).astype(np.float32)
    return expected


def gather(
    table: CentroidTable,
    probed: NDArray[np.uint32],
    posting_offsets: IntVector,
    postings: Ids,
    allowed: NDArray[np.bool_],
    taken_off: FloatVector,
    limit: int,
) -> tuple[IntVector, FloatVector, int]:
    """Return the documents that hold a probed centroid, best first, their scores, and how many.

    A document scores, for each query token, how much better its best probed centroid is than the
    last one probed (what is not probed is taken to be as good as that: WARP, Scheerer et al. 2025);
    ``taken_off`` is what it scores less.
    """
    scores = np.zeros(len(allowed), np.float32)
    is_found = np.zeros(len(allowed), np.bool_)
    for q, centroids in enumerate(probed):
        is_new = np.ones(len(allowed), np.bool_)
        for centroid in centroids:
            documents = postings[posting_offsets[centroid] : posting_offsets[centroid + 1]]
            steps = np.float32(int(table.rows[centroid, q]) - int(table.rows[centroids[-1], q]))
            scores[documents[is_new[documents]]] += steps * table.steps[q]
            is_new[documents] = False
        is_found |= ~is_new
    scores -= taken_off
    found = np.flatnonzero(is_found & allowed)
    best = found[np.argsort(-scores[found], kind="stable")][:limit]
    return best, scores[best], len(found)


def context_rows(
    query: QuantisedQuery, table: CentroidTable, contexts: Contexts
) -> NDArray[np.int16]:
    """Return the products of query tokens and contexts as rows of a table, (n_blocks, n_lanes)."""
    return centroid_rows(query, contexts.values(), contexts.steps(), table.steps)


def rows_in_context(
    table: CentroidTable,
    centroid_ids: Ids,
    offsets: IntVector,
    query: QuantisedQuery | None = None,
    contexts: Contexts | None = None,
) -> NDArray[np.int16]:
    """Return each token's row of a table, its context added, within 16 bits: (n, n_query)."""
    rows: NDArray[np.int16] = table.rows[centroid_ids, : table.n_query]
    if query is None or contexts is None:
        return rows
    blocks = np.searchsorted(block_bounds(offsets), np.arange(len(rows)), side="right") - 1
    shifts = context_rows(query, table, contexts)[blocks, : table.n_query]
    np.clip(rows.astype(np.int32) + shifts, LOWEST, -LOWEST - 1, out=rows, casting="unsafe")
    return rows


def smooth_maxsim(
    table: CentroidTable,
    centroid_ids: Ids,
    offsets: IntVector,
    documents: IntVector,
    query: QuantisedQuery | None = None,
    contexts: Contexts | None = None,
) -> Float64:
    """Return the logarithm of the sum of every token's weight, summed over query tokens."""
    weights = weight(rows_in_context(table, centroid_ids, offsets, query, contexts))
    steps = table.steps[: table.n_query].astype(np.float64)

    def score(start: int, end: int) -> float:
        if start == end and table.n_query:
            return -np.inf
        sums = weights[start:end].sum(axis=0)
        return float((np.log2(sums) * ROWS_AN_OCTAVE * steps).sum())

    return np.array([score(*span) for span in _spans(offsets, documents)], np.float64)


def weight(rows: NDArray[np.int16]) -> Float64:
    """Return about ``2 ** (row / ROWS_AN_OCTAVE)``, as whole numbers give it.

    The upper 16 bits of a float32 are made directly, so that between powers of two the weight is a
    straight line (at most 6 % too great).
    """
    halves = (rows.astype(np.int32) * 16000 >> 16) + 0x3F80
    return (halves.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)


def maxsim_codes(
    query: QuantisedQuery,
    table: CentroidTable,
    codes: CodedTokens,
    offsets: IntVector,
    documents: IntVector,
    contexts: Contexts | None = None,
    sharpness: float = 0.0,
    depth: int = 0,
    expected: FloatVector | None = None,
) -> Float64:
    """Return MaxSim over coded tokens: the greatest scores, summed over the query.

    With a depth, a long document's tokens without promise count as if they were not there.
    """
    scores = token_scores(query, table, codes, offsets, contexts)
    rows = rows_in_context(table, codes.centroid_ids, offsets, query, contexts)
    for start, end in pairwise(offsets.tolist()):
        if depth and end - start >= LEAST_GROUPS * depth * GROUP_TOKENS:
            blocks = np.array([0, end - start])
            if contexts is not None:
                blocks = block_bounds(blocks)
            is_promising = promising(rows[start:end], blocks, depth)
            scores[start:end][~is_promising] = -np.inf
    return total(_maxima(scores, offsets)[documents], sharpness, expected)


def promising(rows: NDArray[np.int16], blocks: IntVector, depth: int) -> NDArray[np.bool_]:
    """Return which tokens of a document reach the floor of any query token.

    It is the ``depth``-th greatest of the maxima of groups of 16 tokens, which begin with blocks.
    """
    starts = np.concatenate([np.arange(*block, GROUP_TOKENS) for block in pairwise(blocks)])
    maxima = np.maximum.reduceat(rows, starts, axis=0)
    floors = np.sort(maxima, axis=0)[-depth]
    reached: NDArray[np.bool_] = (rows >= floors).any(axis=1)
    return reached


def total(maxima: Float64, sharpness: float, expected: FloatVector | None = None) -> Float64:
    """Return what the query tokens' greatest scores, (n, n_query), come to: the documents' scores.

    Their sum, or with a sharpness k, and e what is expected of them: ``sum(e) + n_query *
    log(mean(exp(k * (maxima - e)))) / k``.
    """
    if not sharpness or not maxima.shape[1]:
        plain: Float64 = maxima.sum(axis=1)
        return plain
    offsets = np.zeros(maxima.shape[1]) if expected is None else expected.astype(np.float64)
    above = maxima - offsets
    greatest = above.max(axis=1, keepdims=True)
    greatest = np.where(np.isfinite(greatest), greatest, 0)
    with np.errstate(divide="ignore"):
        logs = np.log(np.exp(sharpness * (above - greatest)).mean(axis=1))
    scores: Float64 = offsets.sum() + maxima.shape[1] * (greatest[:, 0] + logs / sharpness)
    return scores


def merge_closest(products: FloatMatrix, n_clusters: int) -> NDArray[np.uint32]:
    """Return the clusters of vectors when the closest two merge until so many are left."""
    n = len(products)
    distances = 1 - products.astype(np.float64)
    labels, sizes, is_left = np.arange(n), np.ones(n), np.ones(n, bool)
    while is_left.sum() > n_clusters:
        pairs = np.where(np.triu(np.outer(is_left, is_left), 1), distances, np.inf)
        i, j = divmod(int(pairs.argmin()), n)
        joined = (sizes[i] + sizes) * distances[i] + (sizes[j] + sizes) * distances[j]
        distances[i] = (joined - sizes * distances[i, j]) / (sizes[i] + sizes[j] + sizes)
        distances[:, i] = distances[i]
        labels[labels == j], is_left[j] = i, False
        sizes[i] += sizes[j]
    return np.unique(labels, return_inverse=True)[1].astype(np.uint32)


def code_maxima(
    query: QuantisedQuery,
    table: CentroidTable,
    codes: CodedTokens,
    spans: IntVector,
    contexts: Contexts | None = None,
) -> Float64:
    """Return the greatest score of each query token in each span of a document's coded tokens."""
    whole = np.array([0, len(codes.centroid_ids)])
    return _maxima(token_scores(query, table, codes, whole, contexts), spans)


def token_scores(
    query: QuantisedQuery,
    table: CentroidTable,
    codes: CodedTokens,
    offsets: IntVector,
    contexts: Contexts | None = None,
) -> Float64:
    """Return the score of every token for every query token, shape (n, n_query).

    It is ``norm * (step * row + gain * scale * product)``, the product being the integer one of the
    query's values with the token's levels.
    """
    rows = rows_in_context(table, codes.centroid_ids, offsets, query, contexts)
    gains = codes.gains[:, np.newaxis].astype(np.float64)
    norms = codes.norms[:, np.newaxis].astype(np.float64)
    products = query.scales.astype(np.float64) * code_products(query, codes.residuals)
    steps = table.steps[: table.n_query].astype(np.float64)
    scores: Float64 = norms * (rows * steps + gains * products)
    return scores


def _maxima(scores: Float64, offsets: IntVector) -> Float64:
    maxima = np.full((len(offsets) - 1, scores.shape[1]), -np.inf)
    for i, (start, end) in enumerate(pairwise(offsets)):
        np.fmax.reduce(scores[start:end], axis=0, out=maxima[i], initial=-np.inf)
    return maxima


def code_products(query: QuantisedQuery, residuals: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the integer products of query tokens with residuals, shape (n, n_query)."""
    directions = query.levels.astype(np.int64)[unpack_residuals(residuals, query.bits)]
    return directions @ query.values.astype(np.int64).T


def round_vectors(
    vectors: NDArray[np.floating[Any]], rounding: Rounding, longest: float
) -> tuple[NDArray[np.uint8], FloatVector, int]:
    """Return unit vectors, rotated, in whole steps within -63..63 plus 64.

    With them come their lengths, and the number of the first that is not shorter than ``longest``,
    or -1: then the rows mean nothing. A vector of length zero becomes zeros, which are 64.
    """
    lengths, rotated = _rotated(vectors, rounding, longest)
    steps = np.clip(np.rint(rotated / rounding.step), -MAX_ROW, MAX_ROW)
    bad = np.flatnonzero(~(lengths < longest))
    return (
        (steps + ROW_OFFSET).astype(np.uint8),
        lengths.astype(np.float32),
        int(bad[0]) if len(bad) else -1,
    )


def nearest_in_cells(
    rows: NDArray[np.uint8], cells: Cells
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Return, for each row, the best centroid in the ``n_probes`` best cells, and its score.

    A score is the product less half the centroid's squared length. Of equal cells the first is
    looked into; of equal centroids the one that lies first, cell by cell, is taken.
    """
    nearest = np.empty(len(rows), np.uint32)
    best = np.empty(len(rows), np.int32)
    for i, row in enumerate(rows):
        order = np.argsort(-_grid_scores(row, cells.representatives), kind="stable")
        places = np.concatenate(
            [
                np.arange(cells.ends[cell], cells.ends[cell + 1])
                for cell in np.sort(order[: cells.n_probes])
            ]
        )
        scores = _grid_scores(row, cells.members[places])
        winner = int(np.argmax(scores))
        nearest[i], best[i] = cells.numbers[places[winner]], scores[winner]
    return nearest, best


def sum_clusters(
    rows: NDArray[np.uint8], clusters: NDArray[np.uint32], n_clusters: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the sum of the values of each cluster's rows, and the number of its rows."""
    check_ids(clusters, n_clusters)
    sums = np.zeros((n_clusters, rows.shape[1]), np.int32)
    np.add.at(sums, clusters, rows.astype(np.int32) - ROW_OFFSET)
    return sums, np.bincount(clusters, minlength=n_clusters).astype(np.int32)


def encode_tokens(
    vectors: NDArray[np.floating[Any]],
    rounding: Rounding,
    cells: Cells,
    book: Codebook,
    longest: float,
    bounds: IntVector | None = None,
) -> tuple[
    tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.float16], NDArray[np.float16]],
    tuple[NDArray[np.uint8], NDArray[np.float16]],
    FloatVector,
    int,
]:
    """Return the columns of codes, those of contexts, squared errors, and the first bad vector.

    A block's context is the mean of what the centroids leave of its rotated unit vectors, and a
    token's residual is what centroid and context leave. Its codes are those
    whose levels have the least squared distance to the residual's direction, the gain is that of
    least squares, and the norm gives the reconstruction the length of the vector.
    """
    rows, lengths, bad = round_vectors(vectors, rounding, longest)
    ids = nearest_in_cells(rows, cells)[0]
    _, rotated = _rotated(vectors, rounding, longest)
    lengths = np.where(lengths < longest, lengths, np.float32(0))
    centroids = book.centroids[ids] * book.centroid_steps[ids, np.newaxis].astype(np.float64)
    left = rotated - centroids
    blocks, contexts = _code_contexts(left, bounds)
    left -= blocks
    residuals = _code_residuals(left, book)
    directions = book.levels[unpack_residuals(residuals, book.bits)] * float(book.level_step)
    squares = np.square(directions).sum(axis=1)
    products = (left * directions).sum(axis=1)
    gains = np.divide(products, squares, out=np.zeros_like(squares), where=squares > 0)
    gains = gains.astype(np.float16)
    rebuilt = centroids + blocks + gains[:, np.newaxis].astype(np.float64) * directions
    rebuilt_lengths = np.linalg.norm(rebuilt, axis=1)
    norms = np.divide(
        lengths, rebuilt_lengths, out=np.zeros_like(rebuilt_lengths), where=rebuilt_lengths > 0
    ).astype(np.float16)
    wanted = lengths[:, np.newaxis] * rotated
    errors = np.square(wanted - norms[:, np.newaxis] * rebuilt).sum(axis=1)
    columns = (ids, residuals, gains, norms)
    return columns, contexts, errors.astype(np.float32), bad


def _code_contexts(
    left: Float64, bounds: IntVector | None
) -> tuple[Float64, tuple[NDArray[np.uint8], NDArray[np.float16]]]:
    """Return the context of every token as it is coded, shape (n, dim), and the codes."""
    dim = left.shape[1]
    if bounds is None:
        nothing = np.zeros((0, dim // 2), np.uint8), np.zeros(0, np.float16)
        return np.zeros_like(left), nothing
    lengths = np.diff(bounds)
    means = np.add.reduceat(left, bounds[:-1], axis=0) / lengths[:, np.newaxis]
    sizes = np.linalg.norm(means, axis=1, keepdims=True)
    steps = np.where(sizes > 0, sizes, np.inf) * level_step(dim)
    codes = np.abs((means / steps)[:, :, np.newaxis] - LEVELS).argmin(axis=2).astype(np.uint8)
    directions = LEVELS[codes] * level_step(dim)
    products, squares = (means * directions).sum(axis=1), np.square(directions).sum(axis=1)
    gains = (products / squares).astype(np.float16)
    contexts = gains[:, np.newaxis].astype(np.float64) * directions
    return np.repeat(contexts, lengths, axis=0), (pack_residuals(codes, 4), gains)


def _rotated(
    vectors: NDArray[np.floating[Any]], rounding: Rounding, longest: float
) -> tuple[Float64, Float64]:
    """Return lengths, and unit vectors rotated; what has no length, or too much, becomes zeros."""
    values = vectors.astype(np.float64)
    lengths = np.sqrt(np.square(values).sum(axis=1))
    fine = (lengths > 0) & (lengths < longest)
    units = np.where(fine[:, np.newaxis], values, 0) / np.where(fine, lengths, 1)[:, np.newaxis]
    return lengths, units @ rounding.rotation.astype(np.float64)


def _grid_scores(row: NDArray[np.uint8], centroids: NDArray[np.int8]) -> NDArray[np.int32]:
    values = row.astype(np.int32) - ROW_OFFSET
    scores: NDArray[np.int32] = centroids.astype(np.int32) @ values - half_squares(centroids)
    return scores


def unpack_residuals(residuals: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Return the level numbers of packed residuals, shape (n, dim), values below 16.

    A row, whose length is even, is divided into runs, each of the longest of 8, 4 or 2 bytes that
    divides it. A run is a little-endian whole number, and the level number of its dimension ``i``
    is ``run >> i * bits & 15``: the dimension's own code and, above it, those of the next
    dimensions of the run, zeros after the last. This is the bit-shift trellis of Tseng et al.
    (QTIP, 2024). With 4 bits a code is a level number.
    """
    run_bytes = _run_bytes(residuals.shape[1])
    runs = np.ascontiguousarray(residuals).view(f"<u{run_bytes}").astype(np.uint64)
    shifts = np.arange(0, 8 * run_bytes, bits, dtype=np.uint64)
    numbers = (runs[:, :, np.newaxis] >> shifts) & np.uint64(N_LEVELS - 1)
    return numbers.reshape(len(residuals), residuals.shape[1] * 8 // bits).astype(np.uint8)


def pack_residuals(codes: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Return codes below 2**bits, shape (n, dim), as packed bytes, (n, dim * bits // 8).

    Dimension ``i`` lies in byte ``i * bits // 8``, at bit ``i * bits % 8`` counted from the lowest.
    """
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    grouped = codes.reshape(len(codes), codes.shape[1] // len(shifts), len(shifts)) << shifts
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(grouped, axis=2)
    return packed


def _run_bytes(row_bytes: int) -> int:
    return next(length for length in (8, 4, 2) if row_bytes % length == 0)


def _code_residuals(left: Float64, book: Codebook) -> NDArray[np.uint8]:
    """Return the packed codes that come closest to the directions of what centroids leave over."""
    n, dim = left.shape
    sizes = np.linalg.norm(left, axis=1, keepdims=True)
    steps = np.where(sizes > 0, sizes, np.inf) * float(book.level_step)
    run = 8 * _run_bytes(dim * book.bits // 8) // book.bits
    codes = _code_runs((left / steps).reshape(-1, run), book.levels.astype(np.float64), book.bits)
    return pack_residuals(codes.reshape(n, dim), book.bits)


def _code_runs(runs: Float64, levels: Float64, bits: int) -> NDArray[np.uint8]:
    """Return the codes of runs, shape (n, dim of a run), with the least squared error.

    This is the algorithm of Viterbi, from a run's last dimension to its first. A state is made of
    the codes of the next dimensions, as many as share a level number with the one at hand: zeros at
    the end of the run. A dimension turns the state into a level number by its own code (which
    becomes the lowest bits), and leaves the lower bits of that number as a state for the one
    before. Every state keeps the cheapest number that leads to it, the lowest of equals.
    """
    n, dim = runs.shape
    n_states = N_LEVELS >> bits
    numbers = np.arange(N_LEVELS)
    costs = np.full((n, n_states), np.inf)
    costs[:, 0] = 0
    survivors = np.empty((dim, n, n_states), np.int64)
    for i in reversed(range(dim)):
        after = costs[:, numbers >> bits] + np.square(runs[:, i, np.newaxis] - levels)
        ways = after.reshape(n, 1 << bits, n_states)  # number = way * n_states + state
        survivors[i] = ways.argmin(axis=1) * n_states + np.arange(n_states)
        costs = ways.min(axis=1)
    states = costs.argmin(axis=1)
    codes = np.empty((n, dim), np.uint8)
    for i in range(dim):
        number = survivors[i, np.arange(n), states]
        codes[:, i] = number & ((1 << bits) - 1)
        states = number >> bits
    return codes


def _spans(offsets: IntVector, documents: IntVector) -> Iterator[tuple[int, int]]:
    for document in documents:
        yield int(offsets[document]), int(offsets[document + 1])


def count_words(
    words_of: Iterable[Sequence[str]],
) -> tuple[
    IntVector,
    NDArray[np.uint8],
    IntVector,
    NDArray[np.uint32],
    NDArray[np.uint16],
    NDArray[np.uint32],
]:
    """Return what ``kernels.CountedWords`` has, given the words of each document."""
    numbers: dict[str, int] = {}
    lengths, distinct, of_postings, counts = array("I"), array("I"), array("I"), array("I")
    for words in words_of:
        counter = Counter(words)
        lengths.append(counter.total())
        distinct.append(len(counter))
        of_postings.extend(numbers.setdefault(word, len(numbers)) for word in counter)
        counts.extend(counter.values())
    encoded = sorted((word.encode("utf-8"), number) for word, number in numbers.items())
    ranks = np.empty(len(encoded), np.int64)
    ranks[[number for _, number in encoded]] = np.arange(len(encoded))
    in_order = ranks[np.array(of_postings, np.int64)]
    order = np.argsort(in_order, kind="stable")  # documents of a word stay ascending
    documents = np.repeat(np.arange(len(lengths), dtype=np.uint32), np.array(distinct, np.int64))
    return (
        np.cumsum([0, *(len(word) for word, _ in encoded)], dtype=np.int64),
        np.frombuffer(b"".join(word for word, _ in encoded), np.uint8),
        np.cumsum([0, *np.bincount(in_order, minlength=len(encoded))], dtype=np.int64),
        documents[order],
        np.minimum(np.array(counts, np.uint32), np.iinfo(np.uint16).max).astype(np.uint16)[order],
        np.array(lengths, np.uint32),
    )


def find_words(part: WordArrays, words: Sequence[bytes], live: NDArray[np.bool_]) -> WordRows:
    """Return the row of each word in a segment, -1 where it has none, and its live documents."""
    ends = part.word_offsets
    known = {bytes(part.word_bytes[a:b]): row for row, (a, b) in enumerate(pairwise(ends))}
    rows = np.array([known.get(word, -1) for word in words], np.int64)
    found = [part.documents[_list_of(part, row)] for row in rows]
    return rows, np.array([np.count_nonzero(live[documents]) for documents in found], np.int64)


def score_words(
    part: WordArrays, rows: IntVector, weights: FloatVector, saturations: FloatVector
) -> FloatVector:
    """Return what the documents of a segment score by words, in float32.

    Each word in order adds ``weight * (count / (count + saturation))``; every operation is rounded
    for itself.
    """
    scores = np.zeros(part.n_documents, np.float32)
    for row, weight_of_word in zip(rows.tolist(), weights, strict=True):
        listed = _list_of(part, row)
        documents, counts = part.documents[listed], part.counts[listed].astype(np.float32)
        scores[documents] += weight_of_word * (counts / (counts + saturations[documents]))
    return scores


def _list_of(part: WordArrays, row: int) -> slice:
    ends = part.posting_offsets
    return slice(0) if row < 0 else slice(int(ends[row]), int(ends[row + 1]))
