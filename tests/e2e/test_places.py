"""Every format: a passage says where in its file it stands; a damaged file costs no other."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.corpus import SkipReason

FILLER = "The days went by and nothing of note was written down by anyone at all. " * 40
FACT = "The zebra crossed the quay at noon."
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"


def markdown():
    return f"# Log\n\n{FILLER}\n\n## Noon\n\n{FACT}\n\n## Night\n\n{FILLER}"


def html():
    body = f"<h1>Log</h1><p>{FILLER}</p><h2>At <em>noon</em></h2><p>{FACT}</p>"
    body += f"<h2>Night</h2><p>{FILLER}</p>"
    return f"<html><head><title>A log</title></head><body><article>{body}</article></body></html>"


def notebook():
    cells = [
        {"cell_type": "markdown", "source": ["# Log\n", "\n", FILLER]},
        {"cell_type": "raw", "source": "left out"},
        {"cell_type": "code", "source": ""},
        {"cell_type": "markdown", "source": f"```\n# no heading\n```\n## Noon\n{FACT}"},
        {"cell_type": "code", "source": f"note = '{FILLER}'"},
        {"cell_type": "code", "source": ""},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def docx():
    def paragraph(text, style=""):
        look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
        return f"<w:p>{look}<w:r><w:t>{text}</w:t></w:r></w:p>"

    body = paragraph("") + paragraph("A log", "Title") + paragraph("Log", "berschrift1")
    body += paragraph(FILLER) + paragraph("Noon", "Heading2") + paragraph(FACT)
    body += paragraph("Night", "Heading2") + paragraph(FILLER)
    styles = (
        f'<w:styles xmlns:w="{WORD}"><w:style w:type="paragraph" w:styleId="berschrift1">'
        '<w:name w:val="heading 1"/></w:style></w:styles>'
    )
    related = f"{OFFICE.rsplit('/', 1)[0]}/styles"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{related}" Target="styles.xml"/></Relationships>',
        "word/styles.xml": styles,
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def pdf():
    pages = ["Nothing here", FACT, "Nor here"]
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        resources = "/MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
        bodies += [
            f"<< /Type /Page /Parent 2 0 R {resources} /Contents {5 + 2 * i} 0 R >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(bodies) + 1
    xref = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return data + f"{xref}startxref\n{len(data)}\n%%EOF\n".encode()


def code():
    quiet = "".join(f"    value_{i} = {i}\n" for i in range(200))
    text = f"class Log:\n    def noon(self):\n        '''{FACT}'''\n"
    return f"def before():\n{quiet}\n\n{text}\n\ndef after():\n{quiet}"


FILES = {
    "a.md": (markdown, {"section": ("Log", "Noon")}),
    "a.html": (html, {"section": ("Log", "At noon")}),
    "a.ipynb": (notebook, {"section": ("Log", "Noon"), "cell": 4}),
    "a.docx": (docx, {"section": ("Log", "Noon")}),
    "a.pdf": (pdf, {"page": 2}),
    "a.py": (code, {"section": ("Log", "noon")}),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for name, (make, _) in FILES.items():
        data = make()
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    path = tmp_path_factory.mktemp("index") / "index"
    assert Indexer(path, HashEncoder(dim=64)).sync([folder]).documents == len(FILES)
    return path


@pytest.mark.parametrize("name", FILES)
def test_the_evidence_says_where_it_stands(index, name):
    query = "zebra crossed the quay at noon"
    with Searcher.open(index, HashEncoder(dim=64)) as searcher:
        (hit,) = searcher.search(query, where=f"path = '{name}'")
    assert "zebra" in hit.passage.text
    place = hit.passage.to_dict()
    expected = FILES[name][1]
    assert place["page"] == expected.get("page")
    assert place["cell"] == expected.get("cell")
    assert tuple(place["section"]) == expected.get("section", ())


def test_sections_begin_where_their_headings_stand(index):
    with Searcher.open(index) as searcher:
        for name in ("a.html", "a.ipynb", "a.docx"):
            segment, number = searcher._reader.find(name)
            document = segment.document(number)
            for start, _, title in json.loads(document.metadata["sections"]):
                line = document.text[start:].split("\n", 1)[0]
                assert " ".join(line.lstrip("# ").split()) == title


DAMAGE = {
    "cut": lambda data: data[: len(data) // 3],
    "changed": lambda data: data[:40] + bytes(b ^ 0x5A for b in data[40:200]) + data[200:],
    "emptied": lambda data: data[:20],
}


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.ipynb"])
@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_counted_and_costs_no_other(tmp_path, name, how):
    folder = tmp_path / "corpus"
    folder.mkdir()
    data = FILES[name][0]()
    data = data if isinstance(data, bytes) else data.encode()
    (folder / name).write_bytes(DAMAGE[how](data))
    (folder / "good.txt").write_text(FACT)
    report = Indexer(tmp_path / "i", HashEncoder(dim=16)).sync([folder])
    n_skipped = sum(report.skipped.counts.values())
    assert report.documents + n_skipped == 2, "each file is a document or is counted"
    assert report.documents >= 1
    for reason, examples in report.skipped.examples.items():
        assert reason in {SkipReason.BROKEN, SkipReason.EMPTY, SkipReason.BINARY}
        assert str(examples[0]).startswith(f"{folder.resolve() / name}: {reason}")
    with Searcher.open(tmp_path / "i", HashEncoder(dim=16)) as searcher:
        assert "good.txt" in searcher.search("zebra", mode="bm25").doc_ids


def test_a_damaged_new_version_leaves_the_old_text_and_is_named(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.docx").write_bytes(docx())
    (folder / "good.txt").write_text("words")
    indexer = Indexer(tmp_path / "i", HashEncoder(dim=16))
    assert indexer.sync([folder]).documents == 2
    (folder / "a.docx").write_bytes(docx()[:300])
    report = indexer.sync([folder])
    assert (report.documents, report.deleted) == (2, 0)
    assert report.skipped.counts[SkipReason.BROKEN] == 1
    assert [unread.path for unread in report.unread.examples] == [folder / "a.docx"]
