"""RTF: letters of all code pages, tables, notes, fields, what is hidden; broken files, bombs."""

from __future__ import annotations

import json

import pytest

from colmodern.corpus import ExtractionError, SkipReason

from .office_kit import read

HEAD = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset238 Arial CE;}"
    r"{\f2\fcharset128 MS Mincho;}{\f3\fcharset2 Symbol;}}{\colortbl;\red0\green0\blue0;}"
    r"{\stylesheet{\s0 Normal;}{\s1\sbasedon0 heading 1;}{\s7 Heading 2;}{\*\cs9 Strong;}}"
    r"{\info{\title A \'fcber log}{\author Nobody}}{\*\generator Riched20;}"
)


def rtf(body):
    return (HEAD + body + "}").encode("latin-1")


def text_of(tmp_path, body):
    document, notes = read(tmp_path / "a.rtf", rtf(body))
    assert notes == []
    assert document.metadata["title"] == "A über log"
    return document.text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"one\par two\line three\tab four\page five", "one\n\ntwo\nthree four\n\nfive"),
        (r"gr\'fcn {\f1\'b3\'f3d\'9f} {\f2\'93\'8c\'8b\'9e}", "grün łódź 東京"),
        (r"caf\u233?\u-10179?\u-8704? \uc0\u8364\uc2\u8364\'80xy", "café😀 €€y"),
        (r"\'93quoted\'94 \ldblquote x\rdblquote\emdash y\~z", "“quoted” “x”—y z"),
        (r"a\_b \{c\} \\d soft\-hyphen", "a-b {c} \\d softhyphen"),
        (r"seen {\v hidden} {\deleted gone}seen {\v\v0 again}", "seen seen again"),
        (r"claim{\super 3} x{\super 2}y", "claim^3 x^2y"),
        (r"{\field{\*\fldinst HYPERLINK http://x}{\fldrslt the link}} on", "the link on"),
        (r"{\listtext\f3\'b7\tab}first\par{\pntext 2.\tab}second", "• first\n\n2. second"),
        (r"{\pict\wmetafile8 00ff00}{\object{\*\objdata 01}{\result shown}} x", "shown x"),
        ("{\\bin5 }{}\\x}kept", "kept"),
        (r"{\*\unknown{\b not} this}this", "this"),
        ("broken\r\nline\\\r\nnext", "brokenline\n\nnext"),
    ],
)
def test_characters_and_groups(tmp_path, body, text):
    assert text_of(tmp_path, body) == text


def test_headings_come_from_styles_and_outline_levels(tmp_path):
    body = (
        r"\pard\s1 Log\par\pard Text.\par\pard\s7 At {\b noon}\par{\pard\outlinelevel2 Deep\par}"
        r"\pard More."
    )
    document, _ = read(tmp_path / "a.rtf", rtf(body))
    assert document.text == "Log\n\nText.\n\nAt noon\n\nDeep\n\nMore."
    assert json.loads(document.metadata["sections"]) == [
        [0, 1, "Log"], [12, 2, "At noon"], [21, 3, "Deep"],
    ]  # fmt: skip


def test_rows_of_tables_are_lines(tmp_path):
    row = r"\trowd\cellx100\cellx200 \pard\intbl {}\cell {}\cell\row"
    body = (
        r"Prices\par" + row.replace("{}", "Rope", 1).replace("{}", r"12\par net")
        + row.replace("{}", "", 1).replace("{}", "4") + r"\pard End"
    )  # fmt: skip
    assert text_of(tmp_path, body) == "Prices\n\nRope\t12 net\n4\n\nEnd"


def test_notes_and_boxes_follow_their_paragraph_and_headers_the_text(tmp_path):
    body = (
        r"{\header\pard Contract KX\par}{\footer\pard Contract KX\par}The pump{\super\chftn"
        r"{\footnote\pard {\super\chftn} Serial zebrafinch.}} broke{\*\annotation Ask Ann.}."
        r"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt A box\par}}{\shprslt old}}\par End."
    )
    assert text_of(tmp_path, body).split("\n\n") == [
        "The pump broke.", "Serial zebrafinch.", "Ask Ann.", "A box", "End.", "Contract KX",
    ]  # fmt: skip


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path):
    document, _ = read(tmp_path / "a.rtf", rtf(r"kept {\b and {\i this")[:-1])
    assert document.text == "kept and this"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"plain text", SkipReason.BROKEN),
        (rtf(""), SkipReason.EMPTY),
        (rtf("{" * 20_000), SkipReason.BROKEN),
        (rtf(r"\bin999999999 x"), SkipReason.EMPTY),
    ],
)
def test_what_says_nothing_is_told(tmp_path, data, reason):
    with pytest.raises(ExtractionError) as raised:
        read(tmp_path / "a.rtf", data)
    assert raised.value.skipped.reason is reason


def test_a_code_page_that_is_none_is_that_of_windows(tmp_path):
    data = rb"{\rtf1\ansicpg99999 caf\'e9\u99999999999? \f-5\uc-3\s-9 x}"
    document, _ = read(tmp_path / "a.rtf", data)
    assert document.text.startswith("café")
    assert document.text.endswith("x")
