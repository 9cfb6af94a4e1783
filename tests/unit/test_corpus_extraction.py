"""Files of one document: each format, made by hand, and each way a file can be no document."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from dataclasses import replace

import pytest

from colmodern import corpus
from colmodern.corpus import ExtractionError, ScanOptions, SkipReason, extract, page_at, scan


def document_of(path, data, **options):
    """Write a file and return its only document."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    options = ScanOptions(**options)
    (source,) = scan([path], options).sources
    ((document, row),) = extract(source, options)
    assert row is None
    return document


def failure_of(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    (source,) = scan([path]).sources
    with pytest.raises(ExtractionError) as caught:
        list(extract(source))
    assert caught.value.skipped.path == path.resolve()
    return caught.value.skipped


def test_plain_text_is_kept_to_the_letter(tmp_path):
    document = document_of(tmp_path / "a.txt", "one\r\n\ttwo  \n")
    assert (document.id, document.text, document.title) == ("a.txt", "one\r\n\ttwo  \n", "")


def test_every_file_says_what_it_is(tmp_path):
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub/a.txt"
    path.write_text("four")
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    (source,) = scan([tmp_path]).sources
    ((document, _),) = extract(source)
    assert document.id == "sub/a.txt"
    assert document.metadata == {
        "path": "sub/a.txt",
        "type": "text",
        "size": 4,
        "modified": "2023-11-14T22:13:20Z",
    }


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Keys and locks\n\ntext", "Keys and locks"),
        ("intro\n\n## Second level ##\n", "Second level"),
        ("Keys\n====\ntext", "Keys"),
        ('---\ntitle: "From: above"\n---\n# Heading\n', "From: above"),
        ("---\ndate: 2020\n---\n# Heading\n", "Heading"),
        ("```sh\n# not this\n```\n# This\n", "This"),
        ("no heading\n#hashtag\n", ""),
        ("", ""),
    ],
)
def test_markdown_is_kept_and_its_title_looked_up(tmp_path, text, title):
    text += "\nwords"
    document = document_of(tmp_path / "a.md", text)
    assert document.text == text
    assert document.metadata.get("title", "") == title
    assert document.title == "", "it stands in the text already"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Lab safety\n==========\n\nwords", "Lab safety"),
        ("==========\nLab safety\n==========\n\nwords", "Lab safety"),
        ("no title here\n--\nwords", ""),
    ],
)
def test_rst_is_kept_and_its_title_looked_up(tmp_path, text, title):
    document = document_of(tmp_path / "a.rst", text)
    assert (document.text, document.metadata.get("title", "")) == (text, title)


def test_code_is_kept_with_its_language(tmp_path):
    document = document_of(tmp_path / "a.py", "# Größe\nx = 1\n".encode("latin-1"))
    assert document.text == "# Größe\nx = 1\n"
    assert (document.metadata["type"], document.metadata["language"]) == ("code", "python")


PAGE = """<!doctype html><html><head><title>Keys  &amp;
locks</title><style>p {{}}</style></head><body>
<nav><a href="/">Home</a> <a href="/b">Elsewhere</a></nav>
<article><h1>Who holds the keys</h1>{paragraphs}</article>
<footer>Imprint</footer><script>var hidden = 1;</script></body></html>"""


def test_html_gives_the_main_text_and_its_title(tmp_path):
    sentence = "The warden of the east tower keeps the second key and signs for it. "
    page = PAGE.format(paragraphs=f"<p>{sentence * 5}</p><p>{sentence * 4}</p>")
    document = document_of(tmp_path / "a.html", page)
    assert document.title == "Keys & locks"
    assert document.text.count("warden of the east tower") == 9
    assert "Elsewhere" not in document.text
    assert "hidden" not in document.text


def test_lines_and_paragraphs_of_a_page_stay_apart(tmp_path):
    document = document_of(tmp_path / "a.html", PAGE.format(paragraphs="<p>One<br>two</p>three"))
    assert document.text == "Who holds the keys\n\nOne\ntwo\n\nthree"


def test_a_title_that_stands_in_the_text_is_not_said_twice(tmp_path):
    document = document_of(tmp_path / "a.html", "<title>Keys</title><p>Keys are kept in a box.</p>")
    assert (document.title, document.metadata["title"]) == ("", "Keys")


def test_the_encoding_that_a_page_declares_is_used(tmp_path):
    page = '<meta charset="iso-8859-2"><p>Żółw idzie powoli do domu</p>'.encode("iso-8859-2")
    assert "Żółw idzie powoli" in document_of(tmp_path / "a.htm", page).text


def test_a_page_nested_beyond_reason_still_gives_its_text(tmp_path):
    document = document_of(tmp_path / "a.html", "<div>" * 20_000 + "deep down")
    assert document.text == "deep down"


