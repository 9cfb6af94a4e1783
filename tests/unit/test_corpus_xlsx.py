"""Excel workbooks: cells as they are shown, rows as lines, comments, boxes; broken parts, bombs."""

from __future__ import annotations

import json

import pytest

from colmodern.corpus import ExtractionError, SkipReason
from colmodern.passages.places import place_of

from .office_kit import archive, read, relations, xlsx

STRINGS = "<sst>{}</sst>"
STYLES = (
    '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="#,##0.00 &quot;EUR&quot;"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>'
    '<xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="10"/></cellXfs></styleSheet>'
)


def strings(*texts):
    return STRINGS.format("".join(f"<si><t>{text}</t></si>" for text in texts))


def cell(reference, value, kind="n", style=0):
    return f'<c r="{reference}" t="{kind}" s="{style}"><v>{value}</v></c>'


def row(number, *cells):
    return f'<row r="{number}">{"".join(cells)}</row>'


def text_of(tmp_path, sheets, *, noted=(), **parts):
    document, notes = read(tmp_path / "a.xlsx", xlsx(sheets, **parts))
    assert [detail for _, detail in notes] == list(noted)
    return document.text


def test_cells_are_shown_as_a_person_sees_them(tmp_path):
    rows = row(1, cell("A1", 0, "s"), cell("B1", 1, "s")) + row(
        2,
        cell("A2", 1234.5, style=1), cell("B2", 45292, style=2), cell("C2", 0.256, style=3),
        cell("D2", 1, "b"), cell("E2", "#DIV/0!", "e"), cell("F2", "so", "str"),
        '<c r="G2" t="inlineStr"><is><r><t>in </t></r><r><t>line</t></r></is></c>',
        '<c r="H2"><f>SUM(A1:A2)</f><v>7</v></c>', '<c r="I2"><f>NOW()</f></c>',
    )  # fmt: skip
    parts = {"sharedStrings.xml": strings("Item", "Due\nday"), "styles.xml": STYLES}
    assert text_of(tmp_path, {"Costs": rows}, **parts) == (
        "Costs\n\nItem\tDue day\n"
        "1,234.50 EUR\t2024-01-01\t25.60%\tTRUE\t#DIV/0!\tso\tin line\t7\t=NOW()"
    )


def test_days_are_counted_from_where_the_workbook_says(tmp_path):
    rows = row(1, cell("A1", 43830, style=2))
    parts = {"styles.xml": STYLES, "attributes": 'date1904="1"'}
    assert text_of(tmp_path, {"S": rows}, **parts) == "S\n\n2024-01-01"


def test_empty_cells_between_others_are_kept_and_cells_without_a_name_follow(tmp_path):
    rows = row(1, cell("A1", 1), cell("D1", 4), "<c><v>5</v></c>", cell("XFD1", 6))
    assert text_of(tmp_path, {"S": rows}) == "S\n\n1\t\t\t4\t5" + "\t" * 16 + "6"


def test_a_hit_says_its_sheet_and_row(tmp_path):
    rows = row(2, cell("A2", 11)) + row(3, cell("A3", 12)) + row(40, cell("A40", 13))
    data = xlsx({"Costs": rows, "Ro &amp; pes": row(1, cell("A1", 14))})
    document, _ = read(tmp_path / "a.xlsx", data)
    places = [str(place_of(document.metadata, document.text, document.text.index(n)))
              for n in ("11", "12", "13", "14")]  # fmt: skip
    assert places == ["Costs, row 2", "Costs, row 3", "Costs, row 40", "Ro & pes, row 1"]


def test_comments_stand_behind_their_cells_and_boxes_behind_their_sheet(tmp_path):
    comments = (
        "<comments><commentList>"
        '<comment ref="A1"><text><r><t>Ask the</t></r><r><t> plumber</t></r></text></comment>'
        '<comment ref="B9"><text><t>Nobody</t></text></comment></commentList></comments>'
    )
    threaded = "<T><threadedComment ref='B9'><text>See Ann</text></threadedComment></T>"
    drawing = (
        "<wsDr><sp><p><r><t>A box</t></r></p></sp><AlternateContent><Choice/>"
        "<Fallback><p><t>too old</t></p></Fallback></AlternateContent></wsDr>"
    )
    chart = (
        "<chart><p><r><t>Sales</t></r></p><strCache><pt><v>Rope</v></pt></strCache>"
        "<numCache><pt><v>3</v></pt></numCache></chart>"
    )
    links = [("c", "comments", "../comments1.xml"), ("t", "threadedComment", "../threads/t.xml")]
    links.append(("d", "drawing", "../drawings/d.xml"))
    parts = {
        "worksheets/_rels/sheet0.xml.rels": relations(*links),
        "drawings/_rels/d.xml.rels": relations(("h", "chart", "/xl/charts/c.xml")),
        "comments1.xml": comments, "threads/t.xml": threaded, "drawings/d.xml": drawing,
        "charts/c.xml": chart,
    }  # fmt: skip
    sheets = {"S": row(1, cell("A1", 5)), "T": row(1, cell("A1", 6))}
    assert text_of(tmp_path, sheets, **parts) == (
        "S\n\n5 (Ask the plumber)\n\nB9: See Ann\n\nA box\n\nSales\nRope\n\nT\n\n6"
    )


