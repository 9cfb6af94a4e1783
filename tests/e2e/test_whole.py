"""A small index, or what a filter keeps of a large one, is scored whole at the default effort."""

import numpy as np
import pytest

from colmodern import Document, HashEncoder, Indexer, Searcher
from colmodern.request import Effort
from colmodern.searcher import plan as plans

WORDS = [f"word{i}" for i in range(300)]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    rng = np.random.default_rng(1)
    encoder = HashEncoder(dim=16)
    path = tmp_path_factory.mktemp("whole") / "index"
    Indexer(path, encoder).build(
        Document(f"d{i}", " ".join(rng.choice(WORDS, 20)), metadata={"part": i % 10})
        for i in range(3000)
    )
    with Searcher.open(path, encoder) as opened:
        yield opened


QUERIES = [f"word{i} word{i + 7} word{3 * i}" for i in range(20)]


def found(searcher, **options):
    return [searcher.search(query, passages=False, **options) for query in QUERIES]


@pytest.mark.parametrize("mode", ["late", "hybrid"])
def test_the_default_effort_finds_what_exact_finds(searcher, monkeypatch, mode):
    few = plans._Documents(10, 1, 0)
    medium = plans._STAGES[Effort.MEDIUM]._replace(probes=1, gathered=few, candidates=few)
    exact = found(searcher, mode=mode, effort="exact")
    monkeypatch.setitem(plans._STAGES, Effort.MEDIUM, medium)
    assert found(searcher, mode=mode) == exact
    monkeypatch.setitem(plans._STAGES, Effort.MEDIUM, medium._replace(whole=0))
    assert found(searcher, mode=mode) != exact


def test_hits_say_whether_all_was_scored(searcher):
    assert searcher.search("word1").is_exact
    assert searcher.search("word1")[:2].is_exact
    assert searcher.search("word1", mode="bm25").is_exact
    assert not searcher.search("word1", effort="low").is_exact
    assert not searcher.search("word1", probes=8, gathered=50).is_exact
    assert searcher.search("word1").to_dict()["exact"] is True


def test_more_tokens_go_through_the_stages_but_not_what_a_filter_leaves(searcher, monkeypatch):
    medium = plans._STAGES[Effort.MEDIUM]._replace(whole=10_000)
    monkeypatch.setitem(plans._STAGES, Effort.MEDIUM, medium)
    assert not searcher.search("word1").is_exact
    assert searcher.search("word1", where="part = 3").is_exact
    kept = {"where": "part = 3"}
    assert found(searcher, **kept) == found(searcher, effort="exact", **kept)