def pdf(*pages, title="", extra=""):
    """Return a minimal PDF with one line of text a page."""
    n = len(pages)
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(n))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {n} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        resources = "/MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
        bodies += [
            f"<< /Type /Page /Parent 2 0 R {resources} /Contents {5 + 2 * i} 0 R >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    bodies.append(f"<< /Title ({title}) >>")
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"<< /Size {len(bodies) + 1} /Root 1 0 R /Info {len(bodies)} 0 R {extra} >>"
    xref = f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}trailer\n{trailer}\n"
    return data + f"{xref}startxref\n{len(data)}\n%%EOF\n".encode()


def test_pdf_pages_are_joined_and_can_be_told_apart(tmp_path):
    document = document_of(tmp_path / "a.pdf", pdf("First page", "", "Third", title="The keys"))
    assert document.text == "First page\f\fThird"
    assert document.title == "The keys"
    assert document.metadata["pages"] == 3
    assert json.loads(document.metadata["page_starts"]) == [0, 11, 12]
    assert [page_at(document.metadata, at) for at in (0, 9, 12, 16)] == [1, 1, 3, 3]
    assert page_at({}, 3) is None


@pytest.mark.parametrize("title", ["Microsoft Word - keys.doc", "untitled", "keys_final.docx"])
def test_a_pdf_title_that_a_program_made_up_is_no_title(tmp_path, title):
    document = document_of(tmp_path / "a.pdf", pdf("Text", title=title))
    assert (document.title, "title" in document.metadata) == ("", False)


def test_a_pdf_of_pictures_is_empty(tmp_path):
    skipped = failure_of(tmp_path / "a.pdf", pdf("", ""))
    assert (skipped.reason, skipped.detail[:22]) == (SkipReason.EMPTY, "2 page(s) without text")


def test_a_pdf_with_a_password_is_skipped(tmp_path):
    key = "<" + "00" * 32 + ">"
    lock = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O {key} /U {key} /P -4 >> /ID [{key} {key}]"
    skipped = failure_of(tmp_path / "a.pdf", pdf("Secret", extra=lock))
    assert skipped.reason is SkipReason.ENCRYPTED


def test_a_broken_pdf_is_skipped(tmp_path):
    assert failure_of(tmp_path / "a.pdf", b"%PDF-1.7 and then nothing").reason is SkipReason.BROKEN


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"


def docx(*paragraphs):
    """Return a minimal Word document."""
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def test_docx_gives_its_paragraphs(tmp_path):
    document = document_of(tmp_path / "a.docx", docx("First key", "Second kéy"))
    assert document.text == "First key\n\nSecond kéy"


def test_a_docx_that_is_no_zip_file_is_broken(tmp_path):
    assert failure_of(tmp_path / "a.docx", b"PK not really").reason is SkipReason.BROKEN


def test_an_encrypted_docx_is_named_as_such(tmp_path):
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    assert failure_of(tmp_path / "a.docx", data).reason is SkipReason.ENCRYPTED


def test_a_docx_that_unpacks_to_far_too_much_is_not_unpacked(tmp_path):
    with pytest.raises(ExtractionError, match="unpacks to"):
        document_of(tmp_path / "a.docx", docx("x" * 100_000), max_file_bytes=10_000)


def notebook(cells):
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_notebook_gives_its_markdown_and_code(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": ["# The plan\n", "in words"]},
        {"cell_type": "raw", "source": "as it is"},
        {"cell_type": "code", "source": "x = 1", "outputs": [{"text": "not this"}]},
    ]
    document = document_of(tmp_path / "a.ipynb", notebook(cells))
    assert document.text == "# The plan\nin words\n\nas it is\n\nx = 1"
    assert document.metadata["title"] == "The plan"


def test_an_old_notebook_is_read_too(tmp_path):
    sheets = [{"cells": [{"cell_type": "code", "input": ["y = 2"]}]}]
    document = document_of(tmp_path / "a.ipynb", json.dumps({"worksheets": sheets}))
    assert document.text == "y = 2"


@pytest.mark.parametrize("data", ["{", "[1]", "{}", "[" * 100_000, '{"cells": [3]}'])
def test_what_is_no_notebook_is_broken(tmp_path, data):
    assert failure_of(tmp_path / "a.ipynb", data).reason is SkipReason.BROKEN


@pytest.mark.parametrize(
    ("cell", "text", "fault"),
    [
        ({"source": "no type"}, "no type\n\ngood", "cell 1: no cell_type"),
        ({"cell_type": "code", "source": None}, "good", "cell 1: no source"),
        ({"cell_type": "code", "source": ["a", None]}, "a\n\ngood", "cell 1: no source"),
        ({"cell_type": "code"}, "good", "cell 1: no source"),
        ({"cell_type": "heading", "source": "h", "level": "x"}, "h\n\ngood", None),
        ({"cell_type": "code", "code": "format 1"}, "format 1\n\ngood", None),
        ({"cell_type": "text", "text": "format 1"}, "format 1\n\ngood", None),
        (3, "good", "cell 1: a int"),
    ],
)
def test_a_bad_cell_costs_no_other(tmp_path, cell, text, fault):
    path = tmp_path / "a.ipynb"
    path.write_text(notebook([cell, {"cell_type": "markdown", "source": "good"}]))
    (source,) = scan([path]).sources
    notes = []
    ((document, _),) = extract(source, report=notes.append)
    assert document.text == text
    assert [(n.reason, n.detail) for n in notes] == ([(SkipReason.PART, fault)] if fault else [])


