"""Pages keep all that they say; only navigation, scripts and decoration go."""

from __future__ import annotations

import json
import sys

import pytest

from colmodern.corpus import ScanOptions, extract, scan
from colmodern.text.noted_headings import noted_headings


def page_of(tmp_path, markup, **options):
    path = tmp_path / "a.html"
    path.write_bytes(markup if isinstance(markup, bytes) else markup.encode())
    options = ScanOptions(**options)
    (source,) = scan([path], options).sources
    ((document, _),) = extract(source, options)
    return document


def lines_of(tmp_path, markup):
    return [line for line in page_of(tmp_path, markup).text.splitlines() if line]


PROSE = "The ferry leaves the northern pier at dawn and comes back before the evening tide. "
# Names that a filter for news pages takes for decoration.
NAMES = [
    "authors-and-maintainers", "sharing-files", "related-commands", "comments", "print-options",
    "footer-format", "cookie-handling", "tags", "share-memory", "social-policy", "sidebar",
    "subscribe", "breadcrumbs", "promo", "ad-hoc", "navigation-keys", "menu", "header", "hidden",
]  # fmt: skip


@pytest.mark.parametrize("attribute", ["id", "class"])
def test_no_section_is_lost_for_the_name_of_its_id_or_class(tmp_path, attribute):
    sections = "".join(
        f'<div {attribute}="{name}"><h2>About {name}</h2><p>Word zq{number:02}.</p></div>'
        for number, name in enumerate(NAMES)
    )
    document = page_of(tmp_path, f"<h1>Manual</h1><p>{PROSE * 4}</p>{sections}")
    assert [n for n in range(len(NAMES)) if f"zq{n:02}" not in document.text] == []
    titles = [heading.title for heading in noted_headings(document.metadata)]
    assert titles == ["Manual", *(f"About {name}" for name in NAMES)]


CELLS = {
    "plain": ("Tue", "Closed"),
    "link": ('<a href="/t">Tue</a>', '<a href="/c">Closed</a>'),
    "code": ("<code>Tue</code>", "<code>Closed</code>"),
    "div": ("<div>Tue</div>", "<div>Closed</div>"),
    "list": ("<ul><li>Tue</li></ul>", "<ul><li>Closed</li></ul>"),
    "paragraph": ("<p>Tue</p>", "<p>Closed</p>"),
    "pre": ("<pre>Tue</pre>", "<pre>Closed\n</pre>"),
}


@pytest.mark.parametrize("inside", CELLS)
def test_a_row_of_a_table_is_a_line_and_its_cells_stay_apart(tmp_path, inside):
    first, second = CELLS[inside]
    table = (
        f"<table><caption>Hours</caption><tr><th>Day</th><th>State</th></tr>"
        f"<tr><td>{first}</td><td>{second}</td></tr><tr><td>12</td><td>4</td><td></td></tr></table>"
    )
    page = f"<p>{PROSE * 6}</p>{table}<p>{PROSE * 6}</p>"
    assert lines_of(tmp_path, page)[1:-1] == ["Hours", "Day\tState", "Tue\tClosed", "12\t4"]


def test_an_empty_cell_keeps_its_place(tmp_path):
    table = "<table><tr><td>Rope</td><td></td><td>4</td></tr></table>"
    assert lines_of(tmp_path, table) == ["Rope\t\t4"]


def test_a_table_that_lays_out_a_page_is_no_row(tmp_path):
    table = f"<table><tr><td><h2>Left</h2><p>{PROSE}</p></td><td><p>Right</p></td></tr></table>"
    assert lines_of(tmp_path, table) == ["Left", PROSE.strip(), "Right"]
    nested = "<table><tr><td><table><tr><td>12</td><td>4</td></tr></table></td></tr></table>"
    assert lines_of(tmp_path, nested) == ["12\t4"]


def test_headings_that_are_links_and_lists_in_lists_are_kept(tmp_path):
    page = (
        '<h3><a href="#yak">Option yak</a></h3><p>Short.</p>'
        "<ol><li>One<ul><li>One A aye-aye</li><li>One B</li></ul></li><li>Two</li></ol>"
        '<ul><li><a href="/0">Item 0</a></li><li><a href="/1">Item 1</a></li></ul>'
        '<div class="footer-note">Fee is 30 crowns.</div>'
    )
    document = page_of(tmp_path, page)
    assert document.text.splitlines() == [
        "Option yak", "", "Short.", "", "One", "One A aye-aye", "One B", "Two", "",
        "Item 0", "Item 1", "", "Fee is 30 crowns.",
    ]  # fmt: skip
    assert json.loads(document.metadata["sections"]) == [[0, 3, "Option yak"]]


