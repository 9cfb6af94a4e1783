"""Judged collections as published: with judgments of nothing, and queries in the corpus."""

from __future__ import annotations

from unicodedata import normalize

import pytest

pytest.importorskip("ir_measures")

from colmodern import Document
from colmodern.errors import InputError
from colmodern.eval import Dataset, evaluate, read_qrels

WHALES = "whales sing in the sea"


def test_judgments_of_documents_that_are_not_there_are_left_out_and_counted(folder):
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t1\nq1\tgone\t1\nq2\tlost\t1\n")
    dataset = Dataset.load(folder)
    assert dataset.qrels == {"q1": {"d1": 1}}
    assert list(dataset.queries) == ["q1"], "nothing is known of the other"
    assert dataset.dropped_judgments == 2
    assert evaluate("bm25", dataset).measures["nDCG@10"] == 1.0
    with pytest.raises(InputError, match=r"'q1' name document 'gone'.*\(2 of 3 judgments"):
        Dataset.load(folder, strict=True)


def test_every_layout_leaves_them_out(tmp_path, rows):
    corpus = [{"docid": "a", "text": "x"}]
    passages = [{"docid": "a"}, {"docid": "gone"}]
    rows(tmp_path / "mldr" / "corpus.jsonl", corpus)
    rows(
        tmp_path / "mldr" / "test.jsonl",
        [{"query_id": "q", "query": "x", "positive_passages": passages}],
    )
    rows(tmp_path / "trec" / "docs.jsonl", [{"docno": "a", "text": "x"}])
    (tmp_path / "trec" / "topics.tsv").write_text("q\tx\n")
    (tmp_path / "trec" / "qrels.txt").write_text("q 0 a 1.0\nq 0 gone 2\n")
    code = tmp_path / "code"
    rows(code / "corpus.jsonl", [{"_id": "a", "text": "x"}])
    rows(code / "queries.jsonl", [{"_id": "q", "text": "x"}])
    judged = [{"query-id": "q", "corpus-id": name, "score": 1.0} for name in ("a", "gone")]
    rows(code / "data" / "test.jsonl", judged)
    for layout in ("mldr", "trec", "code"):
        dataset = Dataset.load(tmp_path / layout)
        assert (dataset.qrels, dataset.dropped_judgments) == ({"q": {"a": 1}}, 1), layout


def test_a_query_that_is_a_document_is_not_ranked_for_itself():
    documents = [("w", WHALES), ("x", "in the sea whales answer"), ("3", "trains run on rails")]
    queries = {"w": WHALES, "3": "whales and the sea", "x": "in the sea  whales answer"}
    qrels = {"w": {"x": 1}, "3": {"w": 1}, "x": {"x": 1, "w": 1}}
    dataset = Dataset.of(documents, queries, qrels)
    assert dataset.own_documents == {"w"}, "not another text of the same id, nor one that is judged"
    report = evaluate("bm25", dataset, depth=2)
    rankings = {query.id: [document for document, _ in query.ranking] for query in report.queries}
    assert rankings["w"] == ["x"]
    assert rankings["x"][0] == "x"
    assert all(len(ranking) <= 2 for ranking in rankings.values())


def test_a_title_may_be_a_part_of_the_query():
    dataset = Dataset.of(
        [Document("a", "in the sea", "whales sing"), ("b", "x")],
        {"a": "whales sing in the sea"},
        {"a": {"b": 1}},
    )
    assert dataset.own_documents == {"a"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("q\td\t1.0\nq\te\t2.00\n", {"q": {"d": 1, "e": 2}}),
        ("q 0 d 1.0\nq 0 e -1\n", {"q": {"d": 1, "e": -1}}),
        ("query-id\tcorpus-id\tscore\nq\td\t1e0\n", {"q": {"d": 1}}),
    ],
)
def test_grades_may_be_written_as_fractions(tmp_path, text, expected):
    (tmp_path / "qrels.tsv").write_text(text)
    assert read_qrels(tmp_path / "qrels.tsv") == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("q\td\t1.5\n", "grade '1.5' is no whole number"),
        ("q\td\t1\nq\td\tnan\n", "'nan'.*no whole number"),
        ("q\td\t1\nq\t\t1\n", "line 2: the id of the document is empty"),
        ("q\td\t1\n \td\t1\n", "line 2: the id of the query is empty"),
        ("q\td\t1\nq\td\t2.0\n", "'q' and document 'd' have two grades"),
    ],
)
def test_what_is_no_judgment_is_named(tmp_path, text, words):
    (tmp_path / "qrels.tsv").write_text(text)
    with pytest.raises(InputError, match=words):
        read_qrels(tmp_path / "qrels.tsv")


def test_ids_compare_by_their_composed_form():
    apart, whole = normalize("NFD", "é"), "é"
    dataset = Dataset.of([(apart, "x")], {f"q{apart}": "x"}, {f"q{whole}": {whole: 1}})
    assert dataset.qrels == {f"q{whole}": {whole: 1}}
    assert [document.id for document in dataset.documents] == [whole]
    assert evaluate("bm25", dataset).measures["nDCG@10"] == 1.0
    with pytest.raises(InputError, match="comes twice"):
        Dataset.of([(apart, "x"), (whole, "y")], {"q": "x"}, {"q": {whole: 1}})
    with pytest.raises(InputError, match="query id 'é' comes twice"):
        Dataset.of([("a", "x")], {apart: "x", whole: "y"}, {whole: {"a": 1}})
    with pytest.raises(InputError, match="a query has an empty id"):
        Dataset.of([("a", "x")], {" ": "x", "q": "y"}, {"q": {"a": 1}})
