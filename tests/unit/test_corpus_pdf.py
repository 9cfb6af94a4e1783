"""Pages of PDF: rows as lines, numbers apart, what was added, and what cannot be read."""

from __future__ import annotations

import pytest

from colmodern.corpus import SkipReason, extract, scan


def pdf(*pages, fonts=("",), more=(), catalog="", annotations=()):
    """Return a PDF of content streams; each font is the rest of its dictionary."""
    n = len(pages)
    bodies = ["", "", *(font or "/Subtype /Type1 /BaseFont /Helvetica" for font in fonts)]
    named = " ".join(f"/F{i + 1} {3 + i} 0 R" for i in range(len(fonts)))
    bodies[2:] = [f"<< /Type /Font {body} >>" for body in bodies[2:]]
    bodies += more
    first = len(bodies) + 1
    bodies[0] = f"<< /Type /Catalog /Pages 2 0 R {catalog} >>"
    kids = " ".join(f"{first + 2 * i} 0 R" for i in range(n))
    bodies[1] = f"<< /Type /Pages /Kids [{kids}] /Count {n} >>"
    box = "/MediaBox [0 0 612 792]"
    for i, stream in enumerate(pages):
        noted = f"/Annots [{' '.join(annotations)}]" if annotations else ""
        resources = f"/Resources << /Font << {named} >> >> {noted}"
        bodies += [
            f"<< /Type /Page /Parent 2 0 R {box} {resources} /Contents {first + 2 * i + 1} 0 R >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"<< /Size {len(bodies) + 1} /Root 1 0 R >>"
    xref = f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}trailer\n{trailer}\n"
    return data + f"{xref}startxref\n{len(data)}\n%%EOF\n".encode()


def at(x, y, text, size=12):
    return f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET"


def read(tmp_path, data):
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    (source,) = scan([path]).sources
    notes = []
    ((document, _),) = extract(source, report=notes.append)
    return document.text, [(note.reason, note.detail) for note in notes]


def text_of(tmp_path, *pieces):
    return read(tmp_path, pdf("\n".join(pieces)))[0]


def test_a_row_of_cells_is_a_line_and_its_numbers_stay_apart(tmp_path):
    rows = [("Item", "Price", "Qty"), ("Rope", "12", "4"), ("Anchor", "340", "1")]
    cells = [
        at(72 + 80 * column, 700 - 20 * row, cell)
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
    ]
    assert text_of(tmp_path, *cells) == "Item Price Qty\nRope 12 4\nAnchor 340 1"


def test_narrow_cells_stay_apart_however_they_are_aligned(tmp_path):
    cells = [at(100, 700, "12"), at(116, 700, "4"), at(100, 680, "340"), at(123, 680, "1")]
    assert text_of(tmp_path, *cells).split() == ["12", "4", "340", "1"]


def test_a_gap_that_a_program_left_for_a_blank_is_one(tmp_path):
    stream = "BT /F1 12 Tf 72 700 Td [(as they) -170 (are read) 40 (y)] TJ ET"
    assert text_of(tmp_path, stream) == "as they are ready"


def test_raised_numbers_stay_apart_from_words_and_numbers(tmp_path):
    pieces = [
        at(72, 700, "power of 10"), at(133.4, 705, "6", 7),
        at(72, 680, "the claim"), at(122.7, 685, "3", 7),
        at(72, 660, "4", 7), at(76, 655, "See the appendix."),
    ]  # fmt: skip
    assert text_of(tmp_path, *pieces).splitlines() == [
        "power of 10^6", "the claim 3", "4 See the appendix.",
    ]  # fmt: skip


def test_a_hyphen_at_the_end_of_a_line_stays_if_the_word_is_written_with_one(tmp_path):
    lines = ["a well-known exam-", "ple, and a well-", "known one, state-of-the-", "art"]
    pieces = [at(72, 700 - 14 * i, line) for i, line in enumerate(lines)]
    text = text_of(tmp_path, *pieces)
    assert text.split() == ["a", "well-known", "example,", "and", "a", "well-known", "one,",
                            "state-of-the-art"]  # fmt: skip


def test_running_lines_and_page_numbers_stay_once(tmp_path):
    pages = []
    for number in range(1, 7):
        body = [
            at(72, 700 - 20 * i, f"Line {'abcdefgh'[i]}{'pqrstu'[number - 1]}") for i in range(6)
        ]
        title = at(72, 760, f"Manual of ropes, page {number}")
        pages.append("\n".join([title, *body, at(300, 40, str(number))]))
    text, _ = read(tmp_path, pdf(*pages))
    assert text.count("Manual of ropes") == 1
    assert sum("Line" in line for line in text.splitlines()) == 36
    assert [line for page in text.split("\f") for line in page.splitlines() if line.isdigit()] == []


