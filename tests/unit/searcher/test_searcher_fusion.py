import numpy as np
import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.errors import ConfigError
from colmodern.request import Mode, SearchRequest
from colmodern.searcher.fusion import RANK_CONSTANT, fused_ranks, fused_scores, word_weight_of


def floats(*values):
    return np.array(values, np.float32)


def by_scores(late, words, weight, *, n_query=4, highest=9.0):
    return fused_scores(late, words, n_query=n_query, highest_by_words=highest, word_weight=weight)


FORMS = [by_scores, fused_ranks]


def test_reciprocal_ranks_are_those_of_each_list():
    late, words = floats(3, 2, 1), floats(0, 5, 9)
    found = fused_ranks(late, words, 0.5)
    ranks = [(1, None), (2, 2), (3, 1)]
    expected = [
        sum(0.5 / (RANK_CONSTANT + rank) for rank in pair if rank is not None) for pair in ranks
    ]
    assert found.tolist() == pytest.approx(expected)
    assert found.argmax() == 2


def test_equal_scores_share_a_rank():
    found = fused_ranks(floats(2, 2, 1), floats(0, 0, 0), 0.0)
    assert found[0] == found[1] == pytest.approx(1 / (RANK_CONSTANT + 1))
    assert found[2] == pytest.approx(1 / (RANK_CONSTANT + 3))


def test_scores_are_divided_by_what_none_exceeds():
    found = by_scores(floats(1, 4, -1), floats(0, 2, 8), 0.25, n_query=4, highest=8.0)
    assert found.tolist() == pytest.approx([0.75 * 0.25, 0.75 + 0.25 * 0.25, 0.75 * -0.25 + 0.25])


def test_a_fused_score_does_not_depend_on_what_else_is_found():
    late, words = floats(1, 5, 3, 2.5), floats(9, 0, 2, 4)
    for rows in ([0, 1, 2, 3], [2], [3, 0]):
        found = by_scores(late[rows], words[rows], 0.3)
        assert found.tolist() == by_scores(late, words, 0.3)[rows].tolist()


@pytest.mark.parametrize(
    ("n_query", "weight"), [(0, 0.1), (6, 0.1), (8, 0.125), (16, 0.25), (256, 0.25)]
)
def test_words_of_longer_queries_count_more(n_query, weight):
    assert word_weight_of(n_query, are_long=False) == weight
    assert word_weight_of(n_query, are_long=True) == 0.25


def test_without_words_in_the_index_or_tokens_in_the_query_the_other_part_counts():
    assert by_scores(floats(2, 1), floats(0, 0), 0.5, highest=0.0).tolist() == [0.25, 0.125]
    assert by_scores(floats(0, 0), floats(9, 0), 0.5, n_query=0).tolist() == [0.5, 0]


@pytest.mark.parametrize("form", FORMS)
def test_weights_of_nought_and_one_are_either_order(form):
    late, words = floats(1, 5, 3), floats(9, 0, 2)
    assert np.argsort(-form(late, words, 0.0)).tolist() == [1, 2, 0]
    assert np.argsort(-form(late, words, 1.0)).tolist() == [0, 2, 1]


@pytest.mark.parametrize("form", FORMS)
def test_a_document_without_tokens_counts_by_its_words_alone(form):
    found = form(floats(-np.inf, 2, 1), floats(3, 1, 0), 0.5)
    assert np.isfinite(found).all()
    assert found[0] > found[2]
    assert form(floats(-np.inf), floats(1), 0.5)[0] > 0
    assert len(form(floats(), floats(), 0.5)) == 0


def test_modes_and_fusions_are_named_in_errors():
    with pytest.raises(
        ConfigError, match="mode must be one of auto, late, bm25, hybrid, not 'both'"
    ):
        SearchRequest(k=1, mode="both")
    with pytest.raises(ConfigError, match="fusion must be one of rrf, scores"):
        SearchRequest(k=1, fusion="max")
    with pytest.raises(ConfigError, match=r"word_weight must lie in 0\.\.1"):
        SearchRequest(k=1, word_weight=1.5)
    assert SearchRequest(k=1).mode is Mode.AUTO


def test_a_search_counts_words_by_the_length_of_its_query(tmp_path):
    encoder = HashEncoder(dim=64)
    texts = [("a", "one two three four five six"), ("b", "seven eight nine ten"), ("c", "one nine")]
    Indexer(tmp_path, encoder).build(texts)
    with Searcher.open(tmp_path, encoder) as searcher:
        for query in ("one nine", "one nine two seven " * 3, "one nine " * 20):
            weight = word_weight_of(len(query.split()), are_long=False)
            plain, said = (searcher.search(query, word_weight=w) for w in (None, weight))
            assert plain.mode == Mode.HYBRID
            assert plain.doc_ids == said.doc_ids
            assert plain.scores.tolist() == said.scores.tolist()
            explained = searcher.explain(query, plain.doc_ids[0])
            assert explained.score == plain.scores[0]


def test_a_search_of_long_documents_counts_words_most(tmp_path):
    encoder = HashEncoder(dim=64)
    texts = [(name, f"{name} word " * 600) for name in ("one", "two", "three")]
    Indexer(tmp_path, encoder).build(texts)
    with Searcher.open(tmp_path, encoder) as searcher:
        plain, said = (searcher.search("two word", word_weight=w) for w in (None, 0.25))
        assert plain.scores.tolist() == said.scores.tolist()
        assert searcher.explain("two word", "two").score == plain.scores[0]
