"""How does a passage look on a terminal, whatever its text and however narrow the terminal is?"""

import io
import os

import pytest
from rich.cells import cell_len

from colmodern.cli.printing.passage import print_also, print_passage
from colmodern.cli.printing.styled import Output, Piece, wrapped
from colmodern.passages.passage import Passage, Sentence
from colmodern.text.units import units_of

TABLE = "| boat | wind |\n|---|---|\n| Petrel | 22 knots |\n| Dunlin | 17 knots |"
LIST = "- close the valve\n- call the watch"
CODE = "def f():\n    limit = 32\n    return limit"
PROSE = " ".join(f"This is sentence {i}, which has quite a few words in it." for i in range(30))


def passage_of(text, answer, *, lead="", is_code=False, highlights=()):
    """Return a whole text as a passage; the part that has ``answer`` in it answers."""
    sentences = tuple(
        Sentence(one.start, one.end, one.kind.name.lower(), answer in text[one.start : one.end])
        for one in units_of(text, is_code=is_code)
    )
    return Passage(0, len(text), 1, text, 1.0, tuple(highlights), sentences=sentences, lead=lead)


def printed(passage, width=60):
    out = io.StringIO()
    print_passage(Output(out, width=width), passage)
    return out.getvalue().splitlines()


def test_a_row_comes_under_the_head_of_its_table():
    rows = TABLE.split("\n")
    passage = passage_of("\n".join(rows[2:]), "Dunlin", lead=rows[0])
    assert printed(passage) == [f"    {row}" for row in (rows[0], *rows[2:])]


def test_a_head_that_is_shown_anyway_is_not_shown_twice():
    passage = passage_of(TABLE, "Dunlin", lead="| boat | wind |")
    assert printed(passage) == [f"    {row}" for row in TABLE.split("\n")]


def test_an_item_comes_under_what_leads_in_its_list():
    lead = "When the alarm rings:"
    lines = printed(passage_of(LIST, "call", lead=lead))
    assert lines == [f"    {line}" for line in (lead, *LIST.split("\n"))]


def test_code_keeps_its_lines_and_their_indentation():
    passage = passage_of(CODE, "limit = 32", is_code=True)
    assert printed(passage) == [f"    {line}" for line in CODE.split("\n")]


def test_prose_is_the_sentences_nearest_to_the_answer_in_about_six_lines():
    lines = printed(passage_of(PROSE, "sentence 15,"))
    shown = " ".join(" ".join(lines).split())
    assert "This is sentence 15, which has quite a few words in it." in shown
    assert "sentence 14," in shown
    assert "sentence 0," not in shown
    assert len(lines) <= 7


LONG = "y" * 150
TEXTS = [
    (PROSE, False),
    (TABLE + f"\n| {LONG} | {'wide ' * 30}|", False),
    (LIST + f"\n- {'do this and then that, ' * 12}", False),
    (CODE + f"\n\tname\t=\t{LONG}\n        {LONG}", True),
    (f"A sentence with {LONG} in it.", False),
    ("漢字の文がここにある。" * 12, False),
]


@pytest.mark.parametrize("width", [24, 60, 80, 140])
@pytest.mark.parametrize("text", range(len(TEXTS)))
def test_no_line_is_longer_than_the_terminal(text, width):
    text, is_code = TEXTS[text]
    for answer in units_of(text, is_code=is_code):
        passage = passage_of(
            text, text[answer.start : answer.end], lead=f"Lead {LONG}:", is_code=is_code
        )
        lines = printed(passage, width)
        assert lines
        assert all(cell_len(line) <= width for line in lines), lines


@pytest.mark.parametrize("control", ["\x1b[31m", "\x07", "\x9b2J", "\u202e", "\x08"])
@pytest.mark.parametrize("is_code", [False, True])
def test_what_could_steer_the_terminal_is_made_visible(control, is_code):
    text = f"| Red{control}alert | is   here |"
    lines = printed(passage_of(text, "Red", is_code=is_code, lead=f"Lead{control}:"))
    assert control[0] not in "".join(lines)
    assert "\ufffd" in lines[0]
    assert "\ufffd" in lines[1]


def test_what_looks_like_markup_is_text():
    text = "Use [bold]this[/bold] or [red] as they are."
    assert printed(passage_of(text, "Use")) == [f"    {text}"]


def test_what_matched_is_marked_and_nothing_is_lost(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = "The walrus opens the gate."
    out = io.StringIO()
    passage = passage_of(text, "walrus", highlights=[(4, 10), (21, 25)])
    print_passage(Output(out, width=60), passage)
    assert out.getvalue() == ("    The \x1b[1;33mwalrus\x1b[0m opens the \x1b[1;33mgate\x1b[0m.\n")


def test_a_second_passage_comes_under_its_line_and_is_short():
    out = io.StringIO()
    print_also(Output(out, width=60), passage_of(PROSE, "sentence 15,"))
    head, *lines = out.getvalue().splitlines()
    assert head == "    also line 1"
    assert "This is sentence 15," in " ".join(" ".join(lines).split())
    assert len(lines) <= 4


def test_words_are_wrapped_where_they_fit_and_cut_where_they_do_not():
    pieces = [Piece("one two "), Piece("three", "bold"), Piece(" 漢字漢字 abcdefghijkl e\u0301nd")]
    lines = [[piece.text for piece in line] for line in wrapped(pieces, 9)]
    assert lines == [["one two"], ["three"], ["漢字漢字"], ["abcdefghi"], ["jkl e\u0301nd"]]
    assert [piece.style for line in wrapped(pieces, 9) for piece in line if piece.style] == ["bold"]


def test_tabs_reach_to_the_next_eighth_column():
    line = [Piece("a\tb", "dim"), Piece("c\t"), Piece("d")]
    assert [piece.text for piece in next(wrapped(line, 60))] == [f"a{7 * ' '}b", f"c{6 * ' '}", "d"]


@pytest.mark.parametrize(
    "text", [PROSE, "漢字の文がここにある。" * 12, f"a {'y' * 150}  b", "", " "]
)
@pytest.mark.parametrize("width", [1, 2, 7, 60])
def test_nothing_but_white_space_is_lost_where_lines_end(text, width):
    lines = ["".join(piece.text for piece in line) for line in wrapped([Piece(text)], width)]
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= max(width, 2) for line in lines)


def test_a_pipe_gets_the_text_alone(monkeypatch):
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    out = io.StringIO()
    Output(out).print([Piece("[red]one", "bold"), Piece(" two", link="file:///x")])
    assert out.getvalue() == "[red]one two\n"


def test_the_width_is_that_of_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "33")
    assert Output(io.StringIO()).width == 33
    monkeypatch.setenv("COLUMNS", "wide")
    monkeypatch.setattr("os.get_terminal_size", lambda _: os.terminal_size((0, 0)))
    assert Output(io.StringIO()).width == 80
    monkeypatch.setattr("os.get_terminal_size", lambda stream: os.terminal_size((10 + stream, 5)))
    assert Output(io.StringIO()).width == 10
