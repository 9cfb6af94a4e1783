"""Several segments in one call: what they give by themselves, in one order."""

from __future__ import annotations

import gc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from colmodern import kernels
from colmodern.codec import Codes
from colmodern.kernels import CentroidTable, QuantisedQuery, reference

ISAS = kernels.available_isas()
DIM, BITS, CENTROIDS, QUERY = 48, 2, 40, 17
LENGTHS = [(3, 0, 200, 1), (), (47, 48, 150), (0,), (5,)]


def a_query(rng):
    values = rng.integers(-127, 128, (QUERY, DIM)).astype(np.int8)
    steps = rng.uniform(1e-3, 1e-2, QUERY).astype(np.float32)
    levels = rng.integers(-63, 64, 16).astype(np.int8)
    return QuantisedQuery(values, steps, levels, np.float32(0.01), BITS)


def a_table(rng):
    table = CentroidTable.empty(CENTROIDS, rng.uniform(1e-5, 1e-4, QUERY).astype(np.float32))
    table.rows[:] = reference.LOWEST
    table.rows[:, :QUERY] = rng.integers(-(2**15), 2**15, (CENTROIDS, QUERY))
    return table


def a_part(rng, lengths, *, wide):
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    n = int(offsets[-1])
    ids = rng.integers(0, CENTROIDS, n).astype(np.uint32 if wide else np.uint16)
    codes = Codes(
        ids,
        rng.integers(0, 256, (n, DIM * BITS // 8), dtype=np.uint8),
        rng.uniform(0, 1, n).astype(np.float16),
        rng.uniform(0.5, 2, n).astype(np.float16),
    )
    blocks = kernels.block_offsets(offsets)
    contexts = kernels.Contexts(
        rng.integers(0, 256, (int(blocks[-1]), DIM // 2)).astype(np.uint8),
        rng.uniform(0, 0.4, int(blocks[-1])).astype(np.float16),
        blocks,
    )
    lists = [
        np.flatnonzero([(ids[a:b] == c).any() for a, b in pairwise(offsets)])
        for c in range(CENTROIDS)
    ]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64)
    postings = np.concatenate(lists).astype(np.uint32 if wide else np.uint16)
    return kernels.SegmentArrays(offsets, codes, contexts, starts, postings)


@pytest.fixture
def case():
    rng = np.random.default_rng(11)
    parts = [a_part(rng, lengths, wide=i % 2 > 0) for i, lengths in enumerate(LENGTHS)]
    return a_query(rng), a_table(rng), parts, rng


def numbered(parts):
    """Every document: its number, its segment as a set of its own, its number in that."""
    number = 0
    for part in parts:
        for document in range(part.n_documents):
            yield number, kernels.Segments([part]), np.array([document])
            number += 1


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("threads", [1, 3])
def test_scores_are_those_of_each_segment_alone(isa, threads, case):
    query, table, parts, rng = case
    segments = kernels.Segments(parts)
    documents = rng.permutation(segments.n_documents)
    with kernels.use_isa(isa):
        smooth = kernels.smooth_maxsim(table, segments, documents, query=query, threads=threads)
        scores = kernels.maxsim_codes(
            query, table, segments, documents, sharpness=4.0, threads=threads
        )
        for number, alone, document in numbered(parts):
            (row,) = np.flatnonzero(documents == number)
            assert smooth[row] == kernels.smooth_maxsim(table, alone, document, query=query)[0]
            one = kernels.maxsim_codes(query, table, alone, document, sharpness=4.0)
            assert scores[row] == one[0]


@pytest.mark.parametrize("depth", [1, 2, 5, 100])
def test_tokens_without_promise_are_left_out_of_long_documents_alike_everywhere(depth, case):
    query, table, parts, rng = case
    parts = [a_part(rng, (1000, 143, 64, 63, 300), wide=True), *parts]
    parts[-1] = replace(a_part(rng, (700, 20), wide=False), contexts=None)
    segments = kernels.Segments(parts)
    documents = rng.permutation(segments.n_documents)
    found = {}
    for isa in ISAS:
        with kernels.use_isa(isa):
            found[isa] = kernels.maxsim_codes(query, table, segments, documents, depth=depth)
            whole = kernels.maxsim_codes(query, table, segments, documents)
            assert (found[isa] <= whole).all()
            shared = kernels.maxsim_codes(query, table, segments, documents, depth=depth, threads=3)
            np.testing.assert_array_equal(shared, found[isa])
    native = [found[isa] for isa in ISAS if isa != kernels.REFERENCE]
    for other in native[1:]:
        np.testing.assert_array_equal(other, native[0])
    np.testing.assert_allclose(native[0], found[kernels.REFERENCE], rtol=1e-5)
    is_less = native[0] < whole
    assert is_less.any() == (depth < 100)
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])[documents]
    assert not is_less[lengths < 64 * depth].any()


def test_a_depth_is_a_number_of_at_least_zero(case):
    query, table, parts, _ = case
    segments = kernels.Segments(parts)
    for depth in (-1, 257):
        with pytest.raises(ValueError, match="depth must lie within 0 to 256"):
            kernels.maxsim_codes(query, table, segments, np.zeros(1, np.int64), depth=depth)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("threads", [1, 3])
def test_maxima_of_spans_are_those_of_each_document_alone(isa, threads, case):
    query, table, parts, rng = case
    segments = kernels.Segments(parts)
    documents, begins, ends, alone = [], [], [], []
    for number, one, document in numbered(parts):
        n = int(np.diff(one.parts[0].offsets)[document[0]])
        for _ in range(4):
            begin, end = np.sort(rng.integers(0, n + 1, 2)).tolist()
            documents.append(number)
            begins.append(begin)
            ends.append(end)
            alone.append((one, document, np.array([begin]), np.array([end])))
    order = rng.permutation(len(documents))
    arrays = [np.array(values)[order] for values in (documents, begins, ends)]
    with kernels.use_isa(isa):
        maxima = kernels.code_maxima(query, table, segments, *arrays, threads=threads)
        for row, i in enumerate(order):
            expected = kernels.code_maxima(query, table, *alone[i])
            np.testing.assert_array_equal(maxima[row], expected[0])


@pytest.mark.parametrize("limit", [0, 1, 4, 100])
@pytest.mark.parametrize("threads", [1, 3])
def test_what_is_gathered_is_the_best_of_all_segments(limit, threads, case):
    _, table, parts, rng = case
    segments = kernels.Segments(parts)
    probed = kernels.probe(table, 3)
    allowed = rng.random(segments.n_documents) < 0.7
    found = {}
    for isa in ISAS:
        with kernels.use_isa(isa):
            found[isa] = kernels.gather(table, probed, segments, allowed, limit, threads=threads)
    documents, scores, n_found = found["reference"]
    every = [np.zeros(0)]
    for part, start in zip(parts, segments.starts, strict=False):
        mask = allowed[start : start + part.n_documents]
        alone = kernels.gather(table, probed, kernels.Segments([part]), mask, 100)
        every.append(alone[1])
    assert n_found == sum(map(len, every)) >= 4
    assert scores.tolist() == sorted(np.concatenate(every).tolist(), reverse=True)[:limit]
    for other in found.values():
        np.testing.assert_array_equal(other[0], documents)
        np.testing.assert_array_equal(other[1], scores)
        assert other[2] == n_found


def test_segments_keep_what_the_kernels_read(case):
    query, table, parts, _ = case
    segments = kernels.Segments(parts)
    documents = np.arange(segments.n_documents)
    before = kernels.maxsim_codes(query, table, segments, documents)
    parts.clear()
    gc.collect()
    np.testing.assert_array_equal(kernels.maxsim_codes(query, table, segments, documents), before)


def test_no_segments_hold_no_documents(case):
    query, table, _, _ = case
    nothing, none = kernels.Segments([]), np.zeros(0, np.int64)
    assert len(nothing) == nothing.n_documents == 0
    for isa in ISAS:
        with kernels.use_isa(isa):
            assert len(kernels.maxsim_codes(query, table, nothing, none)) == 0
            assert kernels.code_maxima(query, table, nothing, none, none, none).shape == (0, QUERY)
            found = kernels.gather(
                table, kernels.probe(table, 2), nothing, np.zeros(0, np.bool_), 5
            )
            assert (len(found[0]), found[2]) == (0, 0)


@pytest.mark.parametrize("isa", ISAS)
def test_what_is_not_there_is_refused(isa, case):
    query, table, parts, _ = case
    segments = kernels.Segments(parts)
    n = segments.n_documents
    one, none = np.ones(1, np.int64), np.zeros(1, np.int64)
    with kernels.use_isa(isa):
        for wrong in (-1, n):
            with pytest.raises(ValueError, match="documents"):
                kernels.maxsim_codes(query, table, segments, np.array([0, wrong]))
        for begin, end in ((2, 1), (-1, 1), (0, 4)):  # the first document has three tokens
            with pytest.raises(ValueError, match="offsets of"):
                kernels.code_maxima(query, table, segments, none, begin * one, end * one)
        with pytest.raises(ValueError, match=f"allowed must be bool of shape .{n}.,? ?"):
            kernels.gather(table, kernels.probe(table, 2), segments, np.ones(n - 1, np.bool_), 5)
