"""A collection of three documents, on disk and in memory."""

import gzip
import json

import pytest

from colmodern import HashEncoder
from colmodern.eval import Dataset, QueryResult, Report

DOCUMENTS = {"d1": "red apples", "d2": "green pears", "d3": "red pears and red plums"}
QUERIES = {"q1": "apples", "q2": "green", "q3": "never judged"}
QRELS = {"q1": {"d1": 1}, "q2": {"d2": 2, "d3": 1}}


def write_rows(path, rows):
    """Write JSON lines, packed if the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row) + "\n")


@pytest.fixture
def rows():
    return write_rows


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "fruit"
    write_rows(
        folder / "corpus.jsonl.gz",
        [{"_id": name, "title": "", "text": text} for name, text in DOCUMENTS.items()],
    )
    write_rows(
        folder / "queries.jsonl", [{"_id": name, "text": text} for name, text in QUERIES.items()]
    )
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t2\nq2\td3\t1\n"
    )
    return folder


@pytest.fixture
def dataset(folder):
    return Dataset.load(folder)


@pytest.fixture
def encoder():
    return HashEncoder(dim=64)


def report_of(
    system, values, *, words=None, relevant_words=None, ranking=("d1", "d2"), search_ms=None
):
    """Return a report with such values of nDCG@10, a query each."""
    queries = tuple(
        QueryResult(
            id=f"q{i}",
            text=f"query {i}",
            words=(words or [3] * len(values))[i],
            relevant={"d1": 1},
            relevant_words=float((relevant_words or [100] * len(values))[i]),
            ranking=tuple((name, 1.0 / rank) for rank, name in enumerate(ranking, 1)),
            values={"nDCG@10": value},
            encode_ms=search_ms,
            search_ms=search_ms,
        )
        for i, value in enumerate(values)
    )
    return Report(
        dataset="fruit",
        split="test",
        dataset_fingerprint="ab" * 32,
        system=system,
        spec=None,
        options={},
        fingerprints={},
        depth=100,
        measures={"nDCG@10": sum(values) / len(values)},
        queries=queries,
        n_documents=3,
    )


@pytest.fixture
def make_report():
    return report_of
