"""A document of many windows: one hit, the right place, every token once."""

import numpy as np
import pytest

from colmodern import Document, Encoder, Indexer, Searcher

RNG = np.random.default_rng(1)
SENTENCES = (
    "The ferry was late again, and nobody at the pier was surprised.",
    "A gardener watered the beans while the radio played old waltzes.",
    "Two auditors counted chairs in the empty assembly hall.",
    "Snow had been promised for the weekend, but it only rained.",
)
FACT = "The missing teapot of the duchess stands behind the third barrel."


@pytest.fixture(scope="module")
def encoder():
    return Encoder.load(document_length=128)


def long_text(n_sentences, at):
    parts = [SENTENCES[int(i)] for i in RNG.integers(0, len(SENTENCES), n_sentences)]
    parts[at] = FACT
    return "\n".join(parts)


@pytest.mark.parametrize("at", [0, 40, 79])
def test_windows_of_a_document_are_one_hit_and_the_passage_is_found_in_any(tmp_path, encoder, at):
    documents = [Document("long", long_text(80, at)), Document("other", " ".join(SENTENCES))]
    Indexer(tmp_path / "index", encoder).build(documents)
    with Searcher.open(tmp_path / "index", encoder) as searcher:
        hits = searcher.search("where is the missing teapot of the duchess?", k=10)
        assert [hit.doc_id for hit in hits] == ["long", "other"]
        assert FACT in hits[0].passage.text
        assert 0 <= at + 1 - hits[0].passage.line <= 10


def test_windows_bring_every_token_once(encoder):
    text = long_text(80, 40)
    (windows,) = encoder.encode_documents([text])
    (whole,) = Encoder.load(document_length=4096).encode_documents([text])
    np.testing.assert_array_equal(windows.spans, whole.spans)
    assert len(windows) > 8 * 100
