"""Which queries are in a file? Rows of JSON with an id and a text; gzip allowed."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

from colmodern.errors import InputError


def read_queries(
    path: str | Path, *, problem: Callable[[str], None] | None = None
) -> dict[str, str]:
    """Return the queries of a file by their ids, in the order of the file.

    Args:
        path: A file of JSON rows with ``_id`` (or ``id``) and ``text`` (or ``query``).
        problem: Called with a sentence for each row that is no query, which is then left out;
            None: such a row is an error.

    Raises:
        InputError: The file cannot be read, a row is no query, or an id comes twice.
    """
    file = Path(path)
    opener = gzip.open if file.suffix == ".gz" else open
    queries: dict[str, str] = {}
    try:
        with opener(file, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    try:
                        _add(queries, line, f"{file}, line {number}")
                    except InputError as err:
                        if problem is None:
                            raise
                        problem(str(err))
    except UnicodeDecodeError as err:
        raise InputError(f"{file} is not UTF-8 text: {err}.", code="file_unreadable") from err
    except (OSError, EOFError, zlib.error) as err:
        is_missing = isinstance(err, FileNotFoundError)
        raise InputError(
            f"Cannot read the queries in {file}: {err}.",
            code="file_not_found" if is_missing else "file_unreadable",
        ) from err
    if not queries:
        raise InputError(f"{file} holds no query.", code="data_empty")
    return queries


def _add(queries: dict[str, str], line: str, place: str) -> None:
    identifier, text = _query(line, place)
    if identifier in queries:
        raise InputError(f"{place}: id {identifier!r} comes twice.", code="id_duplicate")
    queries[identifier] = text


def _query(line: str, place: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
    except RecursionError as err:
        raise InputError(f"{place} is nested too deeply.", code="row_invalid") from err
    except ValueError as err:
        raise InputError(f"{place} is not JSON: {err}.", code="row_invalid") from err
    if not isinstance(row, dict):
        raise InputError(f"{place} is no JSON object.", code="row_invalid")
    identifier = row.get("_id") if row.get("_id") is not None else row.get("id")
    text = row.get("text", row.get("query"))
    if identifier is None or not isinstance(text, str):
        there = ", ".join(sorted(row)) or "no field"
        named = "" if identifier is None else f", query {str(identifier)!r},"
        raise InputError(
            f'{place}{named} needs "_id" and "text"; it has {there}.', code="row_invalid"
        )
    return normalize("NFC", str(identifier)), text
