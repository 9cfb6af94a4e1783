"""Numbers of lists and headings in DOCX, ODT, PPTX and ODP: as a person sees them."""

from __future__ import annotations

import json

import pytest

from colmodern.corpus.extraction.office.list_numbers import written_number

from .office_kit import ODF, WORD, docx, odf, pptx, read


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("decimal", {0: "0", 12: "12"}),
        ("lowerLetter", {1: "a", 26: "z", 27: "aa", 53: "aaa", 0: "0", 10**8: "100000000"}),
        ("upperLetter", {2: "B"}),
        ("lowerRoman", {4: "iv", 1994: "mcmxciv", 0: "0", 5000: "5000"}),
        ("upperRoman", {9: "IX"}),
        ("ordinal", {1: "1st", 12: "12th", 22: "22nd", 103: "103rd", 111: "111th"}),
        ("decimalZero", {7: "07", 11: "11"}),
        ("russianLower", {1: "\u0430", 10: "\u043a", 29: "\u0430\u0430"}),
        ("chineseCounting", {3: "三", 10: "十", 11: "十一", 20: "二十", 99: "九十九", 100: "100"}),
        ("none", {3: ""}),
        ("nobody knows it", {3: "3"}),
    ],
)
def test_numbers_are_written_in_their_form(form, numbers):
    assert {number: written_number(number, form) for number in numbers} == numbers


def level(at, form, text, more=""):
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


LEVELS = (
    level(0, "decimal", "%1.")
    + level(1, "lowerLetter", "%1.%2)")
    + level(2, "upperRoman", "(%3)", '<w:lvlRestart w:val="1"/>')
    + level(3, "decimal", "%1-%3-%4", '<w:isLgl w:val="1"/>')
    + level(4, "bullet", "\u2022")
)


def numbering(*lists, kinds=f'<w:abstractNum w:abstractNumId="7">{LEVELS}</w:abstractNum>'):
    made = "".join(
        f'<w:num w:numId="{name}"><w:abstractNumId w:val="7"/>{more}</w:num>'
        for name, more in lists
    )
    return f"<w:numbering {WORD}>{kinds}{made}</w:numbering>"


def item(text, at="0", name="1", style="", more=""):
    number = f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{name}"/></w:numPr>' if name else ""
    style = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{style}{number}{more}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def of(tmp_path, body, **parts):
    document, notes = read(tmp_path / "a.docx", docx(body, **parts))
    assert notes == []
    return document.text.split("\n\n")


def test_levels_of_a_word_list_count_and_start_again(tmp_path):
    steps = [0, 1, 1, 2, 3, 4, 1, 2, 0, 1, 2]
    body = "".join(item("x", at) for at in steps)
    assert of(tmp_path, body, numbering=numbering(("1", ""))) == [
        "1. x", "1.a) x", "1.b) x", "(I) x", "1-1-1 x", "x", "1.c) x",
        "(II) x",  # it starts again after the first level only
        "2. x", "2.a) x", "(I) x",
    ]  # fmt: skip


def test_lists_of_one_kind_go_on_unless_they_start_anew(tmp_path):
    anew = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    own = f'<w:lvlOverride w:ilvl="0">{level(0, "upperLetter", "[%1]")}</w:lvlOverride>'
    lists = numbering(("1", ""), ("2", ""), ("3", anew), ("4", own))
    body = "".join(item("x", name=name) for name in "1122334")
    assert of(tmp_path, body, numbering=lists) == [
        "1. x", "2. x", "3. x", "4. x", "5. x", "6. x", "[G] x",
    ]  # fmt: skip


def test_a_list_that_begins_deep_shows_the_first_number_above(tmp_path):
    body = item("x", 1) + item("y", 0) + item("z", 1)
    assert of(tmp_path, body, numbering=numbering(("1", ""))) == ["1.a) x", "2. y", "2.a) z"]


def test_headings_are_numbered_by_their_styles(tmp_path):
    styles = (
        f'<w:styles {WORD}><w:style w:styleId="H1"><w:name w:val="heading 1"/><w:pPr><w:numPr>'
        '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:styleId="H2"><w:name w:val="heading 2"/><w:basedOn w:val="H1"/><w:pPr>'
        '<w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:styleId="Linked"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
        "</w:style></w:styles>"
    )
    linked = level(2, "decimal", "%3]", '<w:pStyle w:val="Linked"/>')
    kinds = f'<w:abstractNum w:abstractNumId="7">{LEVELS}{linked}</w:abstractNum>'
    body = (
        item("One", name="", style="H1") + item("Sub", name="", style="H2")
        + item("None", name="0", style="H2") + item("Deep", name="", style="Linked")
    )  # fmt: skip
    data = docx(body, styles=styles, numbering=numbering(("1", ""), kinds=kinds))
    document, _ = read(tmp_path / "a.docx", data)
    assert document.text.split("\n\n") == ["1. One", "1.a) Sub", "None", "1] Deep"]
    titles = [title for _, _, title in json.loads(document.metadata["sections"])]
    assert titles == ["1. One", "1.a) Sub", "None"]