@pytest.mark.parametrize("mark", ["¶", "#", "§", "\uf0c1", ""])
def test_links_of_a_heading_to_itself_are_no_part_of_it(tmp_path, mark):
    page = f'<h1>Keys<a class="headerlink" href="#keys" title="Permalink">{mark}</a></h1><p>x'
    document = page_of(tmp_path, page)
    assert document.text == "Keys\n\nx"
    assert json.loads(document.metadata["sections"]) == [[0, 1, "Keys"]]


def test_a_number_that_is_raised_is_not_glued_to_the_one_before(tmp_path):
    page = (
        "<p>About 10<sup>6</sup> tokens, H<sub>2</sub>O, the 1<sup>st</sup> word"
        '<sup><a href="#n">3</a></sup> and 12<sup>*</sup>, m<sup>2</sup>, log 5<sub>2</sub></p>'
    )
    assert page_of(tmp_path, page).text == (
        "About 10^6 tokens, H2O, the 1st word 3 and 12 *, m^2, log 5_2"
    )


def test_navigation_scripts_and_site_footers_go(tmp_path):
    page = (
        "<nav><a href='/'>Home</a></nav><div role='navigation'>Elsewhere</div>"
        "<ul><li><a href='/a'>About us</a></li><li><a href='/b'>Download</a></li></ul>"
        "<form action='/search'><select><option>Search everything</option></select></form>"
        "<script>var hidden = 1;</script><h1>Keys</h1><p>Kept in a box.</p>"
        "<section><p>Part.</p><footer>Footnote of a part</footer></section>"
        "<template>unseen</template><p>Prev and next are words.</p>"
        "<table><tr><td><a accesskey='p' href='p'>Prev</a></td><th>Chapter 8</th>"
        "<td><a accesskey='n' href='n'>Next</a></td></tr></table>"
        "<div><p>Next: <a rel='next' href='x'>Exit status</a>, Up: <a rel='up' href='y'>Top</a>"
        "</p></div><footer>Imprint</footer>"
    )
    assert lines_of(tmp_path, page) == [
        "Keys", "Kept in a box.", "Part.", "Footnote of a part", "Prev and next are words.",
    ]  # fmt: skip


def test_a_paragraph_beside_a_link_to_the_next_page_stays(tmp_path):
    page = "<body><div><p>Short text.</p><a rel='next' href='n'>Next</a></div><p>More.</p>"
    assert lines_of(tmp_path, page) == ["Short text.", "Next", "More."]


def test_what_stands_beside_the_main_part_stays_if_it_has_a_heading(tmp_path):
    page = (
        f"<header><h1>Title above</h1></header><main><p>{PROSE * 3}</p></main>"
        "<section><h2>Details</h2><p>Kept.</p></section><div>Copyright of the site</div>"
        "<aside><h3>Next</h3><a href='/n'>On to other pages of the site</a></aside>"
    )
    assert lines_of(tmp_path, page) == ["Title above", (PROSE * 3).strip(), "Details", "Kept."]


def test_a_main_part_that_is_nearly_empty_hides_nothing(tmp_path):
    page = f"<main>Loading</main><div><p>{PROSE}</p></div>"
    assert lines_of(tmp_path, page) == ["Loading", PROSE.strip()]


@pytest.mark.parametrize(
    "page",
    [
        "<nav>Only <a href='/'>navigation</a></nav>",
        "<ul><li><a href='a'>Only</a></li><li><a href='b'>navigation</a></li></ul>",
        "<footer>Only navigation</footer>",
    ],
)
def test_a_page_of_navigation_alone_gives_all_its_text(tmp_path, page):
    assert page_of(tmp_path, page).text.split() == ["Only", "navigation"]


def test_what_stands_after_the_end_of_a_page_is_a_part_of_it(tmp_path):
    page = "<html><head><title>One</title></head><body><p>One</p></body></html >\n<p>More</p>"
    document = page_of(tmp_path, f"{page}<html><head><title>Two</title></head><body>Two</BODY>")
    assert document.text == "One\n\nMore\n\nTwo"
    assert document.metadata["title"] == "One"


def test_the_inside_of_an_element_of_the_pages_own_is_read(tmp_path):
    page = (
        '<my-card><template shadowrootmode="open"><style>p {}</style><p>Inside okapi</p>'
        "</template><p>Given</p></my-card><template><p>Not shown</p></template>"
        "<x-row><x-name>Rope</x-name><x-number>12</x-number><x-number>4</x-number></x-row>"
    )
    assert lines_of(tmp_path, page) == ["Inside okapi", "Given", "Rope 12 4"]


