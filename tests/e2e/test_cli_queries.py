"""A file of queries of which some are bad: they are named, and the others are searched."""

from __future__ import annotations

import json
import sys

import pytest

from colmodern import __main__ as program
from colmodern.encoder import HashEncoder
from colmodern.indexer import Indexer

GOOD = [{"_id": "q1", "text": "leaked key"}, {"_id": "q2", "text": "clean ovens"}]
BAD = [
    ({"_id": "bad", "text": "  "}, "query 'bad'"),
    ({"_id": "bad", "text": "\u0001"}, "query 'bad'"),
    ({"_id": "bad", "text": "half of a character \ud83d"}, "query 'bad'"),
    ({"_id": "bad"}, "query 'bad', needs"),
    ({"_id": "q1", "text": "again"}, "'q1' comes twice"),
    ([1], "no JSON object"),
]


@pytest.fixture
def search(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "index"
    Indexer(path, HashEncoder(16)).build([("a", "a leaked key"), ("b", "clean the ovens")])

    def run(rows, *words):
        queries = tmp_path / "queries.jsonl"
        queries.write_text("".join(json.dumps(row) + "\n" for row in rows))
        words = ("search", "--queries", str(queries), "--index", str(path), *words)
        monkeypatch.setattr(sys, "argv", ["colmodern", *words])
        with pytest.raises(SystemExit) as caught:
            program.main()
        return caught.value.code or 0, capsys.readouterr()

    return run


@pytest.mark.parametrize(("bad", "named"), BAD)
@pytest.mark.parametrize("mode", ["late", "bm25"])
def test_a_bad_query_is_named_and_does_not_stop_the_others(search, bad, named, mode, tmp_path):
    rows = [GOOD[0], bad, GOOD[1]]

    status, shown = search(rows, "--format", "jsonl", "--mode", mode)

    assert status == 2
    assert {json.loads(line)["query"] for line in shown.out.splitlines()} == {
        "leaked key",
        "clean ovens",
    }
    assert named in shown.err
    assert "1 queries could not be searched" in shown.err
    status, _ = search(rows, "--run", str(tmp_path / "run"), "--mode", mode)
    assert status == 2
    lines = (tmp_path / "run").read_text().splitlines()
    assert {line.split()[0] for line in lines} == {"q1", "q2"}


def test_good_queries_end_with_0(search):
    status, shown = search(GOOD, "--format", "jsonl")
    assert (status, shown.err) == (0, "")


def test_an_option_that_cannot_be_used_stops_all(search):
    status, shown = search(GOOD, "--where", "nothing = 1")
    assert (status, shown.out) == (2, "")
    assert "filter_unknown_field" in shown.err


def test_a_file_of_bad_queries_only_is_an_error(search):
    status, shown = search([BAD[0][0]], "--format", "jsonl")
    assert (status, shown.out) == (2, "")
