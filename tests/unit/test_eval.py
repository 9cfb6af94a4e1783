import gzip
import json
import math

import pytest

pytest.importorskip("ir_measures")

from colmodern import HashEncoder
from colmodern.errors import InputError
from colmodern.eval import Dataset, evaluate_bm25, evaluate_dataset, measure
from colmodern.searcher import read_queries

DOCUMENTS = {"d1": "red apples", "d2": "green pears", "d3": "red pears and red plums"}
QUERIES = {"q1": "apples", "q2": "green", "q3": "never judged"}
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t2\nq2\td3\t1\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "fruit"
    (folder / "qrels").mkdir(parents=True)
    with gzip.open(folder / "corpus.jsonl.gz", "wt") as lines:
        for name, text in DOCUMENTS.items():
            lines.write(json.dumps({"_id": name, "title": "", "text": text}) + "\n")
    with (folder / "queries.jsonl").open("w") as lines:
        for name, text in QUERIES.items():
            lines.write(json.dumps({"_id": name, "text": text}) + "\n")
    (folder / "qrels" / "test.tsv").write_text(QRELS)
    return folder


def test_a_collection_has_its_judged_queries_and_all_documents(folder):
    dataset = Dataset.load(folder)
    assert dataset.name == "fruit"
    assert list(dataset.queries) == ["q1", "q2"]
    assert dataset.qrels["q2"] == {"d2": 2, "d3": 1}
    assert [document.id for document in dataset.documents()] == ["d1", "d2", "d3"]


def test_measures_agree_with_the_arithmetic(folder):
    run = {"q1": {"d3": 2.0, "d1": 1.0}, "q2": {"d3": 2.0, "d2": 1.0}}
    first = 1 / math.log2(3)
    second = (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))
    values = measure(Dataset.load(folder), run)
    assert values["nDCG@10"] == pytest.approx((first + second) / 2, abs=1e-4)
    assert values["R@100"] == 1.0


def test_a_query_that_found_nothing_counts_as_zero(folder):
    run = {"q1": {"d1": 1.0}}
    assert measure(Dataset.load(folder), run)["nDCG@10"] == pytest.approx(0.5)


def test_search_and_bm25_are_measured_the_same_way(folder, tmp_path):
    dataset = Dataset.load(folder)
    report = evaluate_dataset(dataset, HashEncoder(dim=64), work=tmp_path / "work")
    assert report.measures["nDCG@10"] > 0.8
    assert report.n_tokens == 9
    (kept,) = (tmp_path / "work").iterdir()
    written = (kept / "manifest.json").stat().st_mtime_ns
    again = evaluate_dataset(dataset, HashEncoder(dim=64), work=tmp_path / "work")
    assert (kept / "manifest.json").stat().st_mtime_ns == written, "the index is used again"
    assert again.measures == report.measures
    assert evaluate_bm25(dataset).measures["nDCG@10"] > 0.8


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        ("qrels/test.tsv", "q1\td1\tvery\nq1 d1 1\n", "line 2"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "no judgment"),
        ("qrels/test.tsv", "q9\td1\t1\n", "q9"),
        ("queries.jsonl", '{"_id": "q1"}\n', "text"),
        ("queries.jsonl", '{"_id": "q1", "text": "a"}\n{"_id": "q1", "text": "b"}\n', "twice"),
        ("queries.jsonl", "", "no query"),
        ("queries.jsonl", "[" * 100_000, "nested too deeply"),
        ("queries.jsonl", '{"_id": ' + "9" * 5000 + "}", "not JSON"),
    ],
)
def test_a_broken_collection_gets_a_sentence(folder, file, text, word):
    (folder / file).write_text(text)
    with pytest.raises(InputError, match=word):
        Dataset.load(folder)


def test_queries_may_begin_with_a_byte_order_mark_and_have_other_names(folder):
    (folder / "queries.jsonl").write_text('\ufeff{"_id": null, "id": 7, "query": "a"}\n')
    assert read_queries(folder / "queries.jsonl") == {"7": "a"}


@pytest.mark.parametrize("data", [b"\xff\n", b"[" * 100_000, b"{}\n"])
def test_a_corpus_that_cannot_be_read_gets_a_sentence(folder, data):
    (folder / "corpus.jsonl.gz").unlink(missing_ok=True)
    (folder / "corpus.jsonl").write_bytes(data)
    with pytest.raises(InputError, match=r"corpus\.jsonl"):
        list(Dataset.load(folder).documents())


def test_a_split_that_is_not_there_is_answered_with_those_that_are(folder):
    with pytest.raises(InputError, match="test"):
        Dataset.load(folder, split="dev")
