"""MaxSim or the corrected score: same everywhere, chosen by the encoder or by the user."""

from itertools import pairwise

import numpy as np
import pytest

from colmodern import Document, Encoder, HashEncoder, Indexer, Searcher
from colmodern.codec import Codec
from colmodern.encoder import scoring_of
from colmodern.errors import ConfigError
from colmodern.kernels.scoring import (
    LENGTH_WEIGHT,
    SHARPNESS,
    document_score,
    gathered_part,
    length_part,
    log_lengths,
    shares,
)
from colmodern.request import Scoring

RNG = np.random.default_rng(5)
WORDS = [f"word{n}" for n in range(400)]
DOCUMENTS = [
    Document(f"d{number}", " ".join(RNG.choice(WORDS, size)))
    for number, size in enumerate(RNG.integers(3, 400, 300))
]
TEXT_OF = {document.id: document.text for document in DOCUMENTS}
QUERIES = [" ".join(RNG.choice(WORDS, 6)) for _ in range(12)]


class Corrected(HashEncoder):
    """An encoder that was made for the corrected score."""

    scoring = Scoring.CORRECTED


@pytest.fixture(scope="module")
def encoder():
    return HashEncoder(dim=64)


@pytest.fixture(scope="module")
def index(tmp_path_factory, encoder):
    path = tmp_path_factory.mktemp("scoring") / "index"
    Indexer(path, encoder).build(DOCUMENTS)
    return path


@pytest.fixture(scope="module")
def searcher(index, encoder):
    with Searcher.open(index, encoder) as opened:
        yield opened


def ranking(hits):
    return [(hit.doc_id, hit.score) for hit in hits]


def test_the_total_of_two_matches_by_hand():
    matches = np.array([1.0, 0.5], np.float32)
    smooth = 2 * np.log((np.exp(4.0) + np.exp(2.0)) / 2) / 4
    assert (SHARPNESS, LENGTH_WEIGHT) == (4.0, 0.025)
    assert document_score(matches, Scoring.MAXSIM, n_tokens=9) == 1.5
    assert document_score(matches, Scoring.CORRECTED, n_tokens=9) == pytest.approx(
        smooth - 2 * 0.025 * np.log(32), abs=1e-6
    )
    np.testing.assert_allclose(
        shares(matches, Scoring.CORRECTED), np.exp([4.0, 2.0]) / np.exp([4.0, 2.0]).sum()
    )
    np.testing.assert_allclose(shares(matches, Scoring.MAXSIM), [2 / 3, 1 / 3])


def test_a_length_costs_what_its_logarithm_says_and_short_ones_cost_the_same():
    lengths = np.array([0, 1, 31, 32, 33, 100])
    part = length_part(lengths, n_query=5)
    counted = [32, 32, 32, 32, 33, 100]
    np.testing.assert_allclose(part, 5 * 0.025 * np.log(counted), rtol=1e-6)
    gathered = gathered_part(log_lengths(lengths), n_query=5)
    np.testing.assert_allclose(gathered, part / 2, rtol=1e-6)


def test_matches_without_any_query_token_come_to_nothing():
    nothing = np.zeros(0, np.float32)
    assert document_score(nothing, Scoring.CORRECTED, n_tokens=3) == 0
    assert shares(nothing, Scoring.CORRECTED).shape == (0,)


@pytest.mark.parametrize("scoring", ["maxsim", "corrected"])
@pytest.mark.parametrize("query", QUERIES[:4])
def test_what_is_explained_is_what_was_scored(searcher, query, scoring):
    for hit in searcher.search(query, k=5, scoring=scoring):
        explanation = searcher.explain(query, hit.doc_id, scoring=scoring)
        assert explanation.score == pytest.approx(hit.score, abs=1e-5)
        assert explanation.scoring == scoring
        said = [match.expected for match in explanation.matches]
        if scoring == "corrected":
            np.testing.assert_allclose(said, expected_of(searcher, query), rtol=1e-5)
        else:
            assert set(said) == {None}
        assert sum(match.share for match in explanation.matches) == pytest.approx(1)


def expected_of(searcher, query):
    """What each token of a query matches best in any document, by hand."""
    codec = searcher._reader.codec
    (tokens,) = HashEncoder(dim=64).encode_queries([query])
    scores = codec.centroid_table(codec.quantise_query(tokens.vectors)).scores
    kept = codec.documents
    return np.mean(
        [scores[kept.centroid_ids[a:b]].max(axis=0) for a, b in pairwise(kept.offsets)], axis=0
    )