def test_readings_of_signs_are_no_text(tmp_path):
    text = "<sst><si><t>東京</t><rPh><t>トウキョウ</t></rPh></si></sst>"
    rows = row(1, cell("A1", 0, "s"))
    assert text_of(tmp_path, {"S": rows}, **{"sharedStrings.xml": text}) == "S\n\n東京"


def test_hidden_sheets_are_left_out_and_named(tmp_path):
    data = {"xl/workbook.xml": '<w xmlns:r="r"><sheet name="Lists" state="hidden" r:id="a"/>'
            '<sheet name="S" r:id="b"/><sheet name="Gone" r:id="c"/></w>',
            "xl/_rels/workbook.xml.rels": relations(("a", "worksheet", "a.xml"),
                                                    ("b", "worksheet", "b.xml")),
            "xl/b.xml": row(1, cell("A1", 5))}  # fmt: skip
    document, notes = read(tmp_path / "a.xlsx", archive(data))
    assert document.text == "S\n\n5"
    assert notes == [
        (SkipReason.PART, "sheet 'Lists': it is hidden"),
        (SkipReason.PART, "sheet 'Gone': it is not there"),
    ]


@pytest.mark.parametrize(
    ("sheets", "parts", "text", "part"),
    [
        ({"S": row(1, cell("A1", 5)) + "<row><c", "T": row(1, cell("A1", 6))}, {},
         "S\n\n5\n\nT\n\n6", "xl/worksheets/sheet0.xml"),
        ({"S": row(1, cell("A1", 0, "s"), cell("B1", 3))}, {"sharedStrings.xml": "<sst><si"},
         "S\n\n3", "xl/sharedStrings.xml"),
        ({"S": row(1, cell("A1", 5))}, {"workbook.xml": "<x"}, "sheet0\n\n5", "xl/workbook.xml"),
        ({"S": row(1, cell("A1", 5))}, {"styles.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'},
         "S\n\n5", "xl/styles.xml"),
    ],
)  # fmt: skip
def test_a_broken_part_costs_itself(tmp_path, sheets, parts, text, part):
    document, ((reason, detail),) = read(tmp_path / "a.xlsx", xlsx(sheets, **parts))
    assert document.text == text
    assert reason is SkipReason.PART
    assert detail.startswith(part)


@pytest.mark.parametrize("value", ["x", "NaN", "inf", "1e999", "9" * 400, "-1e-320", ""])
def test_numbers_that_are_none_stay_as_they_are(tmp_path, value):
    rows = row(1, cell("A1", value, style=2), cell("B1", value), cell("C1", 7))
    assert text_of(tmp_path, {"S": rows}, **{"styles.xml": STYLES}).endswith("7")


def refused(tmp_path, data, **options):
    with pytest.raises(ExtractionError) as raised:
        read(tmp_path / "a.xlsx", data, **options)
    return raised.value.skipped.reason


def test_what_is_no_workbook_is_told(tmp_path):
    assert refused(tmp_path, b"PK not a zip") is SkipReason.BROKEN
    assert refused(tmp_path, archive({"a.xml": "<a/>"})) is SkipReason.BROKEN
    assert refused(tmp_path, xlsx({"": "<row"})) is SkipReason.BROKEN
    assert refused(tmp_path, xlsx({"": ""})) is SkipReason.EMPTY
    assert refused(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99) is SkipReason.ENCRYPTED


def test_a_text_that_many_cells_share_is_no_bomb(tmp_path):
    rows = row(1, *(cell("A1", 0, "s") for _ in range(2000)))
    data = xlsx({"S": rows}, **{"sharedStrings.xml": strings("word " * 2000)})
    assert refused(tmp_path, data, max_file_bytes=1 << 20) is SkipReason.TOO_LARGE


def test_a_hundred_thousand_cells_are_read(tmp_path):
    rows = "".join(row(n, *(cell(f"{c}{n}", n) for c in "ABCDEFGHIJ")) for n in range(1, 10_001))
    document, notes = read(tmp_path / "a.xlsx", xlsx({"S": rows}))
    assert notes == []
    assert document.text.count("\n") == 10_001
    assert json.loads(document.metadata["row_starts"]) == [[3, 1]]
    end = str(place_of(document.metadata, document.text, len(document.text) - 1))
    assert end == "S, row 10000"
