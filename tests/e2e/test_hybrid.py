"""BM25 and hybrid search in the index: the right scores, whatever happened to the index."""

import numpy as np
import pytest

from colmodern import Document, HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.errors import InputError
from colmodern.request import SearchRequest
from colmodern.storage import EncoderInfo, IndexWriter, verify
from colmodern.text.words import words_of
from colmodern.types import TokenEmbeddings

WORDS = [f"word{i}" for i in range(400)]


@pytest.fixture
def encoder():
    return HashEncoder(dim=64)


def documents(n=300, seed=3):
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, len(WORDS) + 1)
    weights /= weights.sum()
    for number in range(n):
        words = rng.choice(WORDS, size=int(rng.integers(5, 150)), p=weights)
        yield Document(f"d{number}", " ".join(words), title=f"About number{number % 50}")


@pytest.fixture
def index(tmp_path, encoder):
    path = tmp_path / "index"
    Indexer(path, encoder, config=IndexConfig(segment_tokens=4000)).build(documents())
    return path


def oracle(docs, query):
    """BM25 by bm25s, by document id; only what it scores above 0."""
    import bm25s

    model = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    model.index([words_of(f"{d.title} {d.text}") for d in docs], show_progress=False)
    scores = model.get_scores(words_of(query))
    return {d.id: float(s) for d, s in zip(docs, scores, strict=True) if s > 0}


def by_words(index, query, k=1000):
    with Searcher.open(index) as searcher:
        return {hit.doc_id: hit.score for hit in searcher.search(query, k=k, mode="bm25")}


QUERIES = ["word3 word17", "number7 word1 word1", "Word250 word399 nothing", "word0 WORD1, word2!"]


@pytest.mark.parametrize("query", QUERIES)
def test_bm25_scores_are_those_of_bm25s(index, query):
    assert by_words(index, query) == pytest.approx(oracle(list(documents()), query), abs=1e-4)


def test_bm25_needs_no_encoder_and_orders_by_score_then_id(index):
    with Searcher.open(index) as searcher:
        hits = searcher.search("number7", k=1000, mode="bm25")
        assert searcher._encoder is None
        pairs = [(-hit.score, hit.doc_id) for hit in hits]
        assert pairs == sorted(pairs)
        # All titles have a word of the name; those that have all of it come first.
        assert len(hits) == 300
        assert {hit.doc_id for hit in hits[:6]} == {f"d{number}" for number in range(7, 300, 50)}
        assert [hit.doc_id for hit in searcher.search("number7", k=3, mode="bm25")] == [
            hit.doc_id for hit in hits[:3]
        ]


def test_scores_follow_the_living_documents_through_every_change(index, encoder):
    docs = {document.id: document for document in documents()}
    indexer = Indexer(index, encoder)
    for number in range(0, 300, 3):
        del docs[f"d{number}"]
    indexer.delete([f"d{number}" for number in range(0, 300, 3)])
    fresh = [Document("d1", "word3 word3 word3"), Document("new", "word17 of its own")]
    docs |= {document.id: document for document in fresh}
    indexer.update(fresh)
    for query in QUERIES:
        assert by_words(index, query) == pytest.approx(oracle(list(docs.values()), query), abs=1e-4)
    before = [by_words(index, query) for query in QUERIES]
    with IndexWriter.open(index) as writer:
        writer.compact()
    assert [by_words(index, query) for query in QUERIES] == [pytest.approx(b) for b in before]
    assert verify(index) == []


def test_an_open_searcher_keeps_the_words_of_its_snapshot(index, encoder):
    with Searcher.open(index) as searcher:
        before = searcher.search("word3 word17", mode="bm25", k=500)
        Indexer(index, encoder).delete(before.doc_ids[:10])
        with IndexWriter.open(index) as writer:
            writer.compact()
        assert searcher.search("word3 word17", mode="bm25", k=500) == before
        after = searcher.refresh().search("word3 word17", mode="bm25", k=500)
    assert set(after.doc_ids) == set(before.doc_ids[10:])


def test_passages_of_bm25_hold_the_rarest_words(tmp_path, encoder):
    filler = "The committee met again and nothing was decided. " * 60
    text = f"{filler}\nThe zeppelin landed near Zürich in 1908. {filler}"
    Indexer(tmp_path / "i", encoder).build([Document("a", text), Document("b", filler)])
    with Searcher.open(tmp_path / "i") as searcher:
        hits = searcher.search("when did the zeppelin land near zürich", mode="bm25")
        passage = hits[0].passage
        assert hits[0].doc_id == "a"
        assert text[passage.start : passage.end] == passage.text
        assert "zeppelin landed near Zürich" in passage.text
        marked = [text[start:end] for start, end in passage.highlights]
        assert {"zeppelin", "Zürich"} <= set(marked)
        assert searcher.search("zeppelin", mode="bm25", passages=False)[0].passage is None