def test_a_kind_may_stand_for_the_list_of_a_style(tmp_path):
    styles = (
        f'<w:styles {WORD}><w:style w:styleId="S"><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr>'
        "</w:pPr></w:style></w:styles>"
    )
    kinds = (
        '<w:abstractNum w:abstractNumId="7"><w:numStyleLink w:val="S"/></w:abstractNum>'
        f'<w:abstractNum w:abstractNumId="8">{level(0, "decimal", "Art. %1")}</w:abstractNum>'
    )
    made = numbering(("1", ""), kinds=kinds).replace(
        "</w:numbering>", '<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num></w:numbering>'
    )
    assert of(tmp_path, item("x"), styles=styles, numbering=made) == ["Art. 1 x"]


def test_what_was_deleted_or_changed_does_not_count(tmp_path):
    gone = "<w:rPr><w:del/></w:rPr>"
    was = '<w:pPrChange><w:pPr><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr></w:pPrChange>'
    body = item("x") + item("", more=gone) + item("y", more=was)
    assert of(tmp_path, body, numbering=numbering(("1", ""))) == ["1. x", "2. y"]


def test_lists_in_notes_count_for_themselves(tmp_path):
    notes = f'<w:footnotes {WORD}><w:footnote w:id="1">{item("n")}</w:footnote></w:footnotes>'
    refer = '<w:p><w:r><w:footnoteReference w:id="1"/></w:r></w:p>'
    parts = {"footnotes": notes, "numbering": numbering(("1", ""))}
    assert of(tmp_path, item("x") + refer + item("y"), **parts) == ["1. x", "1. n", "2. y"]


@pytest.mark.parametrize(
    "made",
    [
        "<w:numbering",
        "no xml",
        f"<w:numbering {WORD}>" + level(0, "decimal", "%1.") + "</w:numbering>",
        numbering(("1", ""), kinds='<w:abstractNum><w:numStyleLink w:val="1"/></w:abstractNum>'),
        numbering(("1", '<w:lvlOverride w:ilvl="-3"/>'), kinds=""),
    ],
)
def test_a_broken_numbering_costs_the_numbers_alone(tmp_path, made):
    document, _ = read(tmp_path / "a.docx", docx(item("kept", at="99999999999"), numbering=made))
    assert document.text == "kept"


def test_a_numbering_made_to_harm_costs_nothing(tmp_path):
    huge = level(0, "lowerLetter", "%1" * 50_000).replace('"1"/>', '"999999999"/>', 1)
    wide = level(1, "decimal", "%2" + "x" * 100_000).replace('"1"/>', f'"{"9" * 6000}"/>', 1)
    kinds = f'<w:abstractNum w:abstractNumId="7">{huge}{wide}</w:abstractNum>'
    anew = f'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="{"1" * 5000}"/></w:lvlOverride>'
    body = item("a") + item("b", name="2") + item("c", at="1") + item("d", at="9" * 5000)
    texts = of(tmp_path, body, numbering=numbering(("1", ""), ("2", anew), kinds=kinds))
    assert [text[-1] for text in texts] == ["a", "b", "c", "d"]
    assert max(map(len, texts)) < 70


def odf_level(at, form, more=""):
    return (
        f'<text:list-level-style-number text:level="{at}" style:num-format="{form}" '
        f'style:num-suffix="." {more}/>'
    )


def odf_list(*items, more='text:style-name="L"'):
    made = "".join(
        one if one.startswith("<") else f"<text:list-item><text:p>{one}</text:p></text:list-item>"
        for one in items
    )
    return f"<text:list {more}>{made}</text:list>"


STYLES = (
    '<text:list-style style:name="L">'
    + odf_level(1, "1")
    + odf_level(2, "a", 'text:display-levels="2"')
    + odf_level(3, "I", 'style:num-list-format="(%3%)"')
    + '<text:list-level-style-bullet text:level="4" text:bullet-char="-"/></text:list-style>'
)


def odt(tmp_path, body, automatic=STYLES, **parts):
    document, notes = read(tmp_path / "a.odt", odf(body, automatic, **parts))
    assert notes == []
    return document


