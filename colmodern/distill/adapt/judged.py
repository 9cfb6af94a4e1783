"""Which queries are known to be answered by which documents? Rows of JSON of the user's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from colmodern.errors import InputError


def read_judged(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Return queries with the ids of the documents that answer each.

    Args:
        path: Rows with ``query`` and ``id``, or ``ids``.

    Raises:
        InputError: The file cannot be read, holds no query, or a row is none.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as err:
        raise InputError(f"{path} is not UTF-8 text: {err}.", code="file_unreadable") from err
    except OSError as err:
        is_missing = isinstance(err, FileNotFoundError)
        raise InputError(
            f"Cannot read the queries in {path}: {err.strerror or err}.",
            code="file_not_found" if is_missing else "file_unreadable",
            path=path,
        ) from err
    found = list(_rows(text, path))
    if not found:
        raise InputError(f"{path} holds no query.", code="data_empty", path=path)
    return found


def _rows(text: str, path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as err:
            raise _no_row(path, number, "is not JSON") from err
        if not isinstance(row, dict):
            raise _no_row(path, number, "is no JSON object")
        query = row.get("query")
        ids = row.get("ids", [row.get("id")])
        is_sound = isinstance(ids, list) and ids and all(isinstance(one, str) for one in ids)
        if not isinstance(query, str) or not is_sound:
            raise _no_row(path, number, 'needs "query", a text, and "id" or "ids", texts')
        if query.strip():
            yield query, tuple(dict.fromkeys(ids))


def _no_row(path: Path, number: int, why: str) -> InputError:
    return InputError(f"{path}, line {number} {why}.", code="row_invalid", path=path)
