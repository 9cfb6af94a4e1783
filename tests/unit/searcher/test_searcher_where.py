"""Filters: what they say, what they keep, and how they fail."""

from datetime import UTC, datetime

import pytest

from colmodern import Document, HashEncoder, Indexer, Searcher
from colmodern.errors import ConfigError
from colmodern.searcher import fields
from colmodern.searcher.where import (
    All,
    FieldTest,
    IsNull,
    Kind,
    Not,
    Some,
    Value,
    fields_of,
    parse_where,
)


def number(value):
    return Value(Kind.NUMBER, value)


def text(value):
    return Value(Kind.TEXT, value)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("year >= 2020", FieldTest("year", ">=", number(2020))),
        ("x<>-1.5e3", FieldTest("x", "!=", number(-1500.0))),
        ("x == 99999999999999999999", FieldTest("x", "=", number(1e20))),
        ("name = 'it''s'", FieldTest("name", "=", text("it's"))),
        ('"my field" = "a ""b"""', FieldTest("my field", "=", text('a "b"'))),
        ("last-modified < 2024-05-01",
         FieldTest("last-modified", "<",
                    Value(Kind.TIME, datetime(2024, 5, 1, tzinfo=UTC), is_day=True))),
        ("t = 2024-05-01T12:30+02:00",
         FieldTest("t", "=", Value(Kind.TIME, datetime(2024, 5, 1, 10, 30, tzinfo=UTC)))),
        ("draft = TRUE", FieldTest("draft", "=", Value(Kind.TRUTH, True))),
        ("a IS NULL", IsNull("a")),
        ("a is not null", Not(IsNull("a"))),
        ("a not in (1)", Not(Some((FieldTest("a", "=", number(1)),)))),
        ("a not like 'x%'", Not(FieldTest("a", "like", text("x%")))),
        ("a=1 or b=2 and not c=3",
         Some((FieldTest("a", "=", number(1)),
               All((FieldTest("b", "=", number(2)),
                    Not(FieldTest("c", "=", number(3)))))))),
        ("(a=1 or b=2) and c=3",
         All((Some((FieldTest("a", "=", number(1)), FieldTest("b", "=", number(2)))),
              FieldTest("c", "=", number(3))))),
    ],
)  # fmt: skip
def test_what_a_filter_says(where, expected):
    assert parse_where(where) == expected


def test_the_fields_of_a_filter():
    assert fields_of(parse_where("a=1 or not (b is null and c in (1, 'x'))")) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("where", "position", "words"),
    [
        ("year >= and x = 1", 9, "a value was expected, not 'and'"),
        ("year >= twenty", 9, "texts stand in quotes"),
        ("year", 5, "one of = !="),
        ("year = 1 title = 'a'", 10, "'and', 'or' or the end was expected, not 'title'"),
        ("(year = 1", 10, "')' was expected"),
        ("year = 1)", 9, "the end was expected"),
        ("a in 3", 6, "'(' was expected"),
        ("a in ()", 7, "a value was expected"),
        ("a in (1 2)", 9, "',' or ')' was expected"),
        ("a like 3", 8, "a text was expected"),
        ("a is 3", 6, "'null' was expected"),
        ("a not 3", 7, "'like' or 'in' was expected"),
        ("a = null", 5, "'is null' finds"),
        ("a = 'open", 5, "never closed"),
        ("a = 1; drop", 6, "means nothing"),
        ("__import__('os') = 1", 11, "was expected"),
        ("a = 2024-13-01", 5, "no such date"),
        ("2020 <= year", 1, "the name of a field was expected"),
        ("not", 4, "the name of a field was expected"),
        ("(" * 200 + "a = 1" + ")" * 200, 101, "nested"),
    ],
)
def test_what_cannot_be_read_is_shown_with_its_place(where, position, words):
    with pytest.raises(ConfigError) as caught:
        parse_where(where)
    first, shown, caret = str(caught.value).split("\n")
    assert f"at character {position}: " in first
    assert words in first
    start = max(0, position - 1 - 50)
    assert caret.index("^") - 4 == position - 1 - start
    assert shown[4:] == where[start : position - 1 + 30]


