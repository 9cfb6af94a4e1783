"""Inputs from which fuzzing starts: small ones of the right kind."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

__all__ = ["write_seeds"]

_TEXTS = [
    b"# Title\n\nText of *a* page.\n\n## Part\n\n- item\n",
    b"---\ntitle: 'a b'\ntags: [a, \"b\", 1.5]\nlist:\n  - x\n---\n\nText\n",
    b'+++\ntitle = "a"\n[extra]\ndate = 2024-01-01\n+++\nText\n',
    b"Title\n=====\n\nclass A:\n    def f(self):\n        return {1}\n",
]
_CONFIG = {
    "model_type": "modernbert", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 2, "layer_types": ["full_attention"] * 2,
    "rope_parameters": {"full_attention": {"rope_theta": 1.0}},
}  # fmt: skip
_TOKENIZER = {
    "version": "1.0", "added_tokens": [], "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"a": 0, "[UNK]": 1}, "unk_token": "[UNK]"},
}  # fmt: skip

_EML = b"""Subject: =?utf-8?q?a=C3=A9?=
Content-Type: multipart/mixed; boundary=A

--A
Content-Transfer-Encoding: base64

YQ==
--A
Content-Disposition: attachment; filename=a.md

# b
--A--
"""
_RTF = rb"""{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}}{\stylesheet{\s1 heading 1;}}\s1 a\par
\pard\intbl b\cell\row{\footnote c}\'e9\u233?}"""


def write_seeds(name: str, folder: Path) -> None:
    """Write the first inputs of a target to its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(_seeds(name)):
        (folder / f"seed-{number}").write_bytes(data)


def _seeds(name: str) -> list[bytes]:
    rows = {"_id": "a", "title": "t", "text": "some text", "n": [1, {"a": None}]}
    known = {
        "where": [b"a >= 2020 and b like 'x%' or not (c in (1, 'y') and d is null)"],
        "patterns": [b"**/a*b/[!c-d]?/**\na/b", b"!*.md\nx/y.md"],
        "extract_html": [b"<html><title>t</title><nav>x</nav><h1>a</h1><p>b<table><tr><td>c"],
        "extract_ipynb": [json.dumps({"cells": [{"cell_type": "code", "source": ["x"]}]}).encode()],
        "extract_docx": [_docx()],
        "extract_pdf": [b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n"],
        "extract_csv": [b'_id,text\n1,"a ""b""\nc"\n2;x\n'],
        "extract_tsv": [b"_id\ttext\n1\ta b\n"],
        "extract_jsonl": [json.dumps(rows).encode() + b"\n"],
        "extract_xlsx": [_xlsx()],
        "extract_pptx": [_zip({"ppt/presentation.xml": "<p/>", "ppt/slides/slide1.xml":
                               "<s><sp><nvPr><ph type='title'/></nvPr><p><t>a</t></p></sp></s>"})],
        "extract_odt": [_zip({"content.xml": "<o><h outline-level='1'>a</h><p>b<note-body><p>c</p>"
                              "</note-body></p><table><table-row><table-cell><p>d</p></table-cell>"
                              "</table-row></table></o>"})],
        "extract_ods": [_zip({"content.xml": "<o><table name='a'><table-row><table-cell "
                              "number-columns-repeated='2'><p>d</p></table-cell></table-row>"
                              "</table></o>"})],
        "extract_odp": [_zip({"content.xml": "<o><page><frame class='title'><p>a</p></frame>"
                              "<notes><frame><p>b</p></frame></notes></page></o>"})],
        "extract_epub": [_zip({"a.opf": "<p><item id='a' href='a.html'/><itemref idref='a'/></p>",
                               "a.html": "<h1>a</h1><p>b"})],
        "extract_eml": [_EML],
        "extract_rtf": [_RTF],
        "extract_1": [b".TH A 1\n.SH NAME\na \\- b\n.TP\n.BI \\-c d\ne\n.if n \\{\\\nf\n.\\}\n",
                      b".Dt A 1\n.Sh NAME\n.Nm a\n.Op Fl b Ar c\n.Bl -tag\n.It d\n.El\n"],
        "extract_adoc": [b"= A\n\n== B\n\n----\nc\n----\n"],
        "extract_org": [b"#+TITLE: A\n* TODO [#A] B :c:\n#+BEGIN_SRC\n* d\n#+END_SRC\n"],
        "extract_tex": [rb"\title{A}\section[b]{\emph{B} \'e}" + b"\n\\begin{verbatim}\n"],
        "extract_srt": [b"1\n00:01,0 --> 00:02,0\n<i>a</i>\n\n00:01.0 --> 00:02.0\n<v b>c"],
        "safetensors": [_safetensors()],
        "configuration": [json.dumps(_CONFIG).encode()],
        "tokenizer": [json.dumps(_TOKENIZER).encode()],
        "tables": [_table()],
        "extract_parquet": [_parquet()],
    }  # fmt: skip
    return known.get(name, _TEXTS)


def _docx() -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "<w:p><w:r><w:t>a</w:t></w:r></w:p>"
    text = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
    return _zip({"word/document.xml": text})


def _xlsx() -> bytes:
    cells = "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='C1' s='0'><v>45292.5</v></c></row>"
    return _zip(
        {
            "xl/workbook.xml": "<w/>",
            "xl/sharedStrings.xml": "<s><si><t>a</t></si></s>",
            "xl/styles.xml": "<s><numFmt numFmtId='164' formatCode='[h]:mm;#,##0.00'/><cellXfs>"
            "<xf numFmtId='164'/></cellXfs></s>",
            "xl/worksheets/sheet1.xml": f"<w><sheetData>{cells}</sheetData></w>",
        }
    )


def _zip(parts: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def _safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(8)


def _table() -> bytes:
    import pyarrow as pa

    from colmodern.storage.format.schemas import sources_schema

    batch = pa.RecordBatch.from_pylist([], schema=sources_schema())
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({"text": ["some text"]}), sink)
    return sink.getvalue()
