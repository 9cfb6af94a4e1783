"""A file of NumPy arrays: ``vectors``, ``offsets``, ``spans``, ``ids`` and the texts.

Arrays are written one after the other, never all at once in memory.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.exchange.rows import ExportedDocument
from colmodern.storage import IndexReader


def write(output: Path, reader: IndexReader, rows: Iterator[ExportedDocument]) -> int:
    """Write a file and return how many documents it has.

    ``vectors`` has shape (n_tokens, dim), float16; document i has the rows ``offsets[i]`` to
    ``offsets[i + 1]`` of it and of ``spans``. ``ids``, ``texts``, ``titles`` and ``metadata``
    (JSON) are bytes of UTF-8 with ``NAME_offsets``: so nothing in the file is pickled.
    """
    shape = (reader.n_tokens, reader.codec.dim)
    lengths: list[int] = []
    spans: list[Any] = []
    columns: dict[str, list[str]] = {name: [] for name in ("ids", "texts", "titles", "metadata")}
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        with archive.open("vectors.npy", "w", force_zip64=True) as file:
            _header(file, shape, np.dtype("<f2"))
            for row in rows:
                file.write(row.vectors.astype("<f2").tobytes())
                lengths.append(len(row.vectors))
                spans.append(row.spans)
                document = row.document
                columns["ids"].append(document.id)
                columns["texts"].append(document.text)
                columns["titles"].append(document.title)
                columns["metadata"].append(json.dumps(dict(document.metadata)))
        _array(archive, "offsets", _offsets(lengths))
        _array(archive, "spans", np.concatenate(spans).astype("<i4"))
        for name, texts in columns.items():
            data = [text.encode("utf-8", "surrogatepass") for text in texts]
            _array(archive, name, np.frombuffer(b"".join(data), np.uint8))
            _array(archive, f"{name}_offsets", _offsets([len(one) for one in data]))
    return len(lengths)


def _header(file: Any, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
    about = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_2_0(file, about)


def _array(archive: zipfile.ZipFile, name: str, array: np.ndarray[Any, Any]) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)


def _offsets(lengths: Sequence[int]) -> np.ndarray[Any, Any]:
    return np.cumsum([0, *lengths], dtype="<i8")
