"""Which mode answers where nobody says one, and is it said?"""

import json

import numpy as np
import pytest

from colmodern import Document, HashEncoder, Indexer, Searcher
from colmodern.errors import ConfigError, IndexFormatError, InputError
from colmodern.eval import Dataset, evaluate
from colmodern.request import Mode, SearchRequest
from colmodern.storage.snapshot.reader import IndexReader

DOCUMENTS = [
    Document("a", "The key of the boat house hangs in the kitchen."),
    Document("b", "A boat needs a new key every other year."),
    Document("c", "Nothing here."),
]


@pytest.fixture
def index(tmp_path):
    Indexer(tmp_path / "i", HashEncoder(dim=64)).build(DOCUMENTS)
    return tmp_path / "i"


@pytest.fixture
def searcher(index):
    with Searcher.open(index, HashEncoder(dim=64)) as opened:
        yield opened


@pytest.fixture
def without_words(searcher, monkeypatch):
    def none(_reader):
        raise IndexFormatError("The index has no words for BM25 yet.", path=None)

    monkeypatch.setattr(IndexReader, "words", property(none))
    return searcher


def test_both_answer_where_the_index_has_words(searcher):
    hits = searcher.search("the key")
    assert hits.mode is Mode.HYBRID
    assert hits == searcher.search("the key", mode="hybrid")
    assert hits[:1].mode is Mode.HYBRID
    assert hits.to_dict()["mode"] == "hybrid"
    assert set(hits[0].parts) == {"late", "bm25"}


def test_late_answers_where_it_has_none(without_words):
    hits = without_words.search("the key")
    assert hits.mode is Mode.LATE
    assert hits == without_words.search("the key", mode="late")
    assert without_words.explain("the key", "a").mode == "late"
    with pytest.raises(IndexFormatError):
        without_words.search("the key", word_weight=0.2)


def test_late_answers_vectors_and_queries_without_a_word(searcher):
    (tokens,) = HashEncoder(dim=64).encode_queries(["the key"])
    assert searcher.search_embeddings(tokens).mode is Mode.LATE
    assert searcher.search_embeddings(tokens, query="the key").mode is Mode.HYBRID
    assert searcher.search_embeddings(tokens, query="?!").mode is Mode.LATE
    assert searcher.explain_embeddings(tokens, "a").mode == "late"
    with pytest.raises(InputError, match="needs the text of the query"):
        searcher.explain_embeddings(tokens, "a", mode="hybrid")


def test_each_query_of_a_batch_has_its_own(searcher):
    many = searcher.search_many(["the key", "c-3 boat"], k=2)
    assert [hits.mode for hits in many] == [Mode.HYBRID, Mode.HYBRID]
    assert many == [searcher.search("the key", k=2), searcher.search("c-3 boat", k=2)]


def test_an_option_that_needs_a_mode_says_which(searcher):
    weighed = searcher.search("the key", passage_weight=0.5)
    assert weighed.mode is Mode.LATE
    assert weighed == searcher.search("the key", passage_weight=0.5, mode="late")
    for how in ({"word_weight": 0.0}, {"word_weight": 0.7}, {"fusion": "rrf"}):
        hits = searcher.search("the key", **how)
        assert hits.mode is Mode.HYBRID
        assert hits == searcher.search("the key", mode="hybrid", **how)
    with pytest.raises(ConfigError, match="passage_weight does not go together"):
        SearchRequest(passage_weight=0.5, word_weight=0.1)


def test_an_evaluation_says_which_it_was(searcher):
    dataset = Dataset.of(
        [(one.id, one.text) for one in DOCUMENTS], {"q": "the key"}, {"q": {"a": 1}}, name="keys"
    )
    assert evaluate(searcher, dataset).system == "hybrid medium, 4 bits"
    assert evaluate("late:mode=auto", dataset, encoder=searcher.encoder).system == (
        "hybrid medium, 4 bits, scores"
    )
    assert evaluate("late", dataset, encoder=searcher.encoder).system == "late medium, 4 bits"


def test_scores_of_hits_are_numbers_of_both(searcher):
    hits = searcher.search("the key", k=3)
    assert np.isfinite(hits.scores).all()
    assert (hits.scores <= 1).all()
    assert json.loads(json.dumps(hits.to_dict()))["mode"] == "hybrid"