@pytest.mark.parametrize("where", ["", "  \n"])
def test_an_empty_filter_is_refused(where):
    with pytest.raises(ConfigError, match="filter is empty"):
        parse_where(where)


def test_a_filter_is_a_string_of_a_sane_length():
    with pytest.raises(TypeError, match="must be a str, not int"):
        parse_where(3)
    with pytest.raises(ConfigError, match="200,000 characters"):
        parse_where("x" * 200_000)


BIG = 2**60
DOCUMENTS = {
    "a": {"year": 2019, "path": "docs/a.md", "tag": "x", "draft": True, "day": "2024-05-01"},
    "b": {"year": 2020, "path": "docs/b.md", "tag": None, "draft": False, "mixed": 7},
    "c": {"year": 2021.5, "path": "src/c.py", "day": "2024-05-01T23:59:59Z", "mixed": "seven"},
    "d": {"path": "src\nd_e.py", "csv": " 12 ", "truth": "False",
          "day": "2024-05-02 00:30:00+01:00"},
    "e": {"csv": "n.d.", "truth": "TRUE", "big": BIG + 1, "odd name": 1,
          "id": "own", "huge": 10**400},
    "f": {"big": BIG, "csv": "2e1", "nothing": None, "day": "not a day"},
}  # fmt: skip


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("filters") / "index"
    indexer = Indexer(path, HashEncoder(dim=16))
    docs = [Document(i, f"text {i}", title=f"T{i}", metadata=m) for i, m in DOCUMENTS.items()]
    indexer.build([*docs[:3], Document("gone", "gone", metadata={"year": 2020, "lost": 1})])
    indexer.update(docs[3:])
    indexer.delete(["gone"])
    return path


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("year >= 2020", "bc"),
        ("year = 2021.5", "c"),
        ("year = 9007199254740993", ""),
        (f"year < {2**63 - 1}", "abc"),
        ("year != 2020", "ac"),
        ("not year = 2020", "ac"),
        ("year in (2019, 2020)", "ab"),
        ("year not in (2019, 2020)", "c"),
        ("year is null", "def"),
        ("year is not null and path like 'docs/%'", "ab"),
        ("path like 'docs/_.md'", "ab"),
        ("path like 'src%.py'", "cd"),
        (r"path like '%d\_e%'", "d"),
        ("path not like '%.md'", "cd"),
        ("path > 'docs/a.md' and path < 'e'", "b"),
        ("tag is null", "bcdef"),
        ("tag = 'x' or year = 2020", "ab"),
        ("draft = true", "a"),
        ("truth = true", "e"),
        ("truth = false", "d"),
        ("csv > 11", "df"),
        ("csv = 'n.d.'", "e"),
        ("mixed = 7", "b"),
        ("mixed = 'seven'", "c"),
        (f"big = {BIG}", "f"),
        (f"big > {BIG}", "e"),
        ("big > 1.5", "ef"),
        ("huge is not null", "e"),
        ("nothing = 3", ""),
        ("nothing is null", "abcdef"),
        ("day = 2024-05-01", "acd"),
        ("day != 2024-05-01", ""),
        ("day >= 2024-05-01T12:00", "cd"),
        ("day > 2024-05-01", ""),
        ("day <= 2024-05-01", "acd"),
        ("day < 2024-05-02", "acd"),
        ("day > 2024-04-30", "acd"),
        ("day <= 9999-12-31", "acd"),
        ("day >= '2024-05-02'", "df"),
        ('"odd name" = 1', "e"),
        ("id in ('a', 'e', 'own')", "ae"),
        ("id not in ('a', 'e', 'own')", "bcdf"),
        ("tag in ('x', 'y')", "a"),
        ("tag not in ('y', 'z')", "a"),
        (f"big in ({BIG}, 3)", "f"),
        (f"big not in ({BIG}, 3)", "e"),
        ("year in (2019, 2021.5)", "ac"),
        ("mixed in (7, 'seven')", "bc"),
        ("draft in (true, false) or year in (2021.5)", "abc"),
        ("day in (2024-05-01, 2024-05-02)", "acd"),
        ("title = 'Tc'", "c"),
        ("source is null", "abcdef"),
    ],
)
def test_what_a_filter_keeps(index, where, kept):
    with Searcher.open(index, HashEncoder(dim=16)) as searcher:
        assert searcher.count(where) == len(kept)
        hits = searcher.search("text", where=where)
        assert sorted(hits.doc_ids) == list(kept)
        assert sorted(searcher.search("text", mode="bm25", where=where).doc_ids) == list(kept)


