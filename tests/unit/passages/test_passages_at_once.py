"""Are the passages that one native call finds those of the definition, whatever the text?"""

# ruff: noqa: RUF001 - letters and marks of other scripts are what is tested

import random
from dataclasses import replace

import numpy as np
import pytest

from colmodern import kernels
from colmodern.kernels import REFERENCE, use_isa
from colmodern.passages.asked import DocumentText, PassageQuery
from colmodern.passages.of_documents import (
    consider,
    passages_of,
    vector_passages,
    word_passages,
)
from colmodern.passages.scorer import DocumentScorer
from colmodern.passages.words import tokens_of_words

PARTS = [
    *"aAbZ. \n\f.!?…。！？\"')(*_-#|`~=019\té÷ßЖжΑα\u00a0ñ中文—“”",
    *"水の都・々ｶ｡한국ไทยกๆ฿ 𠀀",
    *("ภาษาไทยเขียนติดกันโดยไม่มีช่องว่างระหว่างคำเลย ", "열쇠는 서랍에 ", "鍵は引き出し"),
    *("   ", "\n\n", "```\n", "~~~", "\n- ", "\n1. ", "e.g. ", "Dr. ", "\n# ", "the key was lost "),
    "A line that goes on and on until it is wide enough to have been broken at a width\n",
    *(
        "\n| key | lost |\n|--|--|\n",
        "\n| a | b |",
        "\nThe ways to do it are:\n",
        "\n* one\n\n* two",
    ),
    *("x" * 90, "data:image/png;base64," + "iVBOR" * 500, "key. ", "A key. It was lost in May. "),
]
QUERIES = [
    "where is the key?",
    "lost May 水の都",
    'a "key was lost" in May',
    "ภาษา 열쇠는",
    "",
    "zz",
]


def text_of(rng):
    length = rng.choice([0, 1, 30, 300, 300, 1500])
    return "".join(rng.choice(PARTS) for _ in range(length))


def spans_of(rng, text):
    """The characters of tokens: mostly those of words, some with a title, some foreign."""
    found = tokens_of_words(text)
    if rng.random() < 0.4:
        found = [(0, 0)] * rng.randint(1, 4) + found
    spans = np.array(found, np.int32).reshape(-1, 2)
    if len(spans) and rng.random() < 0.3:
        for _ in range(rng.randint(1, 5)):
            spans[rng.randrange(len(spans))] = rng.randint(-3, len(text) + 9), rng.randint(0, 2999)
    return spans


def vectors_of(texts, dim):
    """A vector for each token: the same for the same characters, so that matches are equal too."""
    rows = []
    for one in texts:
        for a, b in one.spans().tolist():
            seed = sum(map(ord, one.text[max(a, 0) : b])) % 97
            rows.append(np.random.default_rng(seed).standard_normal(dim))
    found = np.array(rows, np.float32).reshape(-1, dim)
    return found / np.linalg.norm(found, axis=1, keepdims=True).clip(1e-9)


@pytest.fixture
def documents(request, kit):
    """Random documents, what scores them for two random queries, and their numbers."""
    rng = random.Random(request.param)
    texts = []
    for _ in range(5):
        text = text_of(rng)
        spans = spans_of(rng, text)
        kind = rng.choice(["code", "markdown", "text", "text"])
        texts.append(DocumentText.of(text, {"type": kind}, lambda spans=spans: spans))
    lengths = [len(one.spans()) for one in texts]
    offsets = np.cumsum([0, *lengths], dtype=np.int64)
    codec = kit.codec
    codes, contexts = codec.encode_documents(vectors_of(texts, codec.dim), offsets)
    segments = kernels.Segments([kernels.SegmentArrays(offsets, codes, contexts)])
    scorers = []
    for n in (3, rng.choice([1, 5, 20])):
        values = np.random.default_rng(n).standard_normal((n, codec.dim)).astype(np.float32)
        query = codec.quantise_query(values)
        scorers.append(
            DocumentScorer(query, codec.centroid_table(query), segments, rng.randint(1, 3))
        )
    order = np.array(rng.sample(range(5), 5), np.int64)
    return [texts[i] for i in order], scorers, order


