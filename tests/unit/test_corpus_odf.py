"""OpenDocument: texts with notes and frames, sheets as they are shown, slides with notes."""

from __future__ import annotations

import json

import pytest

from colmodern.corpus import ExtractionError, SkipReason
from colmodern.passages.places import place_of

from .office_kit import ODF, archive, odf, read


def of(tmp_path, suffix, body, automatic="", **parts):
    document, notes = read(tmp_path / f"a{suffix}", odf(body, automatic, **parts))
    assert notes == []
    return document


def paragraph(text, style=""):
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def test_headings_lists_and_breaks(tmp_path):
    styles = '<style:style style:name="P1" style:parent-style-name="Title"/>'
    body = (
        paragraph("A log", "P1") + '<text:h text:outline-level="2">At <text:span>noon</text:span>'
        "</text:h>" + paragraph("one<text:line-break/>two<text:tab/>three<text:s text:c='9'/>four")
        + "<text:list><text:list-item>" + paragraph("first") + "</text:list-item>"
        "<text:list-item>" + paragraph("second") + "</text:list-item></text:list>"
        + paragraph("Ende", "Heading_20_1") + paragraph("<text:ruby><text:ruby-base>東京"
        "</text:ruby-base><text:ruby-text>とう</text:ruby-text></text:ruby>")
    )  # fmt: skip
    document = of(tmp_path, ".odt", body, styles)
    assert document.text == (
        "A log\n\nAt noon\n\none\ntwo three four\n\nfirst\nsecond\n\nEnde\n\n東京(とう)"
    )
    assert document.metadata["title"] == "A log"
    assert json.loads(document.metadata["sections"]) == [[7, 2, "At noon"], [50, 1, "Ende"]]


def test_notes_comments_and_frames_follow_their_paragraph_and_what_was_deleted_is_gone(tmp_path):
    note = (
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
        f"<text:note-body>{paragraph('Serial zebrafinch.')}</text:note-body></text:note>"
    )
    creator = "<dc:creator>Ann</dc:creator>"
    comment = f"<office:annotation>{creator}{paragraph('Ask her.')}</office:annotation>"
    frame = (
        f"<draw:frame><draw:text-box>{paragraph('Box')}</draw:text-box><svg:desc>drawn</svg:desc>"
        "</draw:frame>"
    )
    deleted = f"<text:tracked-changes>{paragraph('gone')}</text:tracked-changes>"
    body = deleted + paragraph(f"The pump{note} broke{comment}.{frame} Twice.") + paragraph("End.")
    assert of(tmp_path, ".odt", body).text.split("\n\n") == [
        "The pump broke. Twice.", "Serial zebrafinch.", "Ask her.", "Box", "End.",
    ]  # fmt: skip


def test_rows_of_tables_are_lines_and_headers_follow_once(tmp_path):
    def cells(*texts):
        made = "".join(f"<table:table-cell>{paragraph(t)}</table:table-cell>" for t in texts)
        return f"<table:table-row>{made}</table:table-row>"

    body = f"<table:table>{cells('Rope', '12', '4')}{cells('Oar', '', '2')}</table:table>"
    header = f"<style:header>{paragraph('Contract KX')}</style:header>"
    both = header + header.replace("header", "footer")
    styles = f"<office:document-styles {ODF}>{both}</office:document-styles>"
    document = of(tmp_path, ".odt", body + paragraph("End"), styles=styles)
    assert document.text == "Rope\t12\t4\nOar\t\t2\n\nEnd\n\nContract KX"


def cells(*texts, repeated=1, rows=1):
    made = "".join(
        f'<table:table-cell table:number-columns-repeated="{repeated}">{text}</table:table-cell>'
        for text in texts
    )
    return f'<table:table-row table:number-rows-repeated="{rows}">{made}</table:table-row>'


