"""MLDR: ``corpus.jsonl`` and ``SPLIT.jsonl`` with each query's positive passages, gzip or not.

One language's folder of the dataset published with BGE M3-Embedding (Chen et al., 2024).
"""

from __future__ import annotations

from pathlib import Path

from colmodern.errors import InputError
from colmodern.eval.layouts.collection import Collection, Qrels, choose_split
from colmodern.eval.layouts.rows import (
    FieldNames,
    add_judgment,
    find_rows,
    identifier,
    read_documents,
    read_rows,
    text_of,
)

_SPLITS = ("test", "dev", "train")


def recognises(folder: Path) -> bool:
    """Whether a folder looks like this layout."""
    return bool(find_rows(folder, "corpus") and _split_files(folder))


def read(folder: Path, split: str | None) -> Collection:
    """Return what lies in the folder; a positive passage has grade 1.

    Raises:
        InputError: A file is missing or a row is wrong.
    """
    name, files = choose_split(_split_files(folder), split, folder)
    queries: dict[str, str] = {}
    qrels: Qrels = {}
    for row in read_rows(files):
        query = identifier(row, ("query_id",))
        if query in queries:
            raise InputError(f"{row.place}: query id {query!r} comes twice.", code="id_duplicate")
        queries[query] = text_of(row, ("query",), ("query_id",))
        passages = row.values.get("positive_passages")
        if not isinstance(passages, list) or not all(isinstance(p, dict) for p in passages):
            raise InputError(
                f'{row.place} needs "positive_passages", a list of objects.', code="row_invalid"
            )
        for passage in passages:
            if passage.get("docid") is None:
                raise InputError(
                    f'{row.place}: a positive passage has no "docid".', code="row_invalid"
                )
            add_judgment(qrels, query, str(passage["docid"]), 1, row.place)
    if not qrels:
        raise InputError(f"{files[0]} holds no judgment.", code="data_empty")
    documents = read_documents(find_rows(folder, "corpus"), FieldNames(id=("docid",)))
    return Collection(documents, queries, qrels, name)


def _split_files(folder: Path) -> dict[str, list[Path]]:
    found = {split: find_rows(folder, split) for split in _SPLITS}
    return {split: files for split, files in found.items() if files}
