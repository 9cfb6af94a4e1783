"""Files that are small and become large, or slow: each costs itself, and nothing of the parent.

Bombs are made a size at a time: ``scale`` 1 is a hundredth of the largest.
"""

from __future__ import annotations

import gzip
import io
import resource
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from colmodern.corpus import ExtractionError, ExtractionPool, ScanOptions, scan
from fuzz.campaigns.children import MIB, Limits, Result, run_apart
from fuzz.campaigns.document_bombs import DOCUMENT_BOMBS, DOCUMENT_SUFFIXES

__all__ = ["BOMBS", "bomb", "bomb_cost", "write_bomb"]

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_BLOCK = b"x" * MIB
_MOST_GROWN = 32 * MIB


def bomb(name: str, path: Path, scale: int, options: ScanOptions | None = None) -> Result:
    """Make a bomb beside a sound file below a folder, and read both as an index does."""
    write_bomb(name, path, scale)
    limits = Limits(seconds=1200, memory=1200 * MIB)  # of the processes that read, too
    return run_apart(lambda: _read(name, path, options or ScanOptions()), limits)


def write_bomb(name: str, folder: Path, scale: int) -> None:
    """Make a folder that holds a bomb and a sound file."""
    folder.mkdir()
    (folder / "sound.html").write_text("<p>A page that is read all the same.</p>", encoding="utf-8")
    BOMBS[name](folder / f"bomb{_SUFFIX[name]}", scale)


def bomb_cost(folder: Path, options: ScanOptions) -> tuple[dict[str, str], int]:
    """Return what came of each file, a reason or the lengths of its texts; and the memory it took.

    That is by how many bytes the greatest memory of this process has grown.
    """
    found: dict[str, str] = {}
    before = _greatest_memory()
    scanned = scan([folder], options)
    for skipped in scanned.skipped:
        found[skipped.path.name] = str(skipped.reason)
    with ExtractionPool(scanned.sources, options) as pool:
        for source in scanned.sources:
            left_out: list[str] = []
            lengths: list[int] = []
            try:
                _, documents = pool.read(source, lambda s, to=left_out: to.append(str(s.reason)))
                lengths += [len(extracted.document.text) for extracted in documents]
            except ExtractionError as error:
                left_out.append(str(error.skipped.reason))
            found[source.key] = " ".join([*map(str, lengths), *left_out])
    return found, _greatest_memory() - before


def _read(name: str, folder: Path, options: ScanOptions) -> Result:
    found, grown = bomb_cost(folder, options)
    sound = found.pop("sound.html", "nothing")
    result = Result([f"{name}: {'; '.join(found.values())}, the parent grew by {grown // MIB} MiB"])
    if grown > _MOST_GROWN:
        result.findings.append(f"{name}: the parent grew by {grown // MIB} MiB")
    if not sound.isdigit():
        result.findings.append(f"the file beside it: {sound}")
    return result


def _greatest_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _docx(body: Callable[[int], bytes]) -> Callable[[Path, int], None]:
    def make(path: Path, scale: int) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            start = f'<w:document xmlns:w="{_WORD}"><w:body>'.encode()
            archive.writestr("word/document.xml", start + body(scale) + b"</w:body></w:document>")

    return make