def test_the_corrected_order_is_that_of_the_matches_of_all_documents(searcher):
    for query in QUERIES[:3]:
        expected = expected_of(searcher, query)
        by_hand = {
            document.id: document_score(
                np.array([m.score for m in explanation.matches], np.float32),
                Scoring.CORRECTED,
                n_tokens=len(document.text.split()),
                expected=expected,
            )
            for document in DOCUMENTS
            for explanation in [searcher.explain(query, document.id)]
        }
        best = sorted(by_hand, key=lambda name: -by_hand[name])[:10]
        hits = searcher.search(query, k=10, effort="exact", scoring="corrected", mode="late")
        assert [hit.doc_id for hit in hits] == best
        np.testing.assert_allclose([h.score for h in hits], [by_hand[d] for d in best], atol=1e-5)


def test_a_token_that_every_document_matches_decides_nothing(tmp_path):
    texts = {f"d{n}": f"common other{n} more{n}" for n in range(20)}
    texts["rare"] = "seldom other more"
    texts["both"] = "common seldom more"
    encoder = Corrected(dim=64)
    Indexer(tmp_path / "i", encoder).build(Document(name, text) for name, text in texts.items())
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        hits = {
            hit.doc_id: hit.score for hit in searcher.search("common seldom", mode="late", k=22)
        }
        matches = searcher.explain("common seldom", "both", mode="late").matches
    assert hits["both"] > hits["rare"] > hits["d3"] + 0.5
    assert hits["both"] - hits["rare"] < 0.1 * (hits["rare"] - hits["d3"])
    assert matches[1].share > 0.8


def test_an_index_whose_codec_keeps_no_documents_scores_without_them(tmp_path, monkeypatch):
    monkeypatch.setattr(Codec, "with_documents", lambda codec, *_: codec)
    Indexer(tmp_path / "i", Corrected(dim=64)).build(DOCUMENTS)
    with Searcher.open(tmp_path / "i", Corrected(dim=64)) as searcher:
        for hit in searcher.search(QUERIES[0], mode="late", k=5):
            found = searcher.explain(QUERIES[0], hit.doc_id, mode="late")
            maxima = np.array([match.score for match in found.matches], np.float32)
            n_tokens = len(TEXT_OF[hit.doc_id].split())
            by_hand = document_score(maxima, Scoring.CORRECTED, n_tokens=n_tokens)
            assert hit.score == pytest.approx(by_hand, abs=1e-5)


def test_efforts_find_most_of_the_exact_top(searcher):
    found = 0
    for query in QUERIES:
        exact = {h.doc_id for h in searcher.search(query, effort="exact", scoring="corrected")}
        found += len(exact & {h.doc_id for h in searcher.search(query, scoring="corrected")})
    assert found >= 0.95 * 10 * len(QUERIES)


def test_threads_and_batches_do_not_change_a_bit(searcher):
    one = [ranking(searcher.search(q, scoring="corrected", threads=1)) for q in QUERIES]
    for threads in (1, 3):
        many = searcher.search_many(QUERIES, scoring="corrected", threads=threads)
        assert [ranking(hits) for hits in many] == one


def test_auto_is_what_the_encoder_was_made_for(index, searcher):
    query = QUERIES[0]
    plain = ranking(searcher.search(query, scoring="maxsim"))
    corrected = ranking(searcher.search(query, scoring="corrected"))
    assert ranking(searcher.search(query)) == plain != corrected
    with Searcher.open(index, Corrected(dim=64)) as other:
        assert ranking(other.search(query)) == corrected
        assert ranking(other.search(query, scoring="maxsim")) == plain
        assert other.explain(query, corrected[0][0]).scoring == "corrected"


def evidence(hits):
    return [
        (h.doc_id, h.score, h.rank, h.parts, h.passage, h.source, dict(h.metadata)) for h in hits
    ]


@pytest.mark.parametrize("mode", ["late", "bm25", "hybrid"])
@pytest.mark.parametrize("made_for", [HashEncoder, Corrected])
def test_a_text_and_its_vectors_have_the_same_hits(index, mode, made_for):
    encoder = made_for(dim=64)
    with Searcher.open(index, encoder) as opened:
        for query in QUERIES[:3]:
            (tokens,) = encoder.encode_queries([query])
            by_text = opened.search(query, k=5, mode=mode)
            by_vectors = opened.search_embeddings(tokens, k=5, mode=mode, query=query)
            assert evidence(by_text) == evidence(by_vectors)
            assert by_text[0].passage is not None
            name = by_text[0].doc_id
            explained = opened.explain(query, name)
            assert opened.explain_embeddings(tokens, name, query=query) == explained


