"""Which queries are names, numbers or file names?"""

# ruff: noqa: RUF001 - other scripts are what is tested

import pytest

from colmodern.text.names import exact_words_of, names_of

from .growth import assert_linear


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_kbhit_unix", ["_kbhit_unix"]),
        ("parseHTTPResponse", ["parsehttpresponse"]),
        ("parseHTTPResponse()", ["parsehttpresponse"]),
        ("where is utf8_encode", ["utf8_encode"]),
        ("http.client", ["http client"]),
        ("docs/README.md", []),
        ("README.md", ["readme md"]),
        ("std::vector_of", ["std vector_of"]),
        ("40961", ["40961"]),
        ("error 0x80070005", ["0x80070005"]),
        ("a1b2 A1B2", ["a1b2"]),
        ("python3 p53 utf8", []),
        ("", []),
        ("42", []),
        ("3.14", []),
        ("e.g. U.S. i.e.", []),
        ("NASA or Unesco", []),
        ("what does the gene FoxO3a do in aged mice", []),
        ("state-of-the-art", []),
        ("McDonald", ["mcdonald"]),
        ("... !!", []),
    ],
)
def test_a_query_of_names_is_read_so(query, names):
    assert names_of(query) == [tuple(one.split()) for one in names]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("the umbrella 雨伞", ["雨伞"]),
        ("where is the umbrella雨伞 kept, and the 傘?", ["雨伞", "傘"]),
        ("who is Анна in the letters", ["анна"]),
        ("the lost ร่ม of the ที่", ["ร่ม", "ที่"]),
        ("a long question about the office of 우산은 and utf8_encode", ["우산은"]),
        ("utf8_encode of 雨伞", ["utf8_encode", "雨伞"]),
        ("the role of α-synuclein and TGF-β in µm of tissue", []),
        ("naïve café", []),
        ("é __ \u0301 _", []),
        ("the report of 2024年 and 3月", []),
        ("the ΔΔCt method for qPCR", ["δδct"]),
        ("hikes in the Kaʻaʻawa valley", []),
        ("ˈwɔːtə is how they say it", []),
        ("雨伞在哪里我找不到了 umbrella", []),
        ("где лежит зонт umbrella", []),
        ("𝐛𝐨𝐥𝐝 words", []),
    ],
)
def test_a_word_in_another_script_is_looked_for_as_it_stands(query, names):
    assert names_of(query) == [(one,) for one in names]


def test_quotes_go_before_names():
    assert exact_words_of('utf8_encode "the lost key"') == [("the", "lost", "key")]
    assert exact_words_of("utf8_encode") == [("utf8_encode",)]


@pytest.mark.parametrize("unit", ["a_", "a1 ", "a.b", "::", "aB", ". ", "a b Ж", "ab雨"])
def test_names_take_linear_time(unit):
    assert_linear(names_of, lambda n: unit * n)
