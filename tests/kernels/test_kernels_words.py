"""BM25 over the postings of words: by definition, and natively the same bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from colmodern import kernels
from colmodern.text.words import words_of

ISAS = kernels.available_isas()
WORDS = [b"a", b"ab", "\u00e9t\u00e9".encode(), b"key", b"zebra"]
ASKED = [b"key", b"none", b"a", WORDS[2], b"zz", b""]


def a_part(rng, n_documents, words, *, wide):
    words = sorted(words)
    having = [
        np.sort(rng.permutation(n_documents)[: rng.integers(0, n_documents + 1)]) for _ in words
    ]
    documents = np.concatenate([np.zeros(0, np.int64), *having])
    return kernels.WordArrays(
        np.cumsum([0, *map(len, words)]),
        np.frombuffer(b"".join(words), np.uint8),
        np.cumsum([0, *map(len, having)]),
        documents.astype(np.uint32 if wide else np.uint16),
        rng.integers(1, 2**16, len(documents)).astype(np.uint16),
        n_documents,
    )


@pytest.fixture
def parts():
    rng = np.random.default_rng(5)
    return [
        a_part(rng, 40, WORDS, wide=False),
        a_part(rng, 3, WORDS[1:4], wide=True),
        a_part(rng, 1, [], wide=False),
        a_part(rng, 17, WORDS[::2], wide=True),
    ]


def everywhere(call):
    results = []
    for isa in ISAS:
        with kernels.use_isa(isa):
            results.append(call())
    return results


@pytest.mark.parametrize("n_live", [0, 30, None])
def test_words_are_found_with_the_number_of_their_live_documents(parts, n_live):
    postings = kernels.WordPostings(parts)
    live = None
    if n_live is not None:
        live = np.zeros(postings.n_documents, np.bool_)
        live[np.random.default_rng(1).permutation(len(live))[:n_live]] = True
    is_live = np.ones(postings.n_documents, np.bool_) if live is None else live
    for rows, frequencies in everywhere(lambda: kernels.find_words(postings, ASKED, live)):
        assert rows.tolist() == [
            [2, -1, 0, 4, -1, -1],
            [1, -1, -1, 2, -1, -1],
            [-1] * 6,
            [-1, -1, 0, 2, -1, -1],
        ]
        for column, n in enumerate(frequencies.tolist()):
            expected = 0
            for part, start, row in zip(parts, postings.starts, rows[:, column], strict=False):
                if row >= 0:
                    listed = slice(*part.posting_offsets[row : row + 2])
                    expected += np.count_nonzero(is_live[start + part.documents[listed]])
            assert n == expected


@pytest.mark.parametrize("threads", [1, 3])
def test_scores_are_the_same_bits_everywhere(parts, threads):
    postings = kernels.WordPostings(parts)
    rng = np.random.default_rng(2)
    rows, _ = kernels.find_words(postings, ASKED)
    weights = rng.uniform(0, 9, len(ASKED)).astype(np.float32)
    saturations = rng.uniform(0.3, 5, postings.n_documents).astype(np.float32)
    first, *others = everywhere(
        lambda: kernels.score_words(postings, rows, weights, saturations, threads=threads)
    )
    assert np.count_nonzero(first) > 20
    for other in others:
        np.testing.assert_array_equal(other, first)
    document = int(parts[0].documents[parts[0].posting_offsets[2]])
    parts_of_sum = np.float32(0)
    for row, weight in zip(rows[0].tolist(), weights, strict=True):
        listed = slice(*parts[0].posting_offsets[row : row + 2]) if row >= 0 else slice(0)
        for at, count in zip(parts[0].documents[listed], parts[0].counts[listed], strict=True):
            if at == document:
                times = np.float32(count)
                parts_of_sum += weight * (times / (times + saturations[document]))
    assert first[document] == parts_of_sum


def test_nothing_asked_scores_nothing(parts):
    postings = kernels.WordPostings(parts)
    rows, frequencies = kernels.find_words(postings, [])
    assert (rows.shape, frequencies.shape) == ((4, 0), (0,))
    ones = np.ones(postings.n_documents, np.float32)
    assert not kernels.score_words(postings, rows, np.zeros(0, np.float32), ones).any()
    nowhere = kernels.WordPostings([])
    assert kernels.find_words(nowhere, ASKED)[0].shape == (0, 6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"word_offsets": np.array([0, 1, 3, 6, 11, 99])}, "offsets of word 4 are 11 to 99"),
        ({"posting_offsets": np.array([0, 0, 0, 0, 5, 10**9])}, "postings of word 4 run from 5"),
        ({"documents": np.full(200, 40, np.uint16)}, "a posting is document 40, expected below 40"),
    ],
)
def test_what_lies_outside_the_arrays_is_refused(parts, changes, words):
    damaged = replace(parts[0], counts=np.ones(200, np.uint16), documents=np.zeros(200, np.uint16))
    postings = kernels.WordPostings([replace(damaged, **changes)])
    live = np.ones(40, np.bool_)
    native = [isa for isa in ISAS if isa != kernels.REFERENCE]
    for isa in native:
        with kernels.use_isa(isa), pytest.raises(ValueError, match=words):
            kernels.find_words(postings, [WORDS[2]], live)


def test_rows_and_documents_outside_are_refused_when_scored(parts):
    ones = np.ones(40, np.float32)
    outside = parts[0].documents + np.uint16(40)
    for part, row, words in (
        (parts[0], 5, "a word has row 5, expected below 5"),
        (replace(parts[0], documents=outside), 3, "a posting is document"),
    ):
        postings = kernels.WordPostings([part])
        for isa in ISAS:
            if isa != kernels.REFERENCE:
                with kernels.use_isa(isa), pytest.raises(ValueError, match=words):
                    kernels.score_words(postings, np.array([[row]]), ones[:1], ones)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"word_offsets": np.zeros(0, np.int64)}, ValueError, "at least one number"),
        ({"word_offsets": np.zeros(6, np.int32)}, TypeError, "word_offsets must be int64"),
        ({"posting_offsets": np.zeros(3, np.int64)}, ValueError, "posting_offsets must be"),
        ({"documents": np.zeros(5, np.int64)}, TypeError, "documents must be uint16 or uint32"),
        ({"counts": np.zeros(1, np.uint16)}, ValueError, "counts must be"),
        ({"word_bytes": b"abc"}, TypeError, "word_bytes must be an array"),
    ],
)
def test_arrays_are_checked_when_they_are_put_together(parts, changes, error, words):
    with pytest.raises(error, match=words):
        kernels.WordPostings([replace(parts[0], **changes)])


def test_words_are_counted_as_they_are_split():
    rng = np.random.default_rng(3)
    pieces = [
        *(
            "plain",
            "Word",
            "ABC",
            "IDs",
            "URLs",
            "aB",
            "A",
            "a",
            "x1",
            "1x",
            "007",
            "parseHTTPResponse",
        ),
        *("_", "__", "_a", "a_", "snake_case", "HTTPs2xx", "a" * 64, "B" * 65, "aB" * 32, "3D_Ab"),
        *(
            "\u00e9t\u00e9",
            "na\u00efveCase",
            "\uff26\uff35",
            "\u6f22\u5b57_x",
            "e\u0301",
            "a\u00adb",
            "\u0e44\u0e17\u0e22",
        ),
        *("'", ".", "\x00", "-", "\u2019", "\u00a0", "\U0001f600"),
    ]
    texts = [
        "".join(rng.choice(pieces, 60).tolist() + rng.choice([" ", "", "\n"], 1).tolist())
        for _ in range(40)
    ]
    texts += [" ".join(rng.choice(pieces, n).tolist()) for n in (1, 2, 400, 5000)] + [
        "",
        "a " * 70_000,
    ]
    found = kernels.count_words(texts, words_of)
    with kernels.use_isa(kernels.REFERENCE):
        expected = kernels.count_words(texts, words_of)
    for name, one, other in zip(found._fields, found, expected, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)
        assert one.dtype == other.dtype
    assert found.lengths[-1] == 70_000
    assert found.counts.max() == 65_535


def test_nothing_is_counted_of_no_documents():
    for isa in (kernels.REFERENCE, "auto"):
        with kernels.use_isa(isa):
            found = kernels.count_words([], words_of)
        assert [len(one) for one in found] == [1, 0, 1, 0, 0, 0]
