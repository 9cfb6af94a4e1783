import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")

from colmodern.distill.data.tables import (
    DOCUMENTS,
    NEGATIVES,
    QUERIES,
    read_table,
    write_table,
)
from colmodern.distill.options import ListTeacher, ScoredLists, ScoreRecipe
from colmodern.distill.teachers import score as module
from colmodern.distill.teachers.score import combine, keep, score
from colmodern.distill.teachers.scored_lists import take_lists
from colmodern.errors import InputError

NAN = float("nan")


def test_teachers_are_scaled_before_they_are_averaged():
    scores = [[10.0, 0.0, 5.0], [-1.0, 1.0, 0.0]]
    assert combine(scores, [1.0, 1.0]).tolist() == [0.5, 0.5, 0.5]
    assert combine(scores, [3.0, 1.0]).tolist() == [0.75, 0.25, 0.5]


def test_a_teacher_of_constant_scores_has_no_say():
    assert combine([[2.0, 2.0], [1.0, 0.0]], [9.0, 1.0]).tolist() == [1.0, 0.0]
    assert combine([[2.0, 2.0]], [1.0]).tolist() == [0.0, 0.0]


def test_false_negatives_go_and_the_best_of_the_others_stay():
    scores = np.array([0.8, 0.9, 0.79, 0.1, 0.5])
    assert keep(scores, margin=0.0, n_ways=3) == [0, 2, 4]
    assert keep(scores, margin=0.1, n_ways=8) == [0, 4, 3]
    assert keep(scores, margin=-1.0, n_ways=8) == [0, 1, 2, 4, 3]


@pytest.fixture
def tables(tmp_path):
    common = {"source": "s", "split": "train"}
    documents = [{"document_id": f"d{i}", "text": f"text {i}", **common} for i in range(4)]
    queries = [
        {"query_id": f"q{i}", "text": f"query {i}", "document_ids": [f"d{i}"], **common}
        for i in range(2)
    ]
    negatives = [
        {"query_id": f"q{i}", "document_ids": ["d2", "d3"], "ranks": [1, 2]} for i in (0, 1)
    ]
    write_table(pa.Table.from_pylist(documents, DOCUMENTS), tmp_path / "p" / "documents.parquet")
    write_table(pa.Table.from_pylist(queries, QUERIES), tmp_path / "p" / "queries.parquet")
    write_table(pa.Table.from_pylist(negatives, NEGATIVES), tmp_path / "m" / "s-0.parquet")
    return tmp_path


class Fixed:
    """A teacher that says what it was told to."""

    def __init__(self, scores):
        self.scores = scores

    def score(self, lists):
        return [self.scores[: len(documents)] for _, documents in lists]


def run(tables, monkeypatch, scores, **options):
    monkeypatch.setattr(module, "make_scorer", lambda *_, **__: Fixed(scores))
    recipe = ScoreRecipe(teachers=(ListTeacher(kind="bm25"),), part=1, **options)
    score(
        recipe,
        prepared=tables / "p",
        mined=tables / "m",
        trained=None,
        folder=tables / "s",
        seed=0,
    )
    return read_table(tables / "s" / "lists.parquet", ("scores",)).to_pylist()


def test_lists_hold_the_positive_first_and_scaled_scores(tables, monkeypatch):
    rows = run(tables, monkeypatch, [5.0, 1.0, 3.0])
    assert sorted((row["query_id"], row["document_ids"]) for row in rows) == [
        ("q0", ["d0", "d3", "d2"]),
        ("q1", ["d1", "d3", "d2"]),
    ]
    assert {tuple(row["scores"]) for row in rows} == {(1.0, 0.5, 0.0)}


def test_a_teacher_that_gives_nan_is_named_and_finished_parts_stay(tables, monkeypatch):
    with pytest.raises(InputError, match=r"bm25 gives nan for the query 'q\d' and the document"):
        run(tables, monkeypatch, [5.0, NAN, 3.0])
    assert not (tables / "s" / "lists.parquet").exists()
    run(tables, monkeypatch, [5.0, 1.0, 3.0])
    with pytest.raises(InputError, match="No list is left"):
        run(tables, monkeypatch, [1.0, 1.0, 1.0], margin=2.0)


def given(tmp_path, lists):
    write_table(
        pa.table({"query_id": ["1"], "text": ["a query"]}), tmp_path / "data" / "queries.parquet"
    )
    write_table(
        pa.table({"document_id": ["7", "8"], "text": ["one", "two"]}),
        tmp_path / "data" / "documents.parquet",
    )
    write_table(lists, tmp_path / "data" / "lists.parquet")
    names = ScoredLists(
        lists="lists.parquet", queries="queries.parquet", documents="documents.parquet"
    )
    take_lists(names, data=tmp_path / "data", folder=tmp_path / "out")
    return read_table(tmp_path / "out" / "lists.parquet", ("scores",)).to_pylist()


def one_list(documents, scores, query="1"):
    return pa.table({"query_id": [query], "document_ids": [documents], "scores": [scores]})


def test_given_lists_are_put_in_order(tmp_path):
    (row,) = given(tmp_path, one_list(["7", "8"], [0.25, 0.5]))
    assert row["document_ids"] == ["8", "7"]
    assert row["scores"] == [0.5, 0.25]


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        (one_list(["7"], [1.0]), "a list of 1 document teaches nothing"),
        (one_list(["7", "8"], [1.0, NAN]), "gives nan for the query '1' and the document '8'"),
        (one_list(["7", "8"], [1.0, None]), "gives nan"),
        (one_list(["7", "8"], [1.0]), "2 documents, but 1 scores"),
        (one_list(["7", "9"], [1.0, 0.0]), "no document '9'"),
        (one_list(["7", "8"], [1.0, 0.0], query="2"), "no such query"),
        (one_list(["7", "8"], [1.0, 0.0])[:0], "is empty"),
        (pa.table({"query_id": ["1"]}), "no column 'document_ids'"),
    ],
)
def test_bad_lists_get_a_sentence(tmp_path, lists, words):
    with pytest.raises(InputError, match=words):
        given(tmp_path, lists)


def test_an_interrupted_download_of_lists_is_an_error_with_the_file(tmp_path):
    given(tmp_path, one_list(["7", "8"], [0.25, 0.5]))
    path = tmp_path / "data" / "lists.parquet"
    path.write_bytes(path.read_bytes()[:200])
    names = ScoredLists(
        lists="lists.parquet", queries="queries.parquet", documents="documents.parquet"
    )
    with pytest.raises(InputError, match=r"lists\.parquet .*download may have been interrupted"):
        take_lists(names, data=tmp_path / "data", folder=tmp_path / "out")