def test_what_repeats_on_short_pages_stays(tmp_path):
    pages = ["\n".join([at(72, 700, "Total"), at(72, 680, f"Sum {n}")]) for n in range(8)]
    assert read(tmp_path, pdf(*pages))[0].count("Total") == 8


def test_values_of_fields_and_comments_are_in_the_text(tmp_path):
    field = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (n) /V (tarsier) /Rect [1 1 99 20] >>"
    comment = "<< /Type /Annot /Subtype /Text /Contents (seen by indri) /Rect [1 40 20 60] >>"
    data = pdf(
        at(72, 700, "Form"),
        more=[field, comment],
        catalog="/AcroForm << /Fields [4 0 R] >>",
        annotations=["4 0 R", "5 0 R"],
    )
    assert read(tmp_path, data)[0] == "Form\ntarsier\nseen by indri"


IMAGE = "q 100 0 0 100 72 600 cm BI /W 1 /H 1 /CS /G /BPC 8 ID x EI Q"


def test_pages_that_are_pictures_are_named(tmp_path):
    text, notes = read(tmp_path, pdf(IMAGE, at(72, 700, "Words"), IMAGE, ""))
    assert text == "\fWords\f\f"
    assert notes == [
        (
            SkipReason.NO_TEXT_ON_PAGE,
            "2 of 4; text recognition (OCR) is needed for page 1, 3",
        )
    ]


JAPANESE = "官報の鍵は絨毯の下にあります"
DESCRIPTOR = (
    "<< /Type /FontDescriptor /FontName /Mincho /Flags 4 /FontBBox [0 -200 1000 900] "
    "/ItalicAngle 0 /Ascent 800 /Descent -200 /StemV 80 >>"
)
SYSTEM = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >>"


def japanese(encoding):
    """Return a PDF of a Japanese sentence in an encoding for a direction."""
    descendant = f"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Mincho {SYSTEM} /DW 1000 "
    font = f"/Subtype /Type0 /BaseFont /Mincho /Encoding /{encoding} /DescendantFonts [4 0 R]"
    text = JAPANESE.encode("utf-16-be").hex()
    stream = f"BT /F1 12 Tf 500 700 Td <{text}> Tj ET"
    return pdf(stream, fonts=(font,), more=[descendant + "/FontDescriptor 5 0 R >>", DESCRIPTOR])


@pytest.mark.parametrize("encoding", ["UniJIS-UCS2-H", "UniJIS-UCS2-V", "UniJIS-UTF16-V"])
def test_text_that_runs_downwards_is_read_too(tmp_path, encoding):
    assert read(tmp_path, japanese(encoding)) == (JAPANESE, [])


def test_text_without_meaning_is_told(tmp_path):
    font = "/Subtype /Type0 /BaseFont /Odd /Encoding /Identity-V /DescendantFonts [5 0 R]"
    system = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
    descendant = f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Odd {system} /DW 1000 "
    unreadable = "BT /F2 12 Tf 72 500 Td <0301030203030304030503060307> Tj ET"
    data = pdf(
        at(72, 700, "Words"),
        unreadable,
        fonts=("", font),
        more=[descendant + "/FontDescriptor 6 0 R >>", DESCRIPTOR],
    )
    text, notes = read(tmp_path, data)
    assert text.split("\f")[0] == "Words"
    assert notes == [
        (
            SkipReason.NO_TEXT_ON_PAGE,
            "1 of 2; the fonts do not say which characters are on page 2",
        )
    ]


TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@pytest.mark.parametrize(("angle", "rotate"), [(0, 0), (90, 0), (90, 90), (180, 180), (270, 0)])
def test_lines_that_are_turned_are_read_as_lines(tmp_path, angle, rotate):
    a, b, c, d = TURNS[angle]

    def turned(along, down, text):
        x, y = 300 + along * a + down * -c, 400 + along * b + down * -d
        return f"BT /F1 12 Tf {a} {b} {c} {d} {x} {y} Tm ({text}) Tj ET"

    rows = [("Item", "Price", "Qty"), ("Rope", "12", "4"), ("Anchor", "340", "1")]
    cells = [
        turned(80 * column, 20 * row, cell)
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
    ]
    data = pdf("\n".join(cells)).replace(b"/MediaBox", b"/Rotate %d /MediaBox" % rotate)
    assert read(tmp_path, data)[0] == "Item Price Qty\nRope 12 4\nAnchor 340 1"


def test_a_turned_line_beside_the_text_keeps_its_words(tmp_path):
    turned = "BT /F1 12 Tf 0 1 -1 0 30 100 Tm (Preprint 12 of the heron) Tj ET"
    text = text_of(tmp_path, at(72, 700, "One"), turned, at(72, 680, "Two"))
    assert text == "One\nPreprint 12 of the heron\nTwo"
