"""How many documents are scored: as many as what was found so far makes worth it."""

import numpy as np
import pytest

from benchmarks.search import DIM
from colmodern import Embeddings, EncoderInfo, IndexConfig, Indexer
from colmodern.request import Effort
from colmodern.searcher import Searcher, late
from colmodern.searcher.late import expected_beyond
from colmodern.searcher.plan import _STAGES
from colmodern.types import TokenEmbeddings

N_DOCUMENTS = 1_500


def test_what_can_be_expected_is_counted():
    floor = np.float32(10)
    errors = np.array([0, -1, 2, 1], np.float32)
    assert expected_beyond(floor, np.zeros(0, np.float32), errors) == 0
    # 12 reaches the floor whatever it lacks, 8 if it gains 2, 9 if it gains 1 or 2.
    promised = np.array([12, 8, 9, 7.5], np.float32)
    assert expected_beyond(floor, promised, errors) == 1 + 0.25 + 0.5


@pytest.fixture(scope="module")
def vectors():
    """Vectors of documents, 24 or 1,100 tokens each, around two hundred directions."""
    rng = np.random.default_rng(4)
    directions = rng.standard_normal((200, DIM)).astype(np.float32)

    def make(length, n):
        own = rng.integers(0, 200, (n, 12))
        kinds = np.take_along_axis(own, rng.integers(0, 12, (n, length)), axis=1)
        found = directions[kinds.reshape(-1)]
        found += 0.6 * rng.standard_normal(found.shape).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    return make


@pytest.fixture(scope="module", params=[24, 1_100])
def searcher(request, vectors, tmp_path_factory):
    length = request.param
    n = N_DOCUMENTS if length < 100 else 150
    path = tmp_path_factory.mktemp("index")
    indexer = Indexer(path, EncoderInfo("vectors", "0", DIM), config=IndexConfig(bits=2))
    offsets = np.arange(n + 1) * length
    indexer.build_from_embeddings(Embeddings.from_arrays(vectors(length, n), offsets))
    with Searcher.open(path) as found:
        yield found


@pytest.fixture
def queries(vectors):
    tokens = vectors(7, 12).reshape(12, 7, DIM)
    return [TokenEmbeddings(one, np.zeros((7, 2), np.int32)) for one in tokens]


@pytest.fixture(autouse=True)
def _no_index_is_small(monkeypatch):
    stages = {effort: one._replace(whole=1) for effort, one in _STAGES.items()}
    monkeypatch.setattr("colmodern.searcher.plan._STAGES", stages)


def recall(searcher, queries, k, effort):
    shares = []
    for query in queries:
        found = searcher.search_embeddings(query, k=k, effort=effort, passages=False)
        exact = searcher.search_embeddings(query, k=k, exact=True, passages=False)
        assert len(found) == k
        assert not found.is_exact
        shares.append(len(set(found.doc_ids) & set(exact.doc_ids)) / k)
    return np.mean(shares)


@pytest.mark.parametrize("k", [10, 100])
def test_an_effort_finds_about_as_much_as_it_says(searcher, queries, k):
    assert recall(searcher, queries, k, "low") >= 0.8
    assert recall(searcher, queries, k, "medium") >= 0.92
    assert recall(searcher, queries, k, "high") >= 0.96


def test_fewer_hits_are_the_first_of_ten(searcher, queries):
    for effort in (Effort.LOW, Effort.MEDIUM, Effort.HIGH):
        for query in queries[:4]:
            ten = searcher.search_embeddings(query, k=10, effort=effort, passages=False)
            five = searcher.search_embeddings(query, k=5, effort=effort, passages=False)
            assert five.doc_ids == ten.doc_ids[:5]
            assert five.scores.tolist() == ten.scores[:5].tolist()


def test_ten_hits_of_long_documents_have_the_scores_of_all_their_tokens(searcher, queries):
    for query in queries[:4]:
        found = searcher.search_embeddings(query, k=10, passages=False)
        exact = searcher.search_embeddings(query, k=100, exact=True, passages=False)
        scores = dict(zip(exact.doc_ids, exact.scores.tolist(), strict=True))
        assert [scores[one] for one in found.doc_ids] == found.scores.tolist()


@pytest.fixture
def looked_at(monkeypatch):
    """How many documents are scored by their codes, call by call."""
    counts, scores = [], late.code_scores
    monkeypatch.setattr(
        late,
        "code_scores",
        lambda part, plan, documents, **how: (
            counts.append(len(documents)) or scores(part, plan, documents, **how)
        ),
    )
    return counts


def test_what_is_scored_whole_is_scored_once(searcher, queries, looked_at, monkeypatch):
    stages = {effort: one._replace(whole=10**9) for effort, one in _STAGES.items()}
    monkeypatch.setattr("colmodern.searcher.plan._STAGES", stages)
    for how in ({"mode": "late"}, {"mode": "late", "passage_weight": 0.2}):
        looked_at.clear()
        searcher.search_embeddings(queries[0], k=10, passages=False, **how)
        assert looked_at == [searcher.n_documents]


def test_more_is_looked_at_only_where_it_is_needed(searcher, queries, looked_at):
    per_effort = []
    for effort in ("low", "medium", "high"):
        looked_at.clear()
        searcher.search_embeddings(queries[0], k=10, effort=effort, passages=False)
        per_effort.append(sum(looked_at))
    assert per_effort == sorted(per_effort)
    assert per_effort[0] < searcher.n_documents
