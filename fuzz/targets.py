"""What is fuzzed: functions of bytes that must return, or raise an error that is typed.

Each target takes any bytes. What is meant to be refused is refused with a ``ColModernError`` or, in
an extractor, an ``ExtractionError``; everything else that is raised is a finding.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from colmodern.corpus import ScanOptions, extract, scan
from colmodern.corpus.extraction.front_matter import front_matter_fields
from colmodern.corpus.extraction.text import markdown_title
from colmodern.corpus.patterns import compile_patterns
from colmodern.encoder.checkpoint.model_config import read_config
from colmodern.encoder.checkpoint.tensors import open_tensors
from colmodern.encoder.tokens.tokenizer import _read_tokenizer
from colmodern.errors import ColModernError
from colmodern.kernels import native
from colmodern.searcher.where import parse_where
from colmodern.storage.format.manifest_json import decode_manifest
from colmodern.storage.format.pending import decode_pending
from colmodern.storage.format.schemas import documents_schema, sources_schema
from colmodern.storage.format.sealed_json import seal
from colmodern.storage.format.tables import Table
from colmodern.text.headings import markdown_headings, rst_headings
from colmodern.text.symbols import code_symbols
from colmodern.text.units import units_of
from colmodern.text.words import word_spans, words_of

__all__ = ["TARGETS"]

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}
"""Every target by its name."""

_PLACE = Path("fuzzed")
_FOLDER = Path(tempfile.mkdtemp(prefix="colmodern-fuzz-"))
_OPTIONS = ScanOptions(max_file_bytes=1 << 16)


def target(function: Target) -> Target:
    """Add a target that may raise errors of ours."""

    def checked(data: bytes) -> None:
        try:
            function(data)
        except ColModernError:
            return

    TARGETS[function.__name__] = checked
    return checked


@target
def manifest(data: bytes) -> None:
    """A manifest as it is, and one with a right checksum."""
    try:
        decode_manifest(data, _PLACE)
    except ColModernError:
        decode_manifest(_sealed(data), _PLACE)


@target
def pending(data: bytes) -> None:
    """The list of a writer's finished segments, with a right checksum."""
    decode_pending(_sealed(data), _PLACE)


@target
def tables(data: bytes) -> None:
    """Every column of an Arrow file."""
    import pyarrow as pa

    table = Table(pa.py_buffer(data), _PLACE)
    if table.schema.equals(documents_schema()):
        for name in ("id", "text", "metadata"):
            list(table.strings(name))
        table.ragged("spans")
        table.ragged("wide_spans")
        table.vector("id_order")
    elif table.schema.equals(sources_schema()):
        table.rows()


@target
def where(data: bytes) -> None:
    """A filter."""
    parse_where(data.decode("utf-8", "surrogateescape"))


@target
def patterns(data: bytes) -> None:
    """A pattern of files on one line, a path on the next."""
    line, _, path = data.decode("utf-8", "surrogateescape").partition("\n")
    found, _ = compile_patterns([line])
    found.match_below(path or "a/b")


@target
def texts(data: bytes) -> None:
    """What is read off a text."""
    text = data.decode("utf-8", "replace")
    middle = len(text) // 2
    front_matter_fields(text)
    markdown_title(text)
    markdown_headings(text, len(text))
    rst_headings(text, len(text))
    code_symbols(text, middle)
    end = 0
    for unit in units_of(text):
        assert end <= unit.start < unit.end <= len(text)
        end = unit.end
    data = text.encode()
    assert [tuple(row) for row in native().units_of(data, False).tolist()] == units_of(text)
    words_of(text)
    assert all(text[a:b].lower() == word for word, a, b in word_spans(text))


def _extracting(suffix: str) -> None:
    def extractor(data: bytes) -> None:
        path = _FOLDER / f"x{suffix}"
        path.write_bytes(data)
        for source in scan([path], _OPTIONS).sources:
            for document, _ in extract(source, _OPTIONS, report=str):
                document.text.encode()
                document.title.encode()
                json.dumps(dict(document.metadata), allow_nan=False).encode()

    extractor.__name__ = f"extract_{suffix.strip('.').replace('.', '_')}"
    target(extractor)


for _suffix in (".md", ".rst", ".html", ".ipynb", ".docx", ".pdf", ".csv", ".tsv", ".jsonl",
                ".jsonl.gz", ".parquet", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub", ".eml",
                ".rtf", ".1", ".adoc", ".org", ".tex", ".srt"):  # fmt: skip
    _extracting(_suffix)


@target
def safetensors(data: bytes) -> None:
    """A file of weights."""
    path = _FOLDER / "model.safetensors"
    path.write_bytes(data)
    for tensor in open_tensors(path).values():
        tensor.to_float32()


@target
def configuration(data: bytes) -> None:
    """A ``config.json``."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(fields, dict):
        read_config({"model_type": "modernbert"} | fields, where="config.json")
        read_config(fields, where="config.json")


@target
def tokenizer(data: bytes) -> None:
    """A ``tokenizer.json``."""
    path = _FOLDER / "tokenizer.json"
    path.write_bytes(data)
    _read_tokenizer(path)


def _sealed(data: bytes) -> bytes:
    """Return bytes with the checksum line that belongs to them."""
    from hashlib import blake2b

    body = data + b",\n"
    digest = blake2b(body, digest_size=16).hexdigest().encode()
    last = seal({"a": 1}).splitlines(keepends=True)[-2:]
    return body + last[0][:15] + digest + last[0][15 + 32 :] + last[1]
