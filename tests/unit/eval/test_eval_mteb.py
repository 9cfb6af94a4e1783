"""MTEB measures this engine: its own mock tasks, offline."""

import gc
import math
import sys

import pytest

from colmodern.errors import InputError, MissingExtraError
from colmodern.eval import MtebModel


class Task:
    name = "Mock Task"


CORPUS = [
    {"id": "a", "text": "apples are red", "title": "fruit"},
    {"id": "b", "text": "trains run late"},
]
WHERE = {"task_metadata": Task, "hf_split": "test", "hf_subset": "default"}


@pytest.fixture
def model(encoder, tmp_path):
    model = MtebModel(encoder, work=tmp_path / "work")
    yield model
    model.close()


def test_rows_are_indexed_and_found_by_text_title_and_instruction(model):
    model.index(CORPUS, **WHERE, encode_kwargs={}, num_proc=None)
    queries = [
        {"id": "q1", "text": "apples"},
        {"id": "q2", "text": "nothing", "instruction": "trains"},
        {"id": "q3", "text": [{"role": "user", "content": "fruit"}]},
        {"id": "q4", "text": "?"},
    ]
    found = model.search(queries, **WHERE, top_k=1, encode_kwargs={}, num_proc=None)
    assert {query: list(hits) for query, hits in found.items()} == {
        "q1": ["a"],
        "q2": ["b"],
        "q3": ["a"],
        "q4": [],
    }


def test_reranking_keeps_to_the_documents_it_is_given(model):
    model.index(CORPUS, **WHERE)
    found = model.search(
        [{"id": "q", "text": "apples"}, {"id": "p", "text": "apples"}],
        top_k=10,
        top_ranked={"q": ["b"], "p": ["b", "a"]},
    )
    assert list(found["q"]) == ["b"]
    assert list(found["p"]) == ["a", "b"]


def test_another_corpus_is_another_index_and_the_same_one_is_found(model, tmp_path):
    for corpus in (CORPUS, CORPUS[:1], CORPUS):
        model.index(corpus, **WHERE)
        found = model.search([{"id": "q", "text": "apples"}], top_k=10)
        assert len(found["q"]) == len(corpus)
    assert len(list((tmp_path / "work").iterdir())) == 2


def test_a_temporary_index_is_removed(encoder):
    model = MtebModel(encoder)
    model.index(CORPUS, **WHERE)
    home = model._home
    assert any(home.iterdir())
    model.close()
    assert not home.exists()


def test_a_temporary_index_ends_with_its_model(encoder):
    model = MtebModel(encoder)
    assert model._home is None  # none is made before there is something to put into it
    model.index(CORPUS, **WHERE)
    home = model._home
    del model
    gc.collect()
    assert not home.exists()


def test_mistakes_get_a_sentence(model):
    with pytest.raises(InputError, match="index"):
        model.search([{"id": "q", "text": "x"}], top_k=1)
    with pytest.raises(InputError, match="corpus row 'a' holds no text"):
        model.index([{"id": "a", "image": None}], **WHERE)
    model.index(CORPUS, **WHERE)
    with pytest.raises(InputError, match="query row 'q' holds no text"):
        model.search([{"id": "q"}], top_k=1)


def test_without_mteb_the_meta_gets_a_sentence(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "mteb", None)
    monkeypatch.setitem(sys.modules, "mteb.models", None)
    with pytest.raises(MissingExtraError, match=r"colmodern\[mteb\]"):
        _ = model.mteb_model_meta


@pytest.mark.filterwarnings("ignore")
class TestMocks:
    @pytest.fixture(autouse=True)
    def offline(self, monkeypatch):
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")

    def scores(self, model, task_name, monkeypatch):
        mteb = pytest.importorskip("mteb")
        from mteb.mocks import mock_tasks

        assert isinstance(model, mteb.models.SearchProtocol)
        task = getattr(mock_tasks, task_name)()
        result = mteb.evaluate(model, task, cache=None, show_progress_bar=False)
        return result.task_results[0].scores["test"][0]

    def test_a_mock_retrieval_task_runs_end_to_end(self, model, monkeypatch):
        scores = self.scores(model, "MockRetrievalTask", monkeypatch)
        # Each query has more words in common with the document that the mock calls wrong.
        assert scores["ndcg_at_10"] == pytest.approx(1 / math.log2(3), abs=1e-5)
        assert scores["recall_at_10"] == 1.0
        meta = model.mteb_model_meta
        assert meta.name == "colmodern/hash-64-0"
        assert meta.model_type == ["late-interaction"]
        assert meta.revision == model._encoder.fingerprint[:16]

    def test_a_mock_reranking_task_runs_end_to_end(self, model, monkeypatch):
        scores = self.scores(model, "MockRerankingTask", monkeypatch)
        assert scores["map_at_1000"] > 0
