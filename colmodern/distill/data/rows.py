"""What do the rows of a source say? Reading jsonl, fields and judgments, with errors that help."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from colmodern.errors import InputError


def find_files(pattern: str, data: Path) -> list[Path]:
    """Return the files that match a glob below the data folder, sorted.

    Raises:
        InputError: There are none.
    """
    files = sorted(data.glob(pattern))
    if not files:
        raise InputError(
            f"No file matches {pattern!r} below {data}; check --data.", code="file_not_found"
        )
    return files


def read_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a jsonl file, gzip allowed.

    Raises:
        InputError: The file is missing or cut short, or a line is no JSON object.
    """
    opener = gzip.open if file.suffix == ".gz" else open
    number = 0
    try:
        with opener(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise InputError(
                        f"{file}, line {number} is no JSON object: {line[:60]!r}.",
                        code="row_invalid",
                    )
                yield row
    except json.JSONDecodeError as err:
        raise InputError(f"{file}, line {number} is not JSON: {err}.", code="row_invalid") from err
    except (OSError, EOFError, UnicodeDecodeError) as err:
        reason = getattr(err, "strerror", None) or err
        raise InputError(
            f"{file} cannot be read after line {number}: {reason}. If it was downloaded, the "
            "download may have been interrupted: fetch it again.",
            code="file_unreadable",
        ) from err


def text_of(row: dict[str, Any], fields: str, file: Path) -> str:
    """Return the text of one field, or of several joined by ``+``; missing titles are empty.

    Raises:
        InputError: The row lacks a field, or it holds no text.
    """
    parts = fields.split("+")
    for part in parts:
        if part not in row:
            raise InputError(
                f"A row of {file} has no field {part!r}, only {sorted(row)}.", code="row_invalid"
            )
        if not isinstance(row[part], str):
            raise InputError(
                f"A row of {file} has no text in {part!r} but {row[part]!r}.", code="row_invalid"
            )
    return " ".join(row[part] for part in parts).strip()


def read_judgments(file: Path) -> list[tuple[str, str]]:
    """Return pairs of query id and document id with a grade above 0, from a tsv with a header.

    Raises:
        InputError: The file is missing, or a line has no three columns.
    """
    pairs = []
    for number, columns in _tsv(file):
        if len(columns) != 3:
            raise InputError(
                f"{file}, line {number} has {len(columns)} columns, not 3.", code="row_invalid"
            )
        if columns[2].strip().isdecimal() and int(columns[2]) > 0:
            pairs.append((columns[0], columns[1]))
    return pairs


def read_column(file: Path, column: int) -> set[str]:
    """Return one column of a tsv with a header.

    Raises:
        InputError: The file is missing, or a line is too short.
    """
    values = set()
    for number, columns in _tsv(file):
        if column >= len(columns):
            raise InputError(f"{file}, line {number} has no column {column}.", code="row_invalid")
        values.add(columns[column])
    return values


def normal(text: str) -> str:
    """Return a text for comparison: lower case, single spaces."""
    return " ".join(text.lower().split())


def _tsv(file: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(
            f"Cannot read {file}: {getattr(err, 'strerror', None) or err}; check --data.",
            code="file_not_found" if isinstance(err, FileNotFoundError) else "file_unreadable",
        ) from err
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            yield number, line.split("\t")
