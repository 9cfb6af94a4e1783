"""How are rows of JSON, Parquet and tab-separated files read, and what is said of a bad one?"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from colmodern.errors import InputError
from colmodern.eval.layouts.collection import Documents, Qrels
from colmodern.types import Document

_BATCH_ROWS = 256


class CollectionRow(NamedTuple):
    """One row, and where it stands (``FILE, line 3``)."""

    place: str
    values: Mapping[str, Any]


class FieldNames(NamedTuple):
    """Names under which the parts of a document or a query may stand; the first one wins."""

    id: Sequence[str] = ("_id", "id")
    text: Sequence[str] = ("text",)
    title: Sequence[str] = ("title",)


def find_rows(folder: Path, stem: str) -> list[Path]:
    """Return the row files of that name: ``STEM.jsonl``, with ``.gz``, or Parquet in shards."""
    for name in (f"{stem}.jsonl", f"{stem}.jsonl.gz", f"{stem}.parquet"):
        if (folder / name).is_file():
            return [folder / name]
    for pattern in (
        f"{stem}-*.parquet",
        f"{stem}/*.parquet",
        f"{stem}/*.jsonl",
        f"{stem}/*.jsonl.gz",
    ):
        found = sorted(folder.glob(pattern))
        if found:
            return found
    return []


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield lines of a text file, gzip or not, with their numbers from 1.

    Raises:
        InputError: The file cannot be read.
    """
    opener = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rt", encoding="utf-8-sig") as lines:
            yield from enumerate(lines, 1)
    except UnicodeDecodeError as err:
        raise InputError(f"{file} is not UTF-8 text: {err}.", code="file_unreadable") from err
    except (OSError, EOFError, zlib.error) as err:
        raise InputError(f"Cannot read {file}: {err}.", code="file_unreadable") from err


def read_rows(files: Iterable[Path]) -> Iterator[CollectionRow]:
    """Yield the rows of JSON lines or Parquet files, one file after the other.

    Raises:
        InputError: A file cannot be read, or a line is no JSON object.
    """
    for file in files:
        if file.suffix == ".parquet":
            yield from _read_parquet(file)
            continue
        for number, line in read_lines(file):
            if line.strip():
                place = f"{file}, line {number}"
                yield CollectionRow(place, _json_object(line, place))


def read_documents(files: Sequence[Path], names: FieldNames = FieldNames()) -> Documents:  # noqa: B008
    """Return the documents in row files, to be read when they are wanted."""

    def read() -> Iterator[Document]:
        for row in read_rows(files):
            title = first_of(row, names.title)
            yield Document(
                identifier(row, names.id),
                text_of(row, names.text, names.id),
                "" if title is None else str(title),
            )

    return Documents(read)


def read_queries(files: Sequence[Path], names: FieldNames) -> dict[str, str]:
    """Return the queries in row files by their ids.

    Raises:
        InputError: A row is no query, an id comes twice, or there is none.
    """
    queries: dict[str, str] = {}
    for row in read_rows(files):
        name = identifier(row, names.id)
        if name in queries:
            raise InputError(f"{row.place}: query id {name!r} comes twice.", code="id_duplicate")
        queries[name] = text_of(row, names.text, names.id)
    if not queries:
        raise InputError(f"{files[0]} holds no query.", code="data_empty")
    return queries


def add_judgment(qrels: Qrels, query: str, document: str, grade: Any, place: str) -> None:
    """Add one judgment.

    Raises:
        InputError: An id is empty, the grade is no whole number, or another one was given before.
    """
    if not query.strip() or not document.strip():
        which = "document" if query.strip() else "query"
        raise InputError(f"{place}: the id of the {which} is empty.", code="row_invalid")
    try:
        value = float(grade)
    except (OverflowError, TypeError, ValueError) as err:
        raise InputError(
            f"{place}: the grade {grade!r:.80} is no whole number.", code="row_invalid"
        ) from err
    if not value.is_integer():
        raise InputError(f"{place}: the grade {grade!r} is no whole number.", code="row_invalid")
    number = int(value)
    if qrels.setdefault(query, {}).setdefault(document, number) != number:
        raise InputError(
            f"{place}: query {query!r} and document {document!r} have two grades.",
            code="judgments_invalid",
        )


def read_judgments(files: Sequence[Path], query: Sequence[str], document: Sequence[str]) -> Qrels:
    """Return the judgments in row files; a row without ``score`` has grade 1.

    Raises:
        InputError: A row is no judgment, or there is none.
    """
    qrels: Qrels = {}
    for row in read_rows(files):
        grade = first_of(row, ("score", "relevance"))
        add_judgment(
            qrels,
            identifier(row, query),
            identifier(row, document),
            1 if grade is None else grade,
            row.place,
        )
    if not qrels:
        raise InputError(f"{files[0]} holds no judgment.", code="data_empty")
    return qrels


def first_of(row: CollectionRow, names: Sequence[str]) -> Any:
    """Return the first of some fields that is there and not null, or None."""
    return next((row.values[name] for name in names if row.values.get(name) is not None), None)


def identifier(row: CollectionRow, names: Sequence[str]) -> str:
    """Return the id of a row.

    Raises:
        InputError: It has none.
    """
    value = first_of(row, names)
    if value is None or not str(value).strip():
        raise InputError(
            f"{row.place} needs {_quoted(names)}; it has {_there(row)}.", code="row_invalid"
        )
    return str(value)


def text_of(row: CollectionRow, names: Sequence[str], ids: Sequence[str] = ()) -> str:
    """Return the text of a row; it may be empty.

    Raises:
        InputError: It has none, or something else than text.
    """
    value = first_of(row, names)
    if not isinstance(value, str):
        needs = " and ".join(_quoted(group) for group in (ids, names) if group)
        raise InputError(f"{row.place} needs {needs}; it has {_there(row)}.", code="row_invalid")
    return value


def _quoted(names: Sequence[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)


def _there(row: CollectionRow) -> str:
    return ", ".join(sorted(map(str, row.values))) or "no field"


def _json_object(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except RecursionError as err:
        raise InputError(f"{place} is nested too deeply.", code="row_invalid") from err
    except ValueError as err:
        raise InputError(f"{place} is not JSON: {err}.", code="row_invalid") from err
    if not isinstance(row, dict):
        raise InputError(f"{place} is no JSON object.", code="row_invalid")
    return row


def _read_parquet(file: Path) -> Iterator[CollectionRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(file) as rows:
            for batch in rows.iter_batches(_BATCH_ROWS):
                for values in batch.to_pylist():
                    number += 1
                    yield CollectionRow(f"{file}, row {number}", values)
    except (OSError, pa.ArrowException) as err:
        raise InputError(f"Cannot read {file}: {err}.", code="file_unreadable") from err