def test_parts_of_formulas_are_kept_apart(tmp_path):
    def of(name, *parts):
        return f"<{name}>{''.join(f'<mn>{part}</mn>' for part in parts)}</{name}>"

    bar = "<mover><mi>x</mi><mo>\u00af</mo></mover>"
    table = (
        f"<mtable><mtr><mtd>{of('mrow', 7)}</mtd><mtd>8</mtd></mtr><mtr><mtd>9</mtd></mtr></mtable>"
    )
    parts = (of("mfrac", 1, 2), of("msup", 3, 4), of("msub", 5, 6), of("msubsup", 7, 8, 9))
    roots = of("msqrt", 2) + of("mroot", 8, 3)
    page = f"<p><math>{'<mo>+</mo>'.join(parts)}</math> {roots} {bar}</p><math>{table}</math>"
    assert page_of(tmp_path, page).text == ("1/2+3^4+5_6+7_8^9 \u221a2\u221a8^3 x\u00af\n\n7 8\n9")


def test_ruby_gives_the_word_and_then_its_reading(tmp_path):
    first = "東<rp>(</rp><rt>とう</rt><rp>)</rp>"
    page = f"<p><ruby>{first}京<rt>きょう</rt></ruby>へ<ruby>x<rt></rt></ruby>"
    assert page_of(tmp_path, page).text == "東(とう)京(きょう)へx"


def test_code_keeps_its_lines_and_blanks(tmp_path):
    page = "<p>Run</p><pre>\nif x:\n    <b>go</b>()\n\n</pre><p>then wait.</p>"
    assert page_of(tmp_path, page).text == "Run\n\nif x:\n    go()\n\nthen wait."


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        (
            "iso-8859-1",
            b"It\x92s \x93quoted\x94 \x96 yes\x85 5 \x80",
            "It\u2019s “quoted” \u2013 yes… 5 €",
        ),
        ("us-ascii", b"5 \x80", "5 €"),
        ("iso-8859-9", "5 € güneş".encode("cp1254"), "5 € güneş"),
        ("gb2312", "钥匙朱镕基".encode("gb18030"), "钥匙朱镕基"),
        ("shift_jis", "①髙橋の鍵".encode("cp932"), "①髙橋の鍵"),
        ("ks_c_5601-1987", "열쇠 똠방".encode("cp949"), "열쇠 똠방"),
        ("windows-1251", "Ключ".encode("cp1251"), "Ключ"),
        ("x-mac-cyrillic", "Ключ".encode("mac_cyrillic"), "Ключ"),
    ],
)
def test_labels_mean_what_they_mean_to_browsers(tmp_path, label, data, text):
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={label}">'
    assert page_of(tmp_path, meta.encode() + b"<p>" + data + b"</p>").text == text


@pytest.mark.parametrize("label", ["hex", "base64", "rot13", "zip", "idna", "none"])
def test_a_label_that_means_no_text_is_no_label(tmp_path, label):
    page = f'<meta charset="{label}"><p>naïve café'.encode("cp1252")
    assert page_of(tmp_path, page).text == "naïve café"


def test_the_encoding_of_an_xml_declaration_is_used(tmp_path):
    page = '<?xml version="1.0" encoding="iso-8859-2"?><html><body><p>Żółw</p></body></html>'
    assert page_of(tmp_path, page.encode("iso-8859-2")).text == "Żółw"


class Steps:
    """Counts the calls and returns of Python functions, which no clock disturbs."""

    def __enter__(self):
        self.n = 0
        sys.setprofile(self._count)
        return self

    def _count(self, *_):
        self.n += 1

    def __exit__(self, *_):
        sys.setprofile(None)


@pytest.mark.parametrize(
    "piece",
    [
        "<a ", "<div>", "<a rel=next href=x>n</a>", "<footer>x</footer>", "<p>1<sup>2", "<h1>x",
        "<table><tr><td>", "<ul><li><a href=x>1</a></ul>", "<main>x</main><div>y</div>",
        "<div role=navigation>x", "<!--", "<a href='#'>", "<p><a rel=next>x</a>",
    ],
)  # fmt: skip
def test_the_steps_of_reading_grow_as_the_page_does(tmp_path, piece):
    def steps(n):
        with Steps() as steps:
            page_of(tmp_path, "<p>words</p>" + piece * n)
        return steps.n

    steps(10)  # what is imported late
    assert steps(6_000) < 2.5 * steps(3_000) + 2_000


def test_a_page_of_headings_without_ends_keeps_them_all(tmp_path):
    text = page_of(tmp_path, "<h2>key" * 3_000).text
    assert text.count("key") == 3_000