def test_lone_surrogates_never_leave_a_notebook(tmp_path):
    cells = [{"cell_type": "code", "source": "x = '\ud800'"}]
    assert document_of(tmp_path / "a.ipynb", notebook(cells)).text == "x = '\ufffd'"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.py", "a.html", "a.ipynb", "a.jsonl", "a.csv"])
def test_binary_content_under_a_name_of_text_is_skipped(tmp_path, name):
    assert failure_of(tmp_path / name, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").reason is SkipReason.BINARY


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_blank_text_is_empty(tmp_path, name):
    assert failure_of(tmp_path / name, " \n\t ").reason is SkipReason.EMPTY


def test_a_file_that_vanishes_after_the_scan_is_unreadable(tmp_path):
    for name in ("a.txt", "a.jsonl", "a.parquet"):
        path = tmp_path / name
        path.write_text("{}")
        (source,) = scan([path]).sources
        path.unlink()
        with pytest.raises(ExtractionError) as caught:
            list(extract(source))
        assert caught.value.skipped.reason is SkipReason.UNREADABLE


def test_a_file_that_grows_after_the_scan_is_not_read_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("small")
    options = ScanOptions(max_file_bytes=10)
    (source,) = scan([path], options).sources
    path.write_text("not so small any more")
    with pytest.raises(ExtractionError) as caught:
        list(extract(source, options))
    assert caught.value.skipped.reason is SkipReason.TOO_LARGE


def test_a_time_stamp_beyond_the_calendar_is_none(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("x")
    (source,) = scan([path]).sources
    ((document, _),) = extract(replace(source, mtime_ns=10**21))
    assert document.metadata["modified"] is None


def test_a_gzip_file_that_is_cut_short_is_broken_after_what_could_be_read(tmp_path):
    rows = "".join(json.dumps({"text": f"row {i} " + "word " * 50}) + "\n" for i in range(20_000))
    path = tmp_path / "a.jsonl.gz"
    data = gzip.compress(rows.encode())
    path.write_bytes(data[: len(data) * 3 // 4])
    (source,) = scan([path]).sources
    documents = []
    with pytest.raises(ExtractionError) as caught:
        documents.extend(extract(source))
    assert caught.value.skipped.reason is SkipReason.BROKEN
    assert "gzip" in caught.value.skipped.detail


MATTER = """---
title: "Keys: all of them"
year: 2021   # when
rating: 4.5
draft: false
date: 2024-05-01
tags: [red, 'big, blue', 3]
authors:
  - Ann
  - Bo
type: post
code: "007"
none:
summary: >
  folded over
  lines
nested:
  deeper: 1
url: https://example.org/a#b
---
# Heading

words
"""


def test_the_front_matter_of_markdown_becomes_metadata(tmp_path):
    document = document_of(tmp_path / "a.md", MATTER)
    assert document.text == MATTER
    fixed = ("path", "size", "modified")
    assert {k: v for k, v in document.metadata.items() if k not in fixed} == {
        "type": "markdown",
        "front_type": "post",
        "title": "Keys: all of them",
        "year": 2021,
        "rating": 4.5,
        "draft": False,
        "date": "2024-05-01",
        "tags": '["red", "big, blue", 3]',
        "authors": '["Ann", "Bo"]',
        "code": "007",
        "none": None,
        "url": "https://example.org/a#b",
    }


def test_front_matter_may_be_toml(tmp_path):
    text = '+++\ntitle = "Keys"\nyear = 2021\nday = 2024-05-01\ntags = ["a"]\n[extra]\nby = "Ann"\n'
    document = document_of(tmp_path / "a.md", text + "+++\nwords")
    found = document.metadata
    assert [found[n] for n in ("title", "year", "day", "tags", "by")] == [
        "Keys", 2021, "2024-05-01", '["a"]', "Ann",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "---\nwords without an end: 3\n",
        "+++\nnot = = toml\n+++\nwords",
        "words\n---\nyear: 2020\n---\n",
        "---\n- a\n- list\n---\nwords",
        "---\n---\nwords",
        "---\n" + "x " * 50_000 + "\n---\nyear: 3\n---\n",
    ],
)
def test_what_is_no_front_matter_stays_text_alone(tmp_path, text):
    document = document_of(tmp_path / "a.md", text)
    assert document.text == text
    assert set(document.metadata) <= {"path", "type", "size", "modified", "title"}


def test_the_former_name_of_a_file_format_is_taken_with_a_warning():
    with pytest.warns(DeprecationWarning, match="called FileFormat now"):
        assert corpus.Format is corpus.FileFormat