@pytest.fixture(scope="module")
def of_the_student(tmp_path_factory):
    """An index that names the encoder in the package, which was made for the corrected score."""
    path = tmp_path_factory.mktemp("student") / "index"
    Indexer(path, Encoder.load()).build(DOCUMENTS[:5])
    return path


def test_without_an_encoder_the_one_that_the_index_names_says_how_to_score(of_the_student):
    query = QUERIES[0]
    (tokens,) = Encoder.load().encode_queries([query])
    with Searcher.open(of_the_student) as opened:
        before = evidence(opened.search_embeddings(tokens, query=query))
        assert opened.explain_embeddings(tokens, "d0").scoring == "corrected"
        assert evidence(opened.search(query)) == before
        for searcher in (opened, opened.refresh()):
            assert evidence(searcher.search_embeddings(tokens, query=query)) == before
            assert searcher.explain(query, "d0").scoring == "corrected"


def test_an_encoder_that_says_nothing_scores_by_maxsim(index):
    query = QUERIES[0]
    (tokens,) = HashEncoder(dim=64).encode_queries([query])
    with Searcher.open(index) as opened:
        assert opened.explain_embeddings(tokens, "d0").scoring == "maxsim"
        assert evidence(opened.search(query)) == evidence(
            opened.search_embeddings(tokens, query=query)
        )


@pytest.mark.parametrize("name", ["hash", "hash:0:0", "my-model", "nobody/nothing", "", "a b"])
def test_of_a_name_without_a_checkpoint_here_nothing_but_maxsim_is_known(name):
    assert scoring_of(name) is Scoring.MAXSIM


def test_a_checkpoint_says_its_scoring_whatever_its_window():
    assert scoring_of("default") is scoring_of("default?document_length=64") is Scoring.CORRECTED


def test_hybrid_takes_the_corrected_score_as_its_late_part(searcher):
    query = QUERIES[1]
    asked = {"k": 300, "effort": "exact", "scoring": "corrected", "mode": "late"}
    late = dict(ranking(searcher.search(query, **asked)))
    hits = searcher.search(query, mode="hybrid", scoring="corrected")
    assert [hit.parts["late"] for hit in hits] == [late[hit.doc_id] for hit in hits]


@pytest.fixture(scope="module")
def scattered(tmp_path_factory, encoder):
    """One document has all words of a query side by side, another has them far apart, and more."""
    filler = [" ".join(RNG.choice(WORDS[50:], 200)) for _ in range(8)]
    together = f"{filler[0]} alpha beta gamma delta {filler[1]}"
    apart = f"{filler[2]} alpha {filler[3]} beta {filler[4]} gamma {filler[5]} delta epsilon"
    path = tmp_path_factory.mktemp("scattered") / "index"
    rest = [Document(f"r{n}", text) for n, text in enumerate(filler[6:])]
    Indexer(path, encoder).build([Document("together", together), Document("apart", apart), *rest])
    with Searcher.open(path, encoder) as opened:
        yield opened


def test_a_passage_that_has_it_all_counts_as_much_as_it_is_told_to(scattered):
    query = "alpha beta gamma delta epsilon"
    whole = scattered.search(query, scoring="maxsim", mode="late")
    assert whole[0].doc_id == "apart"
    assert whole[0].parts == {}
    passages = scattered.search(query, scoring="maxsim", passage_weight=1.0)
    assert passages[0].doc_id == "together"
    scores = {hit.doc_id: hit.score for hit in whole}
    for hit in scattered.search(query, scoring="maxsim", passage_weight=0.25):
        assert hit.parts["document"] == pytest.approx(scores[hit.doc_id], abs=1e-5)
        mixed = 0.75 * hit.parts["document"] + 0.25 * hit.parts["passage"]
        assert hit.score == pytest.approx(mixed, abs=1e-5)
        assert hit.parts["passage"] <= hit.parts["document"] + 1e-5


def test_a_passage_weight_keeps_its_mode_and_its_range(scattered):
    with pytest.raises(ConfigError, match="passage_weight works in mode late only"):
        scattered.search("alpha", passage_weight=0.5, mode="hybrid")
    with pytest.raises(ConfigError, match=r"passage_weight must lie in 0\.\.1"):
        scattered.search("alpha", passage_weight=1.5)


def test_a_scoring_that_does_not_exist_is_refused(searcher):
    with pytest.raises(ConfigError, match="scoring must be one of auto, maxsim, corrected"):
        searcher.search("word1", scoring="best")
    with pytest.raises(ConfigError, match="scoring must be one of"):
        searcher.explain("word1", "d0", scoring="best")
