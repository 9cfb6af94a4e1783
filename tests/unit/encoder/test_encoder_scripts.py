"""A vocabulary decides which scripts can be read, and a model card names languages."""

from __future__ import annotations

import pytest

from colmodern.encoder.checkpoint.languages import languages_in
from colmodern.encoder.tokens.scripts import LEAST_IDEOGRAPHS, LEAST_PIECES, is_read
from colmodern.text.scripts import scripts_of

WORDS = [f"{a}{b}" for a in "abcdefghijklm" for b in "nopqrstuvw"]
GREEK = [f"{a}{b}" for a in "αβγδεζηθικλμ" for b in "νξοπρστυφχ"]


def test_letters_are_counted_by_their_script():
    assert scripts_of("key ключ 鍵 42 ✓") == {"LATIN": 3, "CYRILLIC": 4, "CJK": 1}


@pytest.mark.parametrize(
    ("script", "pieces", "expected"),
    [
        ("LATIN", WORDS, True),
        ("LATIN", WORDS[: LEAST_PIECES - 1], False),
        ("GREEK", WORDS + list("αβγδεζηθ") * 20, False),
        ("GREEK", WORDS + GREEK, True),
        ("CJK", [chr(0x4E00 + i) for i in range(500)], False),
        ("CJK", [chr(0x4E00 + i) for i in range(LEAST_IDEOGRAPHS)], True),
        ("THAI", [], False),
    ],
)
def test_a_script_is_read_if_there_are_pieces_enough(script, pieces, expected):
    assert is_read(script, pieces) is expected


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nlanguage: en\n---\n", ("en",)),
        ("---\ntags: [a]\nlanguage:\n- de\n- pt-BR\nlicense: mit\n---\n", ("de", "pt-BR")),
        ("---\nlanguage: [en, 'fr']\n---\n", ("en", "fr")),
        ("---\nlanguage: multilingual and more\n---\n", ()),
        ("# language: en\n", ()),
        ("", ()),
    ],
)
def test_the_card_names_languages(tmp_path, card, expected):
    (tmp_path / "README.md").write_text(card)
    assert languages_in(tmp_path) == expected


def test_no_card_names_no_language(tmp_path):
    assert languages_in(tmp_path) == ()
