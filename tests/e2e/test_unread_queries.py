"""A query in letters that the model does not know is answered by BM25, and that is said."""

# ruff: noqa: RUF001 - letters of other scripts are what is tested

from __future__ import annotations

import gc
import json
import sys

import pytest

from colmodern import Document, Encoder, Indexer, Searcher
from colmodern import __main__ as program

TEXTS = {
    "ja": "倉庫の合鍵は、古い絨毯の下に隠してある。",
    "ko": "창고의 열쇠는 낡은 양탄자 밑에 숨겨 두었다.",
    "th": "กุญแจห้องเก็บของซ่อนไว้ใต้พรมผืนเก่า",
    "zh": "储藏室的备用钥匙藏在旧地毯的下面。",
    "el": "Το κλειδί της αποθήκης είναι κάτω από το παλιό χαλί.",
    "en": "The spare key of the store room is hidden under the old carpet.",
}
QUERIES = {"ja": "合鍵", "ko": "열쇠는", "th": "กุญแจ", "zh": "钥匙", "el": "κλειδί"}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("unread") / "index"
    Indexer(path, Encoder.load()).build([Document(*pair) for pair in TEXTS.items()])
    return path


@pytest.fixture(scope="module")
def searcher(index):
    with Searcher.open(index) as opened:
        yield opened


@pytest.mark.parametrize("mode", ["late", "hybrid"])
@pytest.mark.parametrize("language", QUERIES)
def test_bm25_answers_what_the_model_cannot_read(searcher, language, mode):
    hits = searcher.search(QUERIES[language], mode=mode)
    assert hits.doc_ids[0] == language
    assert hits.unread is not None
    assert hits.unread.by_words
    by_words = searcher.search(QUERIES[language], mode="bm25")
    assert hits == by_words
    assert by_words.unread is None, "it was asked for"
    assert hits[:1].unread is hits.unread


@pytest.mark.parametrize(
    "query", ["where is the key?", "clé perdue", "Schlüssel", "α-helix and β-sheet", "42", "✓"]
)
def test_what_the_model_can_read_it_answers(searcher, query):
    assert searcher.search(query).unread is None


def test_a_passage_weight_is_no_obstacle(searcher):
    assert searcher.search("钥匙", passage_weight=0.5).doc_ids == ("zh",)


def test_each_query_of_several_is_answered_by_what_reads_it(searcher):
    mixed = searcher.search_many(["spare key", "钥匙", "old carpet", "열쇠는"])
    assert [hits.unread is not None for hits in mixed] == [False, True, False, True]
    assert [hits.query for hits in mixed] == ["spare key", "钥匙", "old carpet", "열쇠는"]
    assert mixed[0] == searcher.search("spare key")
    assert [hits.doc_ids[0] for hits in mixed] == ["en", "zh", "en", "ko"]


@pytest.fixture
def typed(index, capsys, monkeypatch):
    """Type a command; return how it ended, and what it printed."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["colmodern", *words, "--index", str(index)])
        try:
            program.main()
        except SystemExit as end:
            return end.code or 0, *capsys.readouterr()
        finally:
            gc.enable()  # a search from the shell leaves it off
        return 0, *capsys.readouterr()

    return run


def test_the_command_line_says_so(typed):
    status, out, err = typed("search", "钥匙", "--format", "json")
    found = json.loads(out)
    assert (status, found["answered_by"], found["unread_scripts"]) == (0, "bm25", ["CJK"])
    assert found["notes"][0] in err
    status, _, err = typed("search", "ключ")
    assert status == 1
    assert "no document has a word of the query" in err


def test_the_command_line_says_nothing_where_all_is_read(typed):
    status, out, err = typed("search", "key", "--format", "json")
    assert (status, set(json.loads(out)), err) == (
        0,
        {"query", "hits", "notes", "exact", "mode"},
        "",
    )


def test_a_file_of_queries_and_explain_say_so(typed, tmp_path):
    rows = tmp_path / "queries.jsonl"
    rows.write_text('{"_id": 1, "text": "key"}\n{"_id": 2, "text": "钥匙"}\n', encoding="utf-8")
    status, _, err = typed("search", "--queries", str(rows))
    assert status == 0
    assert "query '2': the model cannot read" in err
    status, _, err = typed("search", "--queries", str(rows), "--run", str(tmp_path / "run.trec"))
    assert status == 0
    assert "1 of 2 queries: the model cannot read" in err
    status, _, err = typed("explain", "钥匙", "zh")
    assert status == 0
    assert "the model cannot read" in err


def test_info_names_the_language(searcher):
    assert searcher.describe()["languages"] == "en"
