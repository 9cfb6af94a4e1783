"""Word documents: notes, comments, boxes, fields, formulas, tables; broken parts, and bombs."""

from __future__ import annotations

import json

import pytest

from colmodern.corpus import ExtractionError, SkipReason

from .office_kit import WORD, archive, docx, paragraph, read


def text_of(tmp_path, body, **parts):
    document, notes = read(tmp_path / "a.docx", docx(body, **parts))
    assert notes == []
    return document.text


def notes_part(kind, *notes):
    made = "".join(
        f'<w:{kind} w:id="{number}">{paragraph(text)}</w:{kind}>' for number, text in notes
    )
    return f"<w:{kind}s {WORD}>{made}</w:{kind}s>"


def test_notes_and_comments_follow_the_paragraph_that_refers_to_them(tmp_path):
    body = (
        paragraph("The pump was replaced.", extra='<w:r><w:footnoteReference w:id="2"/></w:r>')
        + paragraph("The roof leaks.", extra='<w:r><w:commentReference w:id="0"/></w:r>')
        + paragraph("End.", extra='<w:r><w:endnoteReference w:id="9"/></w:r>')
    )
    parts = {
        "footnotes": notes_part("footnote", (2, "Serial zebrafinch.")),
        "comments": notes_part("comment", (0, "Ask the plumber."), (1, "Nobody refers to me.")),
        "endnotes": notes_part("endnote", (9, "Last words.")),
    }
    assert text_of(tmp_path, body, **parts).split("\n\n") == [
        "The pump was replaced.", "Serial zebrafinch.", "The roof leaks.", "Ask the plumber.",
        "End.", "Last words.", "Nobody refers to me.",
    ]  # fmt: skip


def test_headers_and_footers_follow_the_text_once(tmp_path):
    header = f"<w:hdr {WORD}>{paragraph('Contract KX-2291')}</w:hdr>"
    parts = {"header1": header, "header2": header, "footer1": header.replace("KX", "foot")}
    assert text_of(tmp_path, paragraph("Body."), **parts).split("\n\n") == [
        "Body.", "Contract foot-2291", "Contract KX-2291",
    ]  # fmt: skip


def test_a_document_of_a_footnote_alone_is_not_empty(tmp_path):
    body = '<w:p><w:r><w:footnoteReference w:id="1"/></w:r></w:p>'
    assert text_of(tmp_path, body, footnotes=notes_part("footnote", (1, "Only this."))) == (
        "Only this."
    )


@pytest.mark.parametrize(
    ("breaks", "text"),
    [
        ("<w:br/>", "one\ntwo"),
        ("<w:cr/>", "one\ntwo"),
        ('<w:br w:type="page"/>', "one\n\ntwo"),
        ("<w:tab/>", "one two"),
        ("<w:noBreakHyphen/>", "one-two"),
        ("<w:softHyphen/>", "onetwo"),
        ('<w:sym w:font="X" w:char="2192"/>', "one→two"),
    ],
)
def test_breaks_separate_words(tmp_path, breaks, text):
    body = f"<w:p><w:r><w:t>one</w:t>{breaks}<w:t>two</w:t></w:r></w:p>"
    assert text_of(tmp_path, body) == text


def test_links_and_pictures_without_their_relationship_cost_nothing(tmp_path):
    link = '<w:hyperlink r:id="rId99"><w:r><w:t>dangling link</w:t></w:r></w:hyperlink>'
    picture = '<w:r><w:drawing><blip r:embed="rId77"/></w:drawing></w:r>'
    body = f"<w:p>{link}</w:p><w:p>{picture}</w:p>" + paragraph("After.")
    assert text_of(tmp_path, body) == "dangling link\n\nAfter."


def test_fields_show_their_results_and_not_their_instructions(tmp_path):
    body = (
        '<w:p><w:r><w:t xml:space="preserve">See </w:t></w:r><w:fldSimple w:instr=" REF x ">'
        "<w:r><w:t>Table 7</w:t></w:r></w:fldSimple><w:r><w:instrText>REF y</w:instrText></w:r>"
        "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>moved away</w:t></w:r></w:moveFrom>"
        "<w:ins><w:r><w:t>, added</w:t></w:r></w:ins></w:p>"
    )
    assert text_of(tmp_path, body) == "See Table 7, added"


def test_formulas_keep_their_numbers_apart(tmp_path):
    def run(text):
        return f"<m:r><m:t>{text}</m:t></m:r>"

    fraction = f"<m:f><m:num>{run(1)}</m:num><m:den>{run(2)}</m:den></m:f>"
    power = f"<m:sSup><m:e>{run('x')}</m:e><m:sup>{run(2)}</m:sup></m:sSup>"
    body = f"<w:p><w:r><w:t>y = </w:t></w:r><m:oMath>{fraction}{power}</m:oMath></w:p>"
    assert text_of(tmp_path, body).replace(" ", "") == "y=1/2x^2"


def test_ruby_gives_the_word_and_then_its_reading(tmp_path):
    ruby = (
        "<w:ruby><w:rubyPr/><w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt>"
        "<w:rubyBase><w:r><w:t>東京</w:t></w:r></w:rubyBase></w:ruby>"
    )
    assert text_of(tmp_path, f"<w:p><w:r>{ruby}</w:r><w:r><w:t>へ</w:t></w:r></w:p>") == (
        "東京(とうきょう)へ"
    )


BOX = "<w:txbxContent>{}</w:txbxContent>"


