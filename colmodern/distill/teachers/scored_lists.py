"""How do lists that somebody has scored already come in? Three Parquet files, checked.

The form of PyLate and of sentence-transformers' ``resolve_ids``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from colmodern.distill.data.tables import DOCUMENTS, LISTS, QUERIES, read_table, write_table
from colmodern.distill.options.data import ScoredLists
from colmodern.distill.teachers.score import refuse_non_finite
from colmodern.errors import InputError

SOURCE = "scored_lists"


def take_lists(names: ScoredLists, *, data: Path, folder: Path) -> None:
    """Write ``queries.parquet``, ``documents.parquet`` and ``lists.parquet``.

    Raises:
        InputError: A file cannot be read, is empty, or a list has one document, a score that is no
            number, or an id that nobody knows.
    """
    queries = _texts(data / names.queries, "query_id", "query")
    documents = _texts(data / names.documents, "document_id", "document")
    path = data / names.lists
    lists = read_table(path, ("query_id", "document_ids", "scores"))
    if not lists.num_rows:
        raise InputError(f"{path} is empty: there is no list to train on.", code="data_empty")
    rows = [
        _checked(row, queries, documents, path, names.first_is_positive)
        for row in lists.select(["query_id", "document_ids", "scores"]).to_pylist()
    ]
    positives: dict[str, list[str]] = {}
    for row in rows:
        positives.setdefault(row["query_id"], []).append(row["document_ids"][0])
    common = {"source": SOURCE, "split": "train"}
    write_table(
        pa.Table.from_pylist(
            [
                {"query_id": name, "text": queries[name], "document_ids": found, **common}
                for name, found in positives.items()
            ],
            QUERIES,
        ),
        folder / "queries.parquet",
    )
    write_table(
        pa.Table.from_pylist(
            [{"document_id": name, "text": text, **common} for name, text in documents.items()],
            DOCUMENTS,
        ),
        folder / "documents.parquet",
    )
    write_table(pa.Table.from_pylist(rows, LISTS), folder / "lists.parquet")


def _checked(
    row: dict[str, Any],
    queries: dict[str, str],
    documents: dict[str, str],
    path: Path,
    first_is_positive: bool,
) -> dict[str, Any]:
    query, names, scores = str(row["query_id"]), list(map(str, row["document_ids"])), row["scores"]
    where = f"{path}, query {query!r}"
    if query not in queries:
        raise InputError(f"{where}: there is no such query.", code="row_invalid")
    if len(names) != len(scores):
        raise InputError(
            f"{where}: {len(names)} documents, but {len(scores)} scores.", code="row_invalid"
        )
    if len(names) < 2:
        raise InputError(
            f"{where}: a list of {len(names)} document teaches nothing; give two.",
            code="row_invalid",
        )
    missing = next((name for name in names if name not in documents), None)
    if missing is not None:
        raise InputError(f"{where}: there is no document {missing!r}.", code="row_invalid")
    refuse_non_finite(
        (float("nan") if score is None else score for score in scores),
        who=str(path),
        query=query,
        documents=names,
    )
    order = list(range(len(names)))
    if not first_is_positive:
        order.sort(key=lambda number: -scores[number])
    return {
        "query_id": query,
        "source": SOURCE,
        "document_ids": [names[number] for number in order],
        "scores": [scores[number] for number in order],
    }


def _texts(path: Path, key: str, column: str) -> dict[str, str]:
    table = read_table(path, (key,))
    name = "text" if "text" in table.column_names else column
    table = read_table(path, (key, name))
    texts = dict(
        zip(map(str, table.column(key).to_pylist()), table.column(name).to_pylist(), strict=True)
    )
    if not texts:
        raise InputError(f"{path} is empty: there is no text in it.", code="data_empty")
    return texts