def test_levels_of_an_opendocument_list(tmp_path):
    deepest = odf_list("deep", more="")
    inner = odf_list("p", "q", f"<text:list-item>{deepest}</text:list-item>", more="")
    holder = f"<text:list-item><text:p>b</text:p><text:p>more</text:p>{inner}</text:list-item>"
    header = "<text:list-header><text:p>no</text:p></text:list-header>"
    nine = '<text:list-item text:start-value="9"><text:p>d</text:p></text:list-item>'
    text = odt(tmp_path, odf_list("a", holder, header, nine, "e")).text
    assert text.split("\n") == [
        "1. a", "2. b", "more", "2.a. p", "2.b. q", "(I) deep", "no", "9. d", "10. e",
    ]  # fmt: skip


def test_opendocument_lists_start_anew_unless_they_go_on(tmp_path):
    name = 'text:style-name="L"'
    body = (
        odf_list("a", "b", more=f'{name} xml:id="one"') + odf_list("c")
        + odf_list("d", more=f'{name} text:continue-numbering="true"')
        + odf_list("e", more=f'{name} text:continue-list="one"')
        + odf_list("f", more='text:style-name="unknown"')
    )  # fmt: skip
    assert odt(tmp_path, body).text.split("\n\n") == ["1. a\n2. b", "1. c", "2. d", "3. e", "f"]


def test_headings_of_opendocument_are_numbered_by_the_outline(tmp_path):
    made = odf_level(1, "1") + odf_level(2, "1", 'text:display-levels="2"')
    outline = made.replace("list-level-style-number", "outline-level-style")
    styles = f"<office:document-styles {ODF}><text:outline-style>{outline}</text:outline-style>"
    automatic = '<style:style style:name="plain" style:list-style-name=""/>'
    body = (
        '<text:h text:outline-level="1">One</text:h><text:h text:outline-level="2">Sub</text:h>'
        '<text:h text:style-name="plain" text:outline-level="1">Preface</text:h>'
        '<text:h text:is-list-header="true" text:outline-level="1">Also</text:h>'
        '<text:h text:outline-level="1">Two</text:h>'
    )
    document = odt(tmp_path, body, automatic, styles=f"{styles}</office:document-styles>")
    assert document.text.split("\n\n") == ["1. One", "1.1. Sub", "Preface", "Also", "2. Two"]


def test_an_opendocument_list_made_to_harm_costs_nothing(tmp_path):
    nines = "9" * 5000
    body = f'<text:list-item text:start-value="{nines}"><text:p>x</text:p></text:list-item>'
    deep = "<text:list><text:list-item>" * 500 + "<text:p>y</text:p>"
    deep += "</text:list-item></text:list>" * 500
    bad = f'<text:list-style style:name="L"><text:list-level-style-number text:level="{nines}" '
    bad += f'style:num-format="1" style:num-prefix="{"p" * 9999}" text:display-levels="{nines}"/>'
    document = odt(tmp_path, odf_list(body) + deep, f"{bad}</text:list-style>")
    assert document.text.split("\n")[0].endswith("x")
    assert document.text.endswith("y")
    assert len(document.text) < 200


def bullet(text, kind, at=0):
    return f'<p><pPr lvl="{at}">{kind}</pPr><r><t>{text}</t></r></p>'


def test_paragraphs_of_slides_are_counted_in_their_shape(tmp_path):
    auto = '<buAutoNum type="alphaLcParenR" startAt="3"/>'
    other = '<buAutoNum type="romanUcPeriod"/>'
    body = (
        bullet("a", auto) + bullet("", auto) + bullet("b", auto) + bullet("i", other, 1)
        + bullet("c", auto) + bullet("i", other, 1) + bullet("-", '<buChar char="-"/>')
        + bullet("d", auto)
    )  # fmt: skip
    style = '<lstStyle><lvl1pPr><buAutoNum type="arabicParenBoth"/></lvl1pPr></lstStyle>'
    shapes = f"<sp><txBody>{body}</txBody></sp>"
    shapes += f"<sp><txBody>{style}{bullet('x', '')}{bullet('y', '<buNone/>')}</txBody></sp>"
    document, _ = read(tmp_path / "a.pptx", pptx([shapes]))
    assert document.text == "c) a\nd) b\nI. i\ne) c\nI. i\n-\nc) d\n\n(1) x\ny"


def test_slides_of_opendocument_have_their_numbers(tmp_path):
    frame = f"<draw:frame><draw:text-box>{odf_list('a', 'b')}</draw:text-box></draw:frame>"
    document, _ = read(tmp_path / "a.odp", odf(f"<draw:page>{frame * 2}</draw:page>", STYLES))
    assert document.text == "1. a\n2. b\n\n1. a\n2. b"