def test_text_boxes_follow_the_paragraph_they_stand_in_and_come_once(tmp_path):
    box = BOX.format(paragraph("Box text ocelot."))
    twice = (
        f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    )
    body = f"<w:p><w:r><w:t>Before</w:t></w:r><w:r>{twice}</w:r><w:r><w:t> it.</w:t></w:r></w:p>"
    assert text_of(tmp_path, body) == "Before it.\n\nBox text ocelot."
    assert text_of(tmp_path, f"<w:p><w:r>{box}</w:r></w:p>") == "Box text ocelot."
    fallback = (
        "<mc:AlternateContent><mc:Choice/><mc:Fallback>{}</mc:Fallback></mc:AlternateContent>"
    )
    assert text_of(tmp_path, f"<w:p><w:r>{fallback.format(box)}</w:r></w:p>") == "Box text ocelot."


def cell(*texts, style=""):
    return f"<w:tc>{''.join(paragraph(text, style) for text in texts)}</w:tc>"


def test_a_row_of_a_table_is_a_line(tmp_path):
    rows = [["Item", "Price", "Qty"], ["Rope", "12", "4"], ["Oar", "", "2"]]
    table = "".join(f"<w:tr>{''.join(cell(text) for text in row)}</w:tr>" for row in rows)
    body = paragraph("Prices") + f"<w:tbl>{table}</w:tbl>" + paragraph("End")
    assert text_of(tmp_path, body) == "Prices\n\nItem\tPrice\tQty\nRope\t12\t4\nOar\t\t2\n\nEnd"


def test_a_table_that_lays_out_a_page_keeps_its_paragraphs(tmp_path):
    body = f"<w:tbl><w:tr>{cell('a ' * 600, 'b')}{cell('c', 'd')}</w:tr></w:tbl>"
    assert text_of(tmp_path, body).split("\n\n") == [("a " * 600).strip(), "b", "c", "d"]
    nested = f"<w:tbl><w:tr>{cell('12')}{cell('4')}</w:tr></w:tbl>"
    body = f"<w:tbl><w:tr><w:tc>{nested}</w:tc>{cell('x')}</w:tr></w:tbl>"
    assert text_of(tmp_path, body).split() == ["12", "4", "x"]


def test_headings_are_told_by_their_styles_and_what_these_are_based_on(tmp_path):
    styles = (
        f"<w:styles {WORD}>"
        '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="own"><w:name w:val="Mine"/><w:basedOn w:val="berschrift1"/></w:style>'
        '<w:style w:styleId="deep"><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>'
        '<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style></w:styles>'
    )
    lines = {"Handbook": "Titel", "One": "berschrift1", "Two": "own", "Three": "deep", "x": ""}
    body = "".join(paragraph(text, style) for text, style in lines.items())
    document, _ = read(tmp_path / "a.docx", docx(body, styles=styles))
    assert document.metadata["title"] == "Handbook"
    assert json.loads(document.metadata["sections"]) == [
        [10, 1, "One"], [15, 1, "Two"], [20, 3, "Three"],
    ]  # fmt: skip
    assert [document.text[at:].split("\n")[0] for at in (10, 15, 20)] == ["One", "Two", "Three"]


def test_a_broken_part_costs_itself_and_is_named(tmp_path):
    data = docx(paragraph("Kept."), footnotes="<w:footnotes", header1="no xml")
    document, notes = read(tmp_path / "a.docx", data)
    assert document.text == "Kept."
    assert [(reason, detail.split(":")[0]) for reason, detail in notes] == [
        (SkipReason.PART, "word/footnotes.xml"),
        (SkipReason.PART, "word/header1.xml"),
    ]


def test_a_document_that_breaks_off_gives_what_came_before(tmp_path):
    data = archive({"word/document.xml": f"<w:document {WORD}>{paragraph('Kept.')}<w:p><w:r"})
    document, notes = read(tmp_path / "a.docx", data)
    assert (document.text, [reason for reason, _ in notes]) == ("Kept.", [SkipReason.PART])


def failure(tmp_path, data):
    with pytest.raises(ExtractionError) as caught:
        read(tmp_path / "a.docx", data)
    return caught.value.skipped


def test_what_has_no_document_is_broken(tmp_path):
    assert failure(tmp_path, archive({"a.xml": "<a/>"})).reason is SkipReason.BROKEN
    assert failure(tmp_path, archive({"word/document.xml": "?"})).reason is SkipReason.BROKEN


def test_bombs_are_counted_and_not_expanded(tmp_path):
    runs = failure(tmp_path, docx(f"<w:p>{'<w:r/>' * 1_100_000}</w:p>"))
    assert runs.reason is SkipReason.TOO_LARGE
    blanks = failure(tmp_path, docx(f"<w:p><w:r><w:t>{' ' * (20 << 20)}</w:t></w:r></w:p>"))
    assert (blanks.reason, blanks.detail[:13]) == (SkipReason.TOO_LARGE, "it unpacks to")


def test_entities_are_not_expanded(tmp_path):
    entities = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    data = archive({"word/document.xml": f"{entities}<w:document {WORD}>&b;</w:document>"})
    assert failure(tmp_path, data).reason is SkipReason.BROKEN


@pytest.mark.parametrize(("value", "text"), [("", "Seen"), (' w:val="0"', "hiddenSeen")])
def test_hidden_text_is_left_out(tmp_path, value, text):
    hidden = f"<w:r><w:rPr><w:vanish{value}/></w:rPr><w:t>hidden</w:t></w:r>"
    mark = "<w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>"  # of the paragraph, which hides no word
    body = f"<w:p>{mark}{hidden}<w:r><w:t>Seen</w:t></w:r></w:p>"
    assert text_of(tmp_path, body) == text
