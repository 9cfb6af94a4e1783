"""Does native code cut and choose as the definition does, whatever the text?"""

# ruff: noqa: RUF001 - letters and marks of other scripts are what is tested

import random

import numpy as np
import pytest

from colmodern.kernels import REFERENCE, native, use_isa
from colmodern.passages.choice import choose
from colmodern.passages.pieces import PlacedText, cut
from colmodern.passages.words import query_words, tokens_of_words, word_runs
from colmodern.text.units import units_of

PARTS = [
    *"aAbZ. \n\f.!?…。！？\"')(*_-#|`~=019\té÷ßЖжΑα\u00a0ñ中文—“”\ud800",
    *"水の都・々ｶ｡한국ไทยกๆ฿ 𠀀",
    *("ภาษาไทยเขียนติดกันโดยไม่มีช่องว่างระหว่างคำเลย ", "열쇠는 서랍에 ", "鍵は引き出し"),
    *("   ", "\n\n", "```", "~~~", "\n- ", "\n1. ", "e.g. ", "Dr. ", "\n# ", "a word or two "),
    "A line that goes on and on until it is wide enough to have been broken at a width\n",
]


def texts(seed, n, length):
    rng = random.Random(seed)
    for _ in range(n):
        yield "".join(rng.choice(PARTS) for _ in range(rng.randint(0, length)))


@pytest.mark.parametrize("is_code", [False, True])
def test_units(is_code):
    for text in texts(1, 1500, 60):
        expected = [tuple(map(int, unit)) for unit in units_of(text, is_code=is_code)]
        found = native().units_of(text.encode("utf-8", "surrogatepass"), is_code)
        assert [tuple(row) for row in found.tolist()] == expected, repr(text)


def sources(seed):
    rng = random.Random(seed)
    for text in texts(seed, 4, 400):
        spans = np.array([run[1:] for run in word_runs(text)], np.int32).reshape(-1, 2)
        if len(spans) and rng.random() < 0.4:  # as a foreign index may have them
            spans[rng.randrange(len(spans))] = rng.randint(-3, len(text) + 9), rng.randint(0, 999)
        yield PlacedText(text, None if rng.random() < 0.2 else spans, rng.random() < 0.2)


@pytest.mark.parametrize("seed", range(30))
def test_pieces_words_and_choice(seed):
    documents = list(sources(seed))
    words = query_words(["a word Zé 0", "wide line A", "Ж α 水の都 열쇠는 ช่องว่าง", ""][seed % 4])
    found = cut(documents, words, threads=2)
    with use_isa(REFERENCE):
        expected = cut(documents, words, threads=1)
    for name in ("units", "unit_offsets", "pieces", "piece_offsets", "counts"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)

    rng = np.random.default_rng(seed)
    n_tokens = [
        len(tokens_of_words(d.text)) if d.spans is None else len(d.spans) for d in documents
    ]
    maxima = rng.random((len(found.pieces), 5), np.float32) if seed % 3 else None
    idf = rng.random(len(words))
    chosen = choose(found, n_tokens, maxima, idf, 3, threads=2)
    with use_isa(REFERENCE):
        also = choose(found, n_tokens, maxima, idf, 3, threads=1)
    np.testing.assert_array_equal(chosen.windows, also.windows)
    np.testing.assert_array_equal(chosen.scores, also.scores)
    np.testing.assert_array_equal(chosen.answers, also.answers)


def test_every_character_is_of_the_same_kind():
    text = " ".join(map(chr, [*range(0x10000), *range(0x1FF00, 0x20100), *range(0x2FFF0, 0x30010)]))
    found = cut([PlacedText(text, None)], ["a", "中", "ก"], threads=1)
    with use_isa(REFERENCE):
        expected = cut([PlacedText(text, None)], ["a", "中", "ก"], threads=1)
    np.testing.assert_array_equal(found.units, expected.units)
    np.testing.assert_array_equal(found.pieces, expected.pieces)
    np.testing.assert_array_equal(found.counts, expected.counts)
