"""What is a phrase in a query, and which texts hold it?"""

import pytest

from colmodern.text import phrases as by_phrases
from colmodern.text.phrases import MOST_PHRASES, holds, phrase_spans, phrases_of
from colmodern.text.words import ANALYSES, folded_runs, sure_words_of, words_of

from .growth import assert_linear


@pytest.mark.parametrize(
    ("query", "phrases"),
    [
        ("no quotes at all", []),
        ('find "the Lost key" now', [("the", "lost", "key")]),
        (
            "“one two” «three four» „five six“ „seven eight”",
            ["one two", "three four", "five six", "seven eight"],
        ),
        ("»neun zehn«", ["neun zehn"]),
        ('"a b" and "A, b!"', ["a b"]),
        ('"parseHTTPResponse"', ["parsehttpresponse"]),
        ('a 5" disk and a 3" one', []),
        ('"never closed', []),
        ('never opened"', []),
        ('"" "?!" "…"', []),
        ('"closed"too early', []),
        ("it's 'single'", []),
        ("word " * 14 + '"a b"', ["a b"]),
        ("word " * 15 + '"a b"', []),
        ("word " * 15 + '"a b c d e f g h"', ["a b c d e f g h"]),
        ("“ﬁne soft\u00adware”", ["fine software"]),
    ],
)
def test_quotes_make_phrases(query, phrases):
    wanted = [tuple(one.split()) if isinstance(one, str) else one for one in phrases]
    assert phrases_of(query) == wanted


def test_a_query_has_so_many_phrases_and_no_more():
    assert len(phrases_of(" ".join(f'"word{i} word"' for i in range(50)))) == MOST_PHRASES


@pytest.mark.parametrize(
    ("text", "phrase", "places"),
    [
        ("A lost key; the LOST\n  key.", "lost key", ["lost key", "LOST\n  key"]),
        ("lost keys, unlost key, lost_key", "lost key", []),
        ("key lost", "lost key", []),
        ("lost lost key", "lost key", ["lost key"]),
        ("the lost the lost key", "the lost key", ["the lost key"]),
        ("state-of-the-art", "state of the art", ["state-of-the-art"]),
        ("x _kbhit_unix() y", "_kbhit_unix", ["_kbhit_unix"]),
        ("x _kbhit_unix() y", "kbhit_unix", []),
        ("a a a a", "a a", ["a a", "a a"]),
        ("error 0x80070005 (5)", "error 0x80070005", ["error 0x80070005"]),
        ("the e\u0301tude of Ravel", "étude of", ["e\u0301tude of"]),
        ("the ﬁne soft\u00adware.", "fine software", ["ﬁne soft\u00adware"]),
        ("この東京都庁は", "東京都", ["東京都"]),
        ("ﬁt, a lost key, soft\u00adware", "lost key", ["lost key"]),
        ("½ of … the lost key™ … lost key", "lost key", ["lost key"]),
        ("a… " * 400 + "lost\nkey … " + "b" * 999, "lost key", ["lost\nkey"]),
        ("この…東京都、庁は", "東京都", ["東京都"]),
        ("", "lost", []),
    ],
)
def test_a_text_holds_a_phrase_word_by_word(text, phrase, places):
    words = tuple(phrase.split())
    assert [text[a:b] for a, b in phrase_spans(text, words, 9)] == places
    assert holds(text, words) == bool(places)
    assert len(phrase_spans(text, words, 1)) == min(1, len(places))


@pytest.mark.parametrize("analysis", ANALYSES)
@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("parseHTTPResponse failed", "parsehttpresponse failed"),
        ("PARSEHTTPRESPONSE failed", "parsehttpresponse failed"),
        ("UTF8 uTf8", "utf8 utf8"),
        ("この東京都庁は", "東京都"),
        ("_kbhit_unix 3.5", "_kbhit_unix 3 5"),
    ],
)
def test_every_text_with_a_phrase_has_its_sure_words(text, phrase, analysis):
    if analysis == "words/1" and not text.isascii():
        return  # it took a run of such a script as one word
    assert set(sure_words_of(phrase, analysis)) <= set(words_of(text, analysis))
    assert sure_words_of(phrase, analysis)


def test_of_a_long_text_only_what_is_near_a_place_is_read_run_by_run(monkeypatch):
    text = "many other words … " * 4000 + "a lost key " + "and more of them … " * 4000
    read = []

    def runs(stretch):
        read.append(len(stretch))
        return folded_runs(stretch)

    monkeypatch.setattr(by_phrases, "folded_runs", runs)
    assert [text[a:b] for a, b in phrase_spans(text, ("lost", "key"), 9)] == ["lost key"]
    assert 0 < sum(read) < 2000


@pytest.mark.parametrize(
    "unit", ['"', "“", '" ', ' "a', '"a"b', "„", "a", " ", "a b ", "é", "a b …"]
)
def test_quotes_and_phrases_take_linear_time(unit):
    assert_linear(phrases_of, lambda n: unit * n)
    assert_linear(lambda text: phrase_spans(text, ("a", "b", "a"), 1 << 30), lambda n: unit * n)


@pytest.mark.parametrize("unit", ["a", "ab", "aab", "東"])
def test_one_long_word_takes_linear_time(unit):
    assert_linear(lambda text: holds(text + "x", (text[: len(text) // 4],)), lambda n: unit * n)


@pytest.mark.parametrize("unit", ["東", "東京", "東a", "ก"])
@pytest.mark.parametrize("phrase", ['"{} zz"', '"zz {}"', '"{}, {}, zz"'])
def test_a_long_word_of_a_script_without_blanks_takes_linear_time(unit, phrase):
    def look(text):
        (words,) = phrases_of(phrase.format(text[: len(text) // 2], text[: len(text) // 4]))
        holds(f"yy {text} yy", words)

    assert_linear(look, lambda n: unit * n)


def test_of_a_long_word_without_blanks_the_first_letters_count():
    letters = "".join(chr(0x4E00 + number) for number in range(600))
    (phrase,) = phrases_of(f'"see {letters} here"')
    assert holds(f"See: {letters} there", phrase)
    assert holds(f"see {letters[:256]}", phrase)
    assert not holds(f"see {letters[:255]} {letters[256:]} here", phrase)
    (latin,) = phrases_of(f'"東{"a" * 600} here"')
    assert holds(f"東{'a' * 600} here", latin)
    assert not holds(f"東{'a' * 601} here", latin)


@pytest.mark.parametrize(
    ("text", "places"),
    [("aaaa aa", ["aa"]), ("aaa", []), ("aa aa,aa", ["aa"] * 3), ("東aa aa", ["aa"])],
)
def test_a_word_in_a_longer_one_is_none(text, places):
    assert [text[a:b] for a, b in phrase_spans(text, ("aa",), 9)] == places


@pytest.mark.parametrize("opening", ["“", "«", "„"])
@pytest.mark.parametrize("end", ["", "”x", "“x”x", "»x"])
def test_marks_whose_closing_one_is_far_or_missing_take_linear_time(opening, end):
    assert_linear(phrases_of, lambda n: opening * n + end, enough=0.02)
