"""Words of names, of scripts without blanks, and of letters that are written in several ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colmodern.text.phrases import holds
from colmodern.text.words import ANALYSIS, sure_words_of, word_spans, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World", ["hello", "world"]),
        ("_kbhit_unix", ["_kbhit_unix", "kbhit", "unix"]),
        ("parseHTTPResponse", ["parsehttpresponse", "parse", "http", "response"]),
        ("__init__", ["__init__", "init"]),
        ("utf8", ["utf8", "utf", "8"]),
        ("snake_case2Camel", ["snake_case2camel", "snake", "case", "2", "camel"]),
        ("NASA IDs URLs", ["nasa", "ids", "urls"]),
        ("2024", ["2024"]),
        ("___", ["___"]),
        ("co\u00adoperate ze\u200bro \ufeffmark", ["cooperate", "zero", "mark"]),
        ("\ufb01ne \uff21\uff22\uff23 Re\u0301sume\u0301", ["fine", "abc", "r\u00e9sum\u00e9"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("钥匙", ["钥", "钥匙", "匙"]),
        ("倉庫の鍵", ["倉", "倉庫", "庫", "庫の", "の鍵", "鍵"]),
        ("열쇠 창고", ["열쇠", "창고"]),
        ("กุญแจ", ["กุ", "ุญ", "ญแ", "แจ"]),
        ("Python3の鍵", ["python3", "python", "3", "の鍵", "鍵"]),
        ("x" * 65, []),
    ],
)
def test_a_text_has_these_words(text, words):
    assert words_of(text) == words


def test_an_older_analysis_splits_as_it_did():
    assert words_of("_kbhit_unix Größe 钥匙", "words/1") == ["_kbhit_unix", "größe", "钥匙"]


def test_spans_are_places_in_the_text_as_it_is():
    text = "So _kbhit_unix: \ufb01ne co\u00adop, 鍵"
    assert [(word, text[start:end]) for word, start, end in word_spans(text)] == [
        ("so", "So"), ("_kbhit_unix", "_kbhit_unix"), ("kbhit", "kbhit"), ("unix", "unix"),
        ("fine", "\ufb01ne"), ("coop", "co\u00adop"), ("鍵", "鍵"),
    ]  # fmt: skip


@given(st.text(max_size=60))
def test_spans_have_the_words_of_the_text_and_lie_in_it(text):
    spans = word_spans(text)
    assert [word for word, _, _ in spans] == words_of(text)
    assert all(0 <= start < end <= len(text) for _, start, end in spans)
    assert all(len(word) > 0 for word, _, _ in spans)


@pytest.mark.parametrize(
    ("text", "phrase", "sure"),
    [
        ("Pythonで書く", "pythonで", ["python"]),
        ("本をAPI から", "をapi", ["api"]),
        ("使い方", "い", ["い"]),
        ("か", "か", ["か"]),
    ],
)
def test_a_letter_at_the_end_of_a_phrase_may_stand_in_pairs_only(text, phrase, sure):
    assert holds(text, (phrase,))
    assert sure_words_of(phrase, ANALYSIS) == sure
    assert set(sure) <= set(words_of(text)) or sure == [phrase]