def test_a_title_alone_may_match_without_a_passage(tmp_path, encoder):
    Indexer(tmp_path / "i", encoder).build([Document("a", "some text", title="Zeppelin")])
    with Searcher.open(tmp_path / "i") as searcher:
        (hit,) = searcher.search("zeppelin", mode="bm25")
    assert hit.passage is None


@pytest.mark.parametrize("fusion", ["rrf", "scores"])
@pytest.mark.parametrize("effort", ["low", "exact"])
def test_hybrid_takes_the_best_of_both(index, encoder, fusion, effort):
    query = "number7 word399 word250"
    with Searcher.open(index, encoder) as searcher:
        late = searcher.search(query, k=400, mode="late", effort="exact")
        hits = searcher.search(query, k=20, mode="hybrid", fusion=fusion, effort=effort)
        words = by_words(index, query)
        scores = dict(zip(late.doc_ids, late.scores.tolist(), strict=True))
        for hit in hits:
            assert hit.parts["late"] == pytest.approx(scores[hit.doc_id], abs=1e-5)
            assert hit.parts["bm25"] == pytest.approx(words.get(hit.doc_id, 0), abs=1e-5)
        assert list(hits.scores) == sorted(hits.scores, reverse=True)
        assert hits[0].to_dict()["parts"].keys() == {"late", "bm25"}
        edges = [
            searcher.search(
                query, k=20, mode="hybrid", fusion=fusion, effort="exact", word_weight=w
            )
            for w in (0, 1)
        ]
    assert edges[0].doc_ids == late.doc_ids[:20]
    best = list(words)[:20]
    assert edges[1].doc_ids[: len(best)] == tuple(best)


def test_bm25_brings_what_the_vectors_miss_to_the_rescoring(tmp_path):
    """An encoder that sees nothing but the first letter: only BM25 can find the word."""

    class Blunt(HashEncoder):
        def encode_documents(self, texts):
            return super().encode_documents([" ".join(w[0] for w in t.split()) for t in texts])

        encode_queries = encode_documents

    docs = [Document(f"d{i}", f"x{i} y{i} z{i} " * 20) for i in range(2000)]
    Indexer(tmp_path / "i", Blunt(dim=16)).build(docs)
    with Searcher.open(tmp_path / "i", Blunt(dim=16)) as searcher:
        query = "x1777 y1777"
        assert "d1777" not in searcher.search(query, effort="low", mode="late").doc_ids
        assert searcher.search(query, effort="low", mode="hybrid").doc_ids[0] == "d1777"


def test_hybrid_needs_the_text_of_the_query(tmp_path, encoder):
    Indexer(tmp_path / "i", encoder).build([Document("a", "ball games"), Document("b", "tennis")])
    tokens = encoder.encode_queries(["ball"])[0]
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        hits = searcher.search("ball", mode="hybrid")
        assert hits.doc_ids == ("a", "b")
        with pytest.raises(InputError, match="needs the text"):
            searcher.search_embeddings(tokens, SearchRequest(k=1, mode="hybrid"))


def test_queries_without_words_are_refused(index, encoder):
    with Searcher.open(index) as searcher:
        with pytest.raises(InputError, match="Query 2 of 2 holds no word"):
            searcher.search_many(["word1", "?!"], mode="bm25")
        with pytest.raises(TypeError, match="no search option 'modus'"):
            searcher.search("word1", modus="bm25")
        assert len(searcher.search("absent", mode="bm25")) == 0


def test_hits_do_not_depend_on_threads_or_batches(index, encoder):
    with Searcher.open(index, encoder) as searcher:
        one = [searcher.search(query, mode="hybrid", threads=1) for query in QUERIES]
        assert searcher.search_many(QUERIES, mode="hybrid", threads=3) == one


def test_ready_vectors_and_their_texts_are_searched_together(tmp_path):
    from colmodern import Embeddings

    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((6, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    given = Embeddings.from_arrays(
        vectors, np.array([0, 3, 6]), ids=["a", "b"], texts=["red ball", "blue ball"]
    )
    Indexer(tmp_path / "i", EncoderInfo("mine", "ff", 16)).build_from_embeddings(given)
    with Searcher.open(tmp_path / "i") as searcher:
        tokens = TokenEmbeddings(vectors[:2].copy(), np.zeros((2, 2), np.int32))
        params = SearchRequest(k=2, mode="hybrid", word_weight=1.0)
        hits = searcher.search_embeddings(tokens, params, query="blue")
        assert hits.doc_ids[0] == "b"
        assert searcher.search("blue", mode="bm25").doc_ids == ("b",)