def _pdf(path: Path, scale: int) -> None:
    """Streams in streams: a page whose content unpacks twice."""
    content = zlib.compress(
        zlib.compress(b"BT /F1 9 Tf (word) Tj ET\n" * (scale * MIB // 25), 9), 9
    )
    fonts = b"<</Font<</F1 5 0 R>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + b"3 0 R " * scale + b"]/Count %d>>" % scale,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources" + fonts + b">>",
        b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n" % len(content)
        + content
        + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    out = io.BytesIO(b"%PDF-1.5\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, data in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj%b endobj\n" % (number, data))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    path.write_bytes(out.getvalue())


def _pdf_of_streams(path: Path, scale: int) -> None:
    """A PDF whose objects are packed in streams that hold others."""
    inner = b" ".join(b"%d %d" % (n + 10, 0) for n in range(1000)) + b"<<>>" + b" " * scale * MIB
    packed = zlib.compress(inner, 9)
    head = b"<</Type/ObjStm/N 1000/First 9000/Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    objects = [b"%d 0 obj%b%b\nendstream endobj\n" % (n, head, packed) for n in range(1, 50)]
    path.write_bytes(b"%PDF-1.5\n" + b"".join(objects) + b"trailer<</Root 11 0 R>>\n%%EOF")


def _parquet(path: Path, scale: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ["a row", "x" * (4 * scale * MIB)]
    pq.write_table(pa.table({"text": texts}), path, compression="zstd", write_statistics=False)


def _parquet_of_rows(path: Path, scale: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = pa.array(["a row", *["x" * MIB] * (4 * scale)])
    pq.write_table(pa.table({"text": texts}), path, compression="zstd")


def _line(start: bytes, end: bytes, *, is_packed: bool) -> Callable[[Path, int], None]:
    def make(path: Path, scale: int) -> None:
        with gzip.open(path, "wb", 1) if is_packed else path.open("wb") as file:
            file.write(start)
            for _ in range(5 * scale):
                file.write(_BLOCK)
            file.write(end)

    return make


def _zip(path: Path, scale: int) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for part in ("[Content_Types].xml", "xl/workbook.xml", "xl/sharedStrings.xml"):
            archive.writestr(part, b"<a>" * (scale * MIB // 3))


_CSV = (b"text\none\n", b"\ntwo\n")
_JSONL = (b'{"text": "one"}\n{"text": "', b'"}\n{"text": "two"}\n')
_SUFFIX = {
    "docx deep": ".docx", "docx wide": ".docx", "docx runs": ".docx", "pdf pages": ".pdf",
    "pdf streams": ".pdf", "html deep": ".html", "html tags": ".html", "notebook": ".ipynb",
    "text gz": ".txt.gz", "csv": ".csv", "tsv": ".tsv", "csv gz": ".csv.gz", "jsonl": ".jsonl",
    "jsonl gz": ".jsonl.gz", "txt": ".txt", "parquet": ".parquet", "parquet rows": ".parquet",
    "xlsx": ".xlsx", **DOCUMENT_SUFFIXES,
}  # fmt: skip
BOMBS: dict[str, Callable[[Path, int], None]] = {
    "docx deep": _docx(lambda n: b"<w:p>" * (n * MIB // 10) + b"</w:p>" * (n * MIB // 10)),
    "docx wide": _docx(lambda n: b"<w:p/>" * (n * MIB // 6)),
    "docx runs": _docx(lambda n: b"<w:p>" + b"<w:r/>" * (n * MIB // 6) + b"</w:p>"),
    "pdf pages": _pdf,
    "pdf streams": _pdf_of_streams,
    "html deep": lambda path, n: _write(path, b"<div><b>" * (n * MIB // 16)),
    "html tags": lambda path, n: _write(path, b"<a " * (n * MIB // 16)),
    "notebook": lambda path, n: _write(path, b'{"cells": ' + b"[" * (n * MIB // 4)),
    "text gz": _line(b"word ", b"", is_packed=True),
    "csv": _line(*_CSV, is_packed=False),
    "tsv": _line(*_CSV, is_packed=False),
    "csv gz": _line(*_CSV, is_packed=True),
    "jsonl": _line(*_JSONL, is_packed=False),
    "jsonl gz": _line(*_JSONL, is_packed=True),
    "txt": _line(b"word ", b"", is_packed=False),
    "parquet": _parquet,
    "parquet rows": _parquet_of_rows,
    "xlsx": _zip,
    **DOCUMENT_BOMBS,
}
"""How each kind of bomb is made: at scale 100 a line has 500 MiB, a DOCX 100 MiB of XML."""


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