def query_of(seed):
    rng = np.random.default_rng(seed)
    return PassageQuery.of(QUERIES[seed % len(QUERIES)], lambda _: float(rng.random()))


@pytest.mark.parametrize(("documents", "seed"), [(n, n) for n in range(30)], indirect=["documents"])
def test_by_vectors(documents, seed):
    texts, (scorer, chooser), numbers = documents
    query, within = query_of(seed), [np.inf, 0.5][seed % 2]
    found = vector_passages(query, scorer, numbers, texts, 3, within=within, chooser=chooser)
    considered = consider(query, chooser, numbers, texts, 3)
    expected = passages_of(query, considered, scorer, numbers, texts, within=within)
    assert found == expected


@pytest.mark.parametrize(("documents", "seed"), [(n, n) for n in range(30)], indirect=["documents"])
def test_by_words(documents, seed):
    texts, _, _ = documents
    query, within = query_of(seed), [np.inf, 0.5][seed % 2]
    found = word_passages(query, texts, 3, within=within, threads=2)
    with use_isa(REFERENCE):
        expected = word_passages(query, texts, 3, within=within)
    assert found == expected


@pytest.mark.parametrize("documents", [5, 6], indirect=True)
def test_by_vectors_as_numpy_finds_them(documents):
    texts, (scorer, _), numbers = documents
    query = query_of(2)
    found = vector_passages(query, scorer, numbers, texts, 2)
    with use_isa(REFERENCE):
        expected = vector_passages(query, scorer, numbers, texts, 2)

    def rounded(passages):
        return [[replace(one, score=round(one.score, 4)) for one in some] for some in passages]

    assert rounded(found) == rounded(expected)


def test_a_second_phrase_makes_a_window_better():
    text = (
        "A blue key hangs here. " + "Some words that say nothing. " * 60 + "The blue key was lost."
    )
    one = DocumentText.of(text, {}, lambda: np.zeros((0, 2), np.int32))
    query = PassageQuery.of('"blue key" "was lost"', lambda _: 1.0)
    for isa in (REFERENCE, kernels.active_isa()):
        with use_isa(isa):
            ((first, *_),) = word_passages(query, [one])
        assert "The blue key was lost." in first.text


def broken(data):
    def read():
        return data.decode("utf-8")

    return DocumentText(read, lambda: data, {}, lambda: np.zeros((0, 2), np.int32))


@pytest.mark.parametrize(
    "bad",
    [b"\xff", b"\xc3", b"\xc3(", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"],
)
def test_bytes_that_are_no_text_are_refused(bad):
    data = "a key é 鍵 𠀀 ".encode() + bad + b" is lost"
    with pytest.raises(UnicodeDecodeError):
        word_passages(PassageQuery.of("key", lambda _: 1.0), [broken(data)])


@pytest.mark.parametrize("good", ["é", "߿", "ࠀ", "퟿", "", "￿", "𐀀", "\U0010ffff"])
def test_all_of_utf8_is_read(good):
    data = f"a key {good} {good}{good} is lost".encode()
    ((found,),) = word_passages(PassageQuery.of("key", lambda _: 1.0), [broken(data)])
    assert found.text == data.decode()


def test_a_document_must_have_the_tokens_of_its_text(kit):
    codec = kit.codec
    offsets = np.array([0, 4])
    vectors = np.eye(4, codec.dim, dtype=np.float32)
    codes, contexts = codec.encode_documents(vectors, offsets)
    segments = kernels.Segments([kernels.SegmentArrays(offsets, codes, contexts)])
    query = codec.quantise_query(vectors[:2])
    scorer = DocumentScorer(query, codec.centroid_table(query), segments)
    one = DocumentText.of("a key", {}, lambda: np.array([[0, 1], [2, 5]], np.int32))
    with pytest.raises(ValueError, match="has 4 tokens, its text 2"):
        vector_passages(PassageQuery(), scorer, np.array([0]), [one])
