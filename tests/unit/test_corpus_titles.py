"""Titles are searched always; what a program put in their place is none; headings are as read."""

from __future__ import annotations

import pytest

from colmodern.corpus import extract, scan
from colmodern.corpus.extraction.titles import stands_in, written_title
from colmodern.passages.places import place_of
from colmodern.text.headings import as_read

from .growth import assert_linear


@pytest.mark.parametrize(
    "title",
    [
        "(anonymous)", "Untitled", "untitled document", "Untitled-1", "Untitled Document 3",
        "[null]",
        "Microsoft Word - report final.doc", "Microsoft PowerPoint - talk", "No title", "undefined",
        "New Page 1", '"Untitled"', "untitled.pdf", "Untitled presentation", "unnamed", "",
    ],
)  # fmt: skip
def test_what_a_program_put_there_is_no_title(title):
    assert not written_title(title)


@pytest.mark.parametrize(
    "title",
    ["Anonymous functions", "The untitled king", "Null values in SQL", "New documents of the house",
     "Word lists", "Page 3", "Unnamed rivers", "Microsoft Word: a history"],
)  # fmt: skip
def test_a_title_that_somebody_wrote_is_kept(title):
    assert written_title(title) == title


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Go", "Google knows", False),
        ("Go", "Google, then Go.", True),
        ("Go", "let us Go", True),
        ("C++", "in C++, as ever", True),
        ("Keys", "Keyser", False),
        ("", "text", True),
    ],
)
def test_a_title_stands_in_a_text_in_whole_words(title, text, expected):
    assert stands_in(title, text) is expected


def document_of(path, text):
    path.write_text(text, encoding="utf-8")
    (source,) = scan([path]).sources
    ((document, _),) = extract(source)
    return document


def test_a_title_that_is_only_a_part_of_a_word_is_searched(tmp_path):
    page = "<title>Go</title><h1>Google</h1><p>words of a page</p>"
    assert document_of(tmp_path / "a.html", page).title == "Go"
    page = "<title>Untitled Document</title><p>words</p>"
    document = document_of(tmp_path / "b.html", page)
    assert (document.title, "title" in document.metadata) == ("", False)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Keys and *locks*", "Keys and locks"),
        ("The `open()` call", "The open() call"),
        ("[Keys](keys.md#top) of __all__", "Keys of all"),
        ("![logo](a.png) Name", "logo Name"),
        ("Using :func:`open` here", "Using open here"),
        ("``literal`` text", "literal text"),
        ("Revocation {#revoke}", "Revocation"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("snake_case_name", "snake_case_name"),
        ("a [b] c", "a [b] c"),
        ("**", "**"),
    ],
)
def test_a_heading_is_as_a_person_reads_it(written, expected):
    assert as_read(written) == expected


def test_a_section_is_the_path_of_headings_as_a_person_reads_it():
    text = "# The `keys`\n\n## [Revocation](a.md)\n\nA key that has leaked is revoked.\n"
    place = place_of({"type": "markdown"}, text, text.index("A key"))
    assert place.section == ("The keys", "Revocation")
    assert str(place) == "The keys > Revocation"


@pytest.mark.parametrize("unit", ["a", "ab", "東", "ab "])
def test_a_title_is_looked_for_in_linear_time(unit):
    assert_linear(lambda text: stands_in(text[: len(text) // 4] + "a", text), lambda n: unit * n)


def test_a_long_title_is_looked_for_too():
    title = "Of many words " * 40
    assert stands_in(title, f"a {title}b")
    assert not stands_in(title, f"a {title[1:]}b")