def test_a_filter_of_many_tests_can_be_stopped_between_them(index):
    class EnoughError(Exception):
        pass

    stages = []

    def begin(stage):
        stages.append(stage)
        if len(stages) > 5:
            raise EnoughError

    where = "year is null or " + " or ".join(f"year = {year} and csv > 1" for year in range(99))
    with Searcher.open(index, HashEncoder(dim=16)) as searcher:
        with pytest.raises(EnoughError):
            searcher.search("text", where=where, begin=begin)
        assert stages == ["filter"] * 6
        stages.clear()
        with pytest.raises(EnoughError):
            searcher.statistics("text", where=where, begin=begin)
        assert stages == ["filter"] * 6
        assert searcher.count(where) == 3


def test_the_values_of_a_field_are_read_once_for_many_tests(index, monkeypatch):
    read = []
    as_number = fields._READ[Kind.NUMBER]
    monkeypatch.setitem(fields._READ, Kind.NUMBER, lambda value: read.append(1) or as_number(value))
    with Searcher.open(index) as searcher:
        assert searcher.count("year = 2019") == 1
        n_read = len(read)
        assert searcher.count(" or ".join(f"year > {year}" for year in range(2000, 3000))) == 3
        assert len(read) == n_read


def test_an_unknown_field_lists_those_that_there_are(index):
    with Searcher.open(index) as searcher:
        with pytest.raises(ConfigError, match=r"no .*field 'yeer'|field 'yeer'") as caught:
            searcher.count("yeer = 3")
        assert "big, csv, day, draft, huge, id, mixed, nothing, odd name, path" in str(caught.value)
        with pytest.raises(ConfigError, match="field 'lost'"):
            searcher.count("lost = 1")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("year = '2020'", "'year' with the text '2020', but .* such as 2019"),
        ("path > 3", "'path' with the number 3, but .* such as 'docs/a.md'"),
        ("year like '20%'", "'year' with the text '20%'"),
        ("path = true", "'path' with the truth value true"),
        ("year > 2020-01-01", "'year' with the date 2020-01-01"),
    ],
)
def test_a_value_of_another_kind_is_refused(index, where, words):
    with Searcher.open(index) as searcher, pytest.raises(ConfigError, match=words):
        searcher.count(where)


def test_an_empty_index_has_no_fields_to_miss(tmp_path):
    Indexer(tmp_path / "i", HashEncoder(dim=16)).build([])
    with Searcher.open(tmp_path / "i") as searcher:
        assert searcher.count("year = 2020") == 0


def test_masks_of_a_program_and_a_filter_hold_together(index):
    import numpy as np

    from colmodern.request import SearchRequest

    encoder = HashEncoder(dim=16)
    tokens = encoder.encode_queries(["text"])[0]
    with Searcher.open(index, encoder) as searcher:
        everything = [np.ones(s.n_documents, bool) for s in searcher._reader.segments]
        params = SearchRequest(k=10)
        hits = searcher.search_embeddings(tokens, params, allowed=everything)
        assert sorted(hits.doc_ids) == list("abcdef"), "a deleted document stays deleted"
        hits = searcher.search_embeddings(tokens, params, where="year >= 2020", allowed=everything)
        assert sorted(hits.doc_ids) == ["b", "c"]
