import numpy as np
import pytest

from colmodern.errors import ConfigError
from colmodern.request import Fusion, Mode, SearchRequest
from colmodern.searcher.fusion import RANK_CONSTANT, fused


def floats(*values):
    return np.array(values, np.float32)


def test_reciprocal_ranks_are_those_of_each_list():
    late, words = floats(3, 2, 1), floats(0, 5, 9)
    found = fused(late, words, Fusion.RRF, 0.5)
    ranks = [(1, None), (2, 2), (3, 1)]
    expected = [
        sum(0.5 / (RANK_CONSTANT + rank) for rank in pair if rank is not None) for pair in ranks
    ]
    assert found.tolist() == pytest.approx(expected)
    assert found.argmax() == 2


def test_equal_scores_share_a_rank():
    found = fused(floats(2, 2, 1), floats(0, 0, 0), Fusion.RRF, 0.0)
    assert found[0] == found[1] == pytest.approx(1 / (RANK_CONSTANT + 1))
    assert found[2] == pytest.approx(1 / (RANK_CONSTANT + 3))


def test_normalised_scores_run_from_nought_to_one():
    found = fused(floats(10, 14, 12), floats(0, 2, 4), Fusion.SCORES, 0.25)
    assert found.tolist() == pytest.approx([0, 0.75 + 0.125, 0.375 + 0.25])


@pytest.mark.parametrize("form", list(Fusion))
def test_weights_of_nought_and_one_are_either_order(form):
    late, words = floats(1, 5, 3), floats(9, 0, 2)
    assert np.argsort(-fused(late, words, form, 0.0)).tolist() == [1, 2, 0]
    assert np.argsort(-fused(late, words, form, 1.0)).tolist() == [0, 2, 1]


@pytest.mark.parametrize("form", list(Fusion))
def test_a_document_without_tokens_counts_by_its_words_alone(form):
    found = fused(floats(-np.inf, 2, 1), floats(3, 1, 0), form, 0.5)
    assert np.isfinite(found).all()
    assert found[0] > found[2]
    assert fused(floats(-np.inf), floats(1), form, 0.5)[0] > 0
    assert len(fused(floats(), floats(), form, 0.5)) == 0


def test_modes_and_fusions_are_named_in_errors():
    with pytest.raises(ConfigError, match="mode must be one of late, bm25, hybrid, not 'both'"):
        SearchRequest(k=1, mode="both")
    with pytest.raises(ConfigError, match="fusion must be one of rrf, scores"):
        SearchRequest(k=1, fusion="max")
    with pytest.raises(ConfigError, match=r"word_weight must lie in 0\.\.1"):
        SearchRequest(k=1, word_weight=1.5)
    assert SearchRequest(k=1).mode is Mode.LATE