def test_sheets_show_what_their_cells_show(tmp_path):
    comment = f"<office:annotation>{paragraph('Ask Ann')}</office:annotation>"
    rows = (
        cells(paragraph("Item"), paragraph("1,50 €") + paragraph("net")) + cells("", rows=1000)
        + cells(paragraph("Rope") + comment, "", paragraph("9"))
    )  # fmt: skip
    box = f"<table:shapes><draw:frame>{paragraph('A box')}</draw:frame></table:shapes>"
    hidden = '<table:table table:name="Lists" table:style-name="ta2">' + cells(paragraph("no"))
    look = '<style:table-properties table:display="false"/>'
    styles = f'<style:style style:name="ta2">{look}</style:style>'
    body = f'<table:table table:name="Costs">{box}{rows}</table:table>{hidden}</table:table>'
    document, notes = read(tmp_path / "a.ods", odf(body, styles))
    assert document.text == "Costs\n\nItem\t1,50 € net\nRope (Ask Ann)\t\t9\n\nA box"
    assert notes == [(SkipReason.PART, "sheet 'Lists': it is hidden")]
    place = place_of(document.metadata, document.text, document.text.index("Rope"))
    assert str(place) == "Costs, row 1002"


def test_what_is_repeated_a_million_times_is_no_bomb(tmp_path):
    row = cells(paragraph("x"), repeated=1_000_000, rows=1_000_000)
    document = of(tmp_path, ".ods", f'<table:table table:name="S">{row}</table:table>')
    assert len(document.text) == 3 + 1000 * 2000 - 1
    data = odf(f"<table:table>{row * 2000}</table:table>")
    with pytest.raises(ExtractionError) as raised:
        read(tmp_path / "a.ods", data, max_file_bytes=1 << 20)
    assert raised.value.skipped.reason is SkipReason.TOO_LARGE


def test_slides_say_their_title_first_and_their_notes_last(tmp_path):
    def frame(text, kind=""):
        return (
            f'<draw:frame presentation:class="{kind}"><draw:text-box>{paragraph(text)}'
            "</draw:text-box></draw:frame>"
        )

    spoken = frame("Speak slowly.", "notes") + frame("3", "page-number")
    notes = f"<presentation:notes>{spoken}</presentation:notes>"
    slides = (
        f"<draw:page>{frame('Point')}{notes}{frame('Pumps', 'title')}</draw:page><draw:page/>"
        f"<draw:page><draw:custom-shape>{paragraph('Free')}</draw:custom-shape></draw:page>"
    )
    document = of(tmp_path, ".odp", slides)
    assert document.text == "Pumps\n\nPoint\n\nSpeak slowly.\n\nFree"
    places = [str(place_of(document.metadata, document.text, document.text.index(needle)))
              for needle in ("Speak", "Free")]  # fmt: skip
    assert places == ["slide 1, Pumps", "slide 3"]


@pytest.mark.parametrize("suffix", [".odt", ".ods", ".odp"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK", SkipReason.BROKEN),
        (archive({"a.xml": "<a/>"}), SkipReason.BROKEN),
        (archive({"content.xml": "<a"}), SkipReason.BROKEN),
        (odf(""), SkipReason.EMPTY),
        (
            archive({"content.xml": "\x8f\x01",
                     "META-INF/manifest.xml": "<m><encryption-data/></m>"}),
            SkipReason.ENCRYPTED,
        ),
        (
            archive({"content.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
            SkipReason.BROKEN,
        ),
    ],
)  # fmt: skip
def test_what_is_no_sound_document_is_told(tmp_path, suffix, data, reason):
    with pytest.raises(ExtractionError) as raised:
        read(tmp_path / f"a{suffix}", data)
    assert raised.value.skipped.reason is reason


@pytest.mark.parametrize("suffix", [".odt", ".ods", ".odp"])
def test_what_comes_before_a_break_is_kept(tmp_path, suffix):
    body = {
        ".odt": paragraph("kept"),
        ".ods": f"<table:table>{cells(paragraph('kept'))}",
        ".odp": f"<draw:page><draw:frame>{paragraph('kept')}</draw:frame>",
    }[suffix]
    content = f"<office:document-content {ODF}>{body}<text:p"
    document, ((reason, _),) = read(tmp_path / f"a{suffix}", archive({"content.xml": content}))
    assert document.text == "kept"
    assert reason is SkipReason.PART
