"""A word of a title that stands nowhere else finds its document, in each format and mode."""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from pathlib import Path

import pytest

from colmodern import HashEncoder, Indexer, Searcher

BODY = "The boats lie on the quay"


def office_kit():
    path = Path(__file__).parents[1] / "unit" / "office_kit.py"
    spec = importlib.util.spec_from_file_location("office_kit", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KIT = office_kit()
CORE = "<p xmlns:dc='d'><dc:title>The {} log</dc:title></p>"
META = "<o xmlns:dc='d'><dc:title>The {} log</dc:title></o>"
ROW = f'<row r="1"><c t="inlineStr"><is><t>{BODY}</t></is></c></row>'


def named(data, word):
    """Return an Office file with a title among its properties."""
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    return KIT.archive(parts | {"docProps/core.xml": CORE.format(word)})


def book(word):
    names = {"META-INF/container.xml": "<c><rootfile full-path='a.opf'/></c>"}
    metadata = f"<metadata><dc:title>The {word} log</dc:title></metadata>"
    item = "<item id='a' href='a.html' media-type='application/xhtml+xml'/>"
    manifest = f"<manifest>{item}</manifest>"
    spine = "<spine><itemref idref='a'/></spine>"
    names["a.opf"] = f"<package xmlns:dc='d'>{metadata}{manifest}{spine}</package>"
    return KIT.archive(names | {"a.html": f"<html><body><p>{BODY}</p></body></html>"})


def pdf(word):
    page = f"BT /F1 12 Tf 72 700 Td ({BODY}) Tj ET"
    box, fonts = "[0 0 612 792]", "<< /Font << /F1 3 0 R >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 5 0 R /Resources {fonts} >>",
        f"<< /Length {len(page)} >>\nstream\n{page}\nendstream",
        f"<< /Title (The {word} log) >>",
    ]
    body = "".join(f"{i} 0 obj\n{one}\nendobj\n" for i, one in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer\n<< /Root 1 0 R /Info 6 0 R /Size 7 >>\n%%EOF\n"


def notebook(word):
    cells = [{"cell_type": "markdown", "metadata": {}, "source": BODY}]
    metadata = {"title": f"The {word} log"}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


# Of each format a file whose title is "The WORD log", apart from its text where the format can.
FILES = {
    "html": lambda word: f"<title>The {word} log</title><p>{BODY}</p>",
    "pdf": pdf,
    "docx": lambda word: named(KIT.docx(KIT.paragraph(BODY)), word),
    "pptx": lambda word: named(KIT.pptx([KIT.shape(BODY)]), word),
    "xlsx": lambda word: named(KIT.xlsx({"A": ROW}), word),
    "odt": lambda word: KIT.odf(f"<text:p>{BODY}</text:p>", meta=META.format(word)),
    "epub": book,
    "rtf": lambda word: rf"{{\rtf1{{\info{{\title The {word} log}}}}{BODY}\par}}",
    "eml": lambda word: f"From: a@b.c\nSubject: The {word} log\nMIME-Version: 1.0\n\n{BODY}\n",
    "ipynb": notebook,
    "1": lambda word: f".TH {word.upper()} 1\n.SH NAME\n{BODY}\n",
    "csv": lambda word: f"title,text\nThe {word} log,{BODY}\n",
    "tsv": lambda word: f"title\ttext\nThe {word} log\t{BODY}\n",
    "jsonl": lambda word: json.dumps({"title": f"The {word} log", "text": BODY}),
    "md": lambda word: f"---\ntitle: The {word} log\n---\n\n{BODY}\n",
    "rst": lambda word: f"The {word} log\n{'=' * (8 + len(word))}\n\n{BODY}\n",
    "tex": lambda word: f"\\title{{The {word} log}}\n\\section{{Noon}}\n{BODY}\n",
    "adoc": lambda word: f"= The {word} log\n\n{BODY}\n",
    "org": lambda word: f"#+title: The {word} log\n\n{BODY}\n",
    "txt": lambda word: f"The {word} log\n\n{BODY}\n",
    "py": lambda word: f'"""The {word} log."""\n\nTEXT = "{BODY}"\n',
}
WORDS = {suffix: f"{chr(ord('a') + i)}orblen" for i, suffix in enumerate(FILES)}


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    folder = tmp_path_factory.mktemp("titles")
    for suffix, made in FILES.items():
        data = made(WORDS[suffix])
        path = folder / "files" / f"a.{suffix}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    encoder = HashEncoder(dim=64)
    report = Indexer(folder / "index", encoder).sync([folder / "files"])
    assert report.added == len(FILES)
    with Searcher.open(folder / "index", encoder) as opened:
        yield opened


@pytest.mark.parametrize("mode", ["late", "bm25"])
@pytest.mark.parametrize("suffix", FILES)
def test_a_word_of_the_title_finds_the_document(searcher, suffix, mode):
    hits = searcher.search(WORDS[suffix], mode=mode)
    assert Path(hits[0].source).name == f"a.{suffix}"
    if mode == "bm25":
        assert len(hits) == 1
