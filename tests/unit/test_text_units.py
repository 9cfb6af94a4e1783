"""What is shown whole? Sentences, rows, items, headings and lines of code."""

# ruff: noqa: RUF001 - letters and marks of other scripts are what is tested

import pytest

from colmodern.text.units import UnitKind, units_of


def pieces(text, **options):
    return [text[unit.start : unit.end] for unit in units_of(text, **options)]


def kinds(text, **options):
    return [unit.kind.name.lower() for unit in units_of(text, **options)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "yes." She left.', ['He said "yes."', "She left."]),
        ("Dr. Smith met J. Doe, e.g. Monday.", ["Dr. Smith met J. Doe, e.g. Monday."]),
        ("It costs 3.50 a day. Pay now.", ["It costs 3.50 a day.", "Pay now."]),
        ("as tokens . split them . so", ["as tokens .", "split them .", "so"]),
        ("一。二！三？", ["一。", "二！", "三？"]),
        ("Это конец. Новое начало.", ["Это конец.", "Новое начало."]),
        ("see www.example.org. then more", ["see www.example.org. then more"]),
        ("", []),
        (" \n\t\n", []),
    ],
)
def test_sentences(text, expected):
    assert pieces(text) == expected


def test_a_paragraph_broken_at_a_width_is_read_over_its_line_breaks():
    text = (
        "The decision to make a key invalid for ever is taken by the custodian of\n"
        "the week, alone and at once. They do not have to reach the owner.\n\nAnother paragraph."
    )
    found = units_of(text)
    assert [unit.first for unit in found] == [True, False, True]
    assert pieces(text)[0].endswith("alone and at once.")


def test_lines_that_were_not_broken_at_a_width_stay_lines():
    assert pieces("Ada: yes\nBob: no\nAda: why") == ["Ada: yes", "Bob: no", "Ada: why"]


def test_rows_items_headings_and_code_are_told_apart():
    text = (
        "# Limits\n\n| boat | wind |\n|---|---|\n| Petrel | 22 |\n\n"
        "The steps:\n\n1. Lift. Turn.\n2. Lower\n   slowly.\n- more\n\n"
        "```\nx = 1\n# no heading\n```\n"
        "Title\n=====\nYellow tub     needles\n"
    )
    assert kinds(text) == (
        ["heading", "row", "row", "row", "sentence", "item", "item", "item", "item"]
        + ["code"] * 4
        + ["heading", "row"]
    )
    assert "2. Lower\n   slowly." in pieces(text)


def test_code_is_lines_with_their_indentation():
    text = "def f():\n    return 1\n\n\nx = f()\n"
    assert pieces(text, is_code=True) == ["def f():", "    return 1", "x = f()"]
    assert {unit.kind for unit in units_of(text, is_code=True)} == {UnitKind.CODE}
    assert [unit.first for unit in units_of(text, is_code=True)] == [True, False, True]


def test_a_form_feed_parts_pages():
    assert pieces("Page one\fPage two") == ["Page one", "Page two"]
