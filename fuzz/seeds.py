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
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        text = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", text)
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
