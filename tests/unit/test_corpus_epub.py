"""Books: chapters in the order of reading, headings, contents; what is locked or broken."""

from __future__ import annotations

import json

import pytest

from colmodern.corpus import ExtractionError, SkipReason
from colmodern.passages.places import place_of

from .office_kit import archive, read

CONTAINER = '<container><rootfile full-path="OPS/book.opf"/></container>'


def book(chapters, **parts):
    """Return a book of pages by their names, in their order."""
    items = "".join(f'<item id="i{i}" href="{name}"/>' for i, name in enumerate(chapters))
    spine = "".join(f'<itemref idref="i{i}"/>' for i in range(len(chapters)))
    package = (
        "<package xmlns:dc='d'><metadata><dc:title>The\n Tide</dc:title>"
        f"<dc:title>Second</dc:title></metadata><manifest>{items}"
        '<item id="n" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        '<item id="v" href="nav.xhtml" properties="nav"/>'
        f'</manifest><spine><itemref idref="v"/>{spine}<itemref idref="none"/></spine></package>'
    )
    made = {"META-INF/container.xml": CONTAINER, "OPS/book.opf": package}
    made |= {f"OPS/{name.replace('%20', ' ')}": page for name, page in chapters.items()}
    return archive(made | parts)


def page(body):
    return f'<?xml version="1.0"?><html xmlns="h"><head><title/></head><body>{body}</body></html>'


def test_chapters_come_in_the_order_of_reading(tmp_path):
    data = book({
        "b.xhtml": page("<h1>One</h1><p>Low<br/>tide.</p><h2>Noon</h2><p>High tide.</p>"),
        "a%20x.xhtml": page("<h1>Two</h1><table><tr><td>1</td><td>2</td></tr></table>"),
        "c.xhtml": page("<p>No heading here.</p>"),
    }, **{"OPS/toc.ncx": "<ncx><navPoint><navLabel><text>Afterword</text></navLabel>"
          '<content src="c.xhtml#p"/></navPoint></ncx>',
          "OPS/nav.xhtml": '<html><nav><a href="b.xhtml">One</a></nav></html>'})  # fmt: skip
    document, notes = read(tmp_path / "a.epub", data)
    assert notes == []
    assert document.title == "The Tide"
    assert document.text == (
        "One\n\nLow\ntide.\n\nNoon\n\nHigh tide.\n\nTwo\n\n1\t2\n\nNo heading here."
    )
    places = [str(place_of(document.metadata, document.text, document.text.index(needle)))
              for needle in ("Low", "High", "1\t2", "No head")]  # fmt: skip
    assert places == ["One", "One > Noon", "Two", "Afterword"]


def test_a_list_of_links_in_a_chapter_is_text(tmp_path):
    body = '<ul><li><a href="#x">Low tide</a></li></ul><h1>One</h1><nav>Here</nav><p>Text'
    document, _ = read(tmp_path / "a.epub", book({"a.xhtml": page(body)}))
    assert document.text == "Low tide\n\nOne\n\nHere\n\nText"


def test_a_chapter_that_is_missing_or_no_text_costs_itself(tmp_path):
    data = book({"a.xhtml": page("kept"), "b.xhtml": "\0" * 50})
    document, notes = read(tmp_path / "a.epub", data)
    assert document.text == "kept"
    assert notes == [(SkipReason.PART, "OPS/b.xhtml: NUL bytes at its beginning")]
    package = "<p><item id='a' href='none.xhtml'/><itemref idref='a'/><item id='b' href='b.html'/>"
    parts = {"x.opf": f"{package}<itemref idref='b'/></p>", "b.html": page("kept")}
    document, notes = read(tmp_path / "a.epub", archive(parts))
    assert document.text == "kept"
    assert [detail.partition(":")[0] for _, detail in notes] == ["none.xhtml"]


def test_a_book_without_its_list_is_read_page_by_page(tmp_path):
    data = archive({"b.html": page("two"), "a.xhtml": page("one"), "META-INF/container.xml": "<x"})
    document, _ = read(tmp_path / "a.epub", data)
    assert sorted(document.text.split("\n\n")) == ["one", "two"]


def test_a_chapter_named_a_thousand_times_is_read_once(tmp_path):
    items = "".join(f"<item id='{i}' href='a.html'/><itemref idref='{i}'/>" for i in range(1000))
    data = archive({"x.opf": f"<p>{items}</p>", "a.html": page("once")})
    assert read(tmp_path / "a.epub", data)[0].text == "once"


def locked(part):
    return f"<e><EncryptedData><CipherReference URI='{part}'/></EncryptedData></e>"


def test_locked_chapters_are_told_and_locked_fonts_are_none(tmp_path):
    data = book({"a.xhtml": page("text")}, **{"META-INF/encryption.xml": locked("OPS/f.otf")})
    assert read(tmp_path / "a.epub", data)[0].text == "text"
    data = book({"a.xhtml": page("text")}, **{"META-INF/encryption.xml": locked("OPS/a.xhtml")})
    with pytest.raises(ExtractionError) as raised:
        read(tmp_path / "a.epub", data)
    assert raised.value.skipped.reason is SkipReason.ENCRYPTED


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK", SkipReason.BROKEN),
        (archive({"a.txt": "x"}), SkipReason.EMPTY),
        (archive({"x.opf": "<p"}), SkipReason.BROKEN),
        (archive({"x.opf": '<!DOCTYPE a [<!ENTITY b "c">]><a/>'}), SkipReason.BROKEN),
        (archive({"a.html": "x" * (100 << 20)}), SkipReason.TOO_LARGE),
    ],
)
def test_what_is_no_book_is_told(tmp_path, data, reason):
    with pytest.raises(ExtractionError) as raised:
        read(tmp_path / "a.epub", data)
    assert raised.value.skipped.reason is reason
    json.dumps(str(raised.value))
