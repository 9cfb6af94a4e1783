"""Which words and tokens has a text, in scripts with blanks between words and without?"""

# ruff: noqa: RUF001 - other scripts are what is tested

import pytest

from colmodern.passages.words import query_words, tokens_of_words, word_runs
from colmodern.text.units import units_of
from colmodern.text.words import words_of

QUERIES = ["水道の鍵", "열쇠는 어디", "ที่เปิดร้าน", "钥匙", "人々", "水", "Python3を使う", "Zé Ärger"]


@pytest.mark.parametrize("query", QUERIES)
def test_words_are_those_of_the_index(query):
    # The index also has the parts of a name with digits.
    assert set(query_words(query)) == set(words_of(query)) - {"python", "3"}


def test_pairs_overlap_and_have_their_places():
    assert word_runs("A 鍵は") == [("a", 0, 1), ("鍵", 2, 3), ("鍵は", 2, 4)]
    assert word_runs("방") == [("방", 0, 1)]
    assert word_runs("ก・ข") == [("ก", 0, 1), ("ข", 2, 3)]


def test_tokens_do_not_overlap():
    assert tokens_of_words("ab 鍵は三 c") == [(0, 2), (3, 5), (5, 6), (7, 8)]


def test_long_runs():
    assert word_runs("x" * 65) == []
    assert tokens_of_words("x" * 65) == []
    assert len(word_runs("ก" * 1000)) == 999
    assert len(tokens_of_words("ก" * 1000)) == 500


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("鍵は棚｡窓は閉｡", ["鍵は棚｡", "窓は閉｡"]),
        ("钥匙在哪里？在抽屉里！好。", ["钥匙在哪里？", "在抽屉里！", "好。"]),
        ("ก" * 40 + " " + "ข" * 10, ["ก" * 40, "ข" * 10]),
        ("ก" * 39 + " " + "ข" * 10, ["ก" * 39 + " " + "ข" * 10]),
        ("ก" * 50 + " 500 " + "ข" * 50, ["ก" * 50 + " 500 " + "ข" * 50]),
        ("ก" * 50 + " ๆ " + "ข" * 5, ["ก" * 50 + " ๆ " + "ข" * 5]),
    ],
)
def test_sentences(text, expected):
    assert [text[unit.start : unit.end] for unit in units_of(text)] == expected
