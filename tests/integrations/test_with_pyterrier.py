"""PyTerrier's data model: retrieval, reranking, indexing, pipelines and an experiment."""

import pytest

pytest.importorskip("pyterrier")

import pandas as pd
import pyterrier as pt

from colmodern import ColModernError
from colmodern.integrations.pyterrier import (
    PyTerrierIndexer,
    PyTerrierRetriever,
)

from .conftest import DOCUMENTS, ENCODER

QUERIES = pd.DataFrame(
    [["q1", "revoke a key that has leaked"], ["q2", "hot oven"]], columns=["qid", "query"]
)


def test_queries_get_ranked_documents_with_passages(index):
    found = PyTerrierRetriever(index, num_results=2)(QUERIES)
    columns = ["qid", "query", "docno", "score", "rank", "text", "start", "end", "place"]
    assert list(found.columns) == columns
    first = found[found["rank"] == 0]
    assert first["docno"].tolist() == ["keys.md", "bread.md"]
    assert "An officer may revoke" in first["text"].iloc[0]
    assert first["place"].iloc[0] == "Keys > Rotation"
    assert found.groupby("qid").size().tolist() == [2, 2]


def test_results_are_reranked_and_keep_their_columns(index):
    given = pd.DataFrame(
        [("q1", "revoke a key", name, "x") for name in ("ice.md", "lost.md", "keys.md")],
        columns=["qid", "query", "docno", "mine"],
    )
    found = PyTerrierRetriever(index)(given)
    assert found.sort_values("rank")["docno"].tolist() == ["keys.md", "lost.md", "ice.md"]
    assert found["mine"].tolist() == ["x"] * 3


def test_the_scores_of_reranking_are_those_of_retrieval(index):
    retriever = PyTerrierRetriever(index, effort="exact", passages=False)
    found = retriever(QUERIES)
    again = (retriever >> retriever)(QUERIES)
    assert list(found.columns) == ["qid", "query", "docno", "score", "rank"]
    merged = found.merge(again, on=["qid", "docno"], suffixes=("", "_again"))
    assert len(merged) == len(found) == 10
    assert merged["score"].tolist() == pytest.approx(merged["score_again"].tolist(), abs=1e-5)


def test_a_document_that_is_not_there_is_named(index):
    given = pd.DataFrame([("q1", "key", "nobody")], columns=["qid", "query", "docno"])
    with pytest.raises(ColModernError, match="nobody") as error:
        PyTerrierRetriever(index)(given)
    assert error.value.code == "document_not_found"


def test_no_queries_no_results_and_columns_all_the_same(index):
    retriever = PyTerrierRetriever(index)
    assert list(retriever(QUERIES.head(0)).columns) == list(retriever(QUERIES).columns)
    outputs = pt.inspect.transformer_outputs(retriever, ["qid", "query"])
    assert "docno" in outputs


def test_an_indexer_makes_and_changes_an_index_and_an_experiment_measures_it(tmp_path):
    rows = [{"docno": one.id, "text": one.text, **one.metadata} for one in DOCUMENTS]
    indexer = PyTerrierIndexer(tmp_path / "made", ENCODER)
    indexer.index(rows[:3])
    retriever = indexer.index(rows[3:])
    qrels = pd.DataFrame(
        [("q1", "keys.md", 1), ("q2", "bread.md", 1)], columns=["qid", "docno", "label"]
    )
    table = pt.Experiment([retriever], QUERIES, qrels, ["recip_rank"])
    assert table["recip_rank"].tolist() == [1.0]
    assert len(PyTerrierRetriever(tmp_path / "made", where="year > 2020")(QUERIES)) == 6


def test_a_document_without_an_id_is_refused(tmp_path):
    with pytest.raises(ColModernError, match="docno"):
        PyTerrierIndexer(tmp_path / "made", ENCODER).index([{"text": "no id"}])
