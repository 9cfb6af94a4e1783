"""Presentations: titles first, tables, charts, notes and comments; broken parts."""

from __future__ import annotations

import json

import pytest

from colmodern.corpus import ExtractionError, SkipReason
from colmodern.passages.places import place_of

from .office_kit import archive, pptx, read, relations, shape


def text_of(tmp_path, slides, **parts):
    document, notes = read(tmp_path / "a.pptx", pptx(slides, **parts))
    assert notes == []
    return document.text


def test_a_slide_says_its_title_first_and_where_it_is(tmp_path):
    slides = [
        shape("First point", "Second point") + shape("Pumps", kind="title"),
        "",
        shape("No title here"),
        shape("Valves", kind="ctrTitle") + shape("3", kind="sldNum"),
    ]
    document, notes = read(tmp_path / "a.pptx", pptx(slides))
    assert notes == []
    assert document.text == "Pumps\n\nFirst point\nSecond point\n\nNo title here\n\nValves"
    assert document.metadata["title"] == "Pumps"
    assert document.metadata["slides"] == 4
    places = [str(place_of(document.metadata, document.text, document.text.index(needle)))
              for needle in ("Second", "No title", "Valves")]  # fmt: skip
    assert places == ["slide 1, Pumps", "slide 3", "slide 4, Valves"]


def test_footers_come_once_and_numbers_of_slides_never(tmp_path):
    footer = shape("Contract KX", kind="ftr") + shape("12.3.", kind="dt")
    number = '<sp><p><fld type="slidenum"><t>7</t></fld><r><t>Last</t></r></p></sp>'
    assert text_of(tmp_path, [shape("A") + footer, number + footer]) == "A\n\nContract KX\n\nLast"


def test_a_row_of_a_table_is_a_line(tmp_path):
    def cells(*texts):
        return "<tr>{}</tr>".format("".join(f"<tc><p><r><t>{t}</t></r></p></tc>" for t in texts))

    table = f"<graphicFrame><tbl>{cells('Item', 'Price')}{cells('Rope', '12')}</tbl></graphicFrame>"
    assert text_of(tmp_path, [table]) == "Item\tPrice\nRope\t12"


def test_raised_numbers_fractions_and_line_breaks_keep_words_apart(tmp_path):
    runs = (
        '<r><t>claim</t></r><r><rPr baseline="30000"/><t>3</t></r><br/><r><rPr/><t>next</t></r>'
        "<r><t> </t></r><f><num><t>1</t></num><den><t>2</t></den></f>"
    )
    assert text_of(tmp_path, [f"<sp><p>{runs}</p></sp>"]) == "claim^3\nnext 1/2"


def test_notes_comments_charts_and_diagrams_follow_their_slide(tmp_path):
    frame = '<graphicFrame><chart r:id="c"/></graphicFrame>'
    diagram = '<graphicFrame><relIds r:dm="d"/></graphicFrame>'
    links = [
        ("c", "chart", "../charts/c.xml"),
        ("d", "diagramData", "../diagrams/d.xml"),
        ("n", "notesSlide", "../notes/n.xml"),
        ("m", "comments", "../comments/m.xml"),
    ]
    chart = "<c><p><r><t>Sales</t></r></p><strCache><pt><v>Rope</v></pt></strCache></c>"
    parts = {
        "slides/_rels/slide0.xml.rels": relations(*links),
        "charts/c.xml": chart,
        "diagrams/d.xml": "<d><p><r><t>Plan</t></r></p><p><r><t>Do</t></r></p></d>",
        "notes/n.xml": f"<n>{shape('Speak slowly.', kind='body')}{shape('4', kind='sldNum')}</n>",
        "comments/m.xml": "<cmLst><cm><text>Check this.</text></cm></cmLst>",
    }
    assert text_of(tmp_path, [frame + shape("Body") + diagram, shape("Next")], **parts) == (
        "Sales\nRope\n\nBody\n\nPlan\nDo\n\nSpeak slowly.\n\nCheck this.\n\nNext"
    )


def test_what_older_programs_show_instead_is_left_out(tmp_path):
    both = "<AlternateContent><Choice>{}</Choice><Fallback>{}</Fallback></AlternateContent>"
    new, old = shape("new"), shape("old")
    assert text_of(tmp_path, [both.format(new, old)]) == "new"
    assert text_of(tmp_path, [both.format("", old)]) == "old"


def test_hidden_slides_are_read(tmp_path):
    slide = f'<x show="0">{shape("Backup figures")}</x>'
    assert text_of(tmp_path, [slide]) == "Backup figures"


def test_broken_and_missing_slides_cost_themselves(tmp_path):
    data = {
        "ppt/presentation.xml": '<p xmlns:r="r"><sldId r:id="a"/><sldId r:id="b"/>'
        '<sldId r:id="c"/><sldId r:id="d"/></p>',
        "ppt/_rels/presentation.xml.rels": relations(
            ("a", "slide", "slides/1.xml"), ("b", "slide", "slides/2.xml"),
            ("d", "slide", "slides/4.xml"),
        ),
        "ppt/slides/1.xml": shape("kept") + "<sp",
        "ppt/slides/4.xml": f"<s>{shape('last')}</s>",
    }  # fmt: skip
    document, notes = read(tmp_path / "a.pptx", archive(data))
    assert document.text == "kept\n\nlast"
    assert [reason for reason, _ in notes] == [SkipReason.PART] * 3
    assert [detail.partition(":")[0] for _, detail in notes] == [
        "slide 3", "ppt/slides/1.xml", "ppt/slides/2.xml",
    ]  # fmt: skip
    assert json.loads(document.metadata["slide_starts"]) == [0, 6, 6]


def test_slides_are_found_without_their_list(tmp_path):
    data = {"ppt/presentation.xml": "<p", "ppt/slides/slide10.xml": f"<s>{shape('ten')}</s>",
            "ppt/slides/slide2.xml": f"<s>{shape('two')}</s>"}  # fmt: skip
    document, _ = read(tmp_path / "a.pptx", archive(data))
    assert document.text == "two\n\nten"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK", SkipReason.BROKEN),
        (archive({"a.xml": "<a/>"}), SkipReason.BROKEN),
        (pptx(["<sp"]), SkipReason.BROKEN),
        (pptx([""]), SkipReason.EMPTY),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99, SkipReason.ENCRYPTED),
    ],
)
def test_what_is_no_presentation_is_told(tmp_path, data, reason):
    with pytest.raises(ExtractionError) as raised:
        read(tmp_path / "a.pptx", data)
    assert raised.value.skipped.reason is reason
