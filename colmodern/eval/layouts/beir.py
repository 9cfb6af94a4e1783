"""BEIR: ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/SPLIT.tsv`` (or ``.jsonl``, as MTEB's)."""

from __future__ import annotations

from pathlib import Path

from colmodern.errors import InputError
from colmodern.eval.layouts.collection import Collection, choose_split
from colmodern.eval.layouts.judgments import read_qrels
from colmodern.eval.layouts.rows import (
    FieldNames,
    find_rows,
    read_documents,
    read_judgments,
    read_queries,
)

_QUERY_FIELDS = FieldNames(id=("_id", "id"), text=("text", "query"))


def recognises(folder: Path) -> bool:
    """Whether a folder looks like this layout."""
    return (folder / "qrels").is_dir() and any(_judgment_files(folder))


def read(folder: Path, split: str | None) -> Collection:
    """Return what lies in the folder.

    Raises:
        InputError: A file is missing or wrong; the sentence says which and what is there.
    """
    corpus, queries = _rows(folder, "corpus"), _rows(folder, "queries")
    texts = read_queries(queries, _QUERY_FIELDS)
    name, file = choose_split(_judgment_files(folder), split, folder / "qrels")
    qrels = (
        read_qrels(file)
        if file.suffix == ".tsv"
        else read_judgments([file], ("query-id",), ("corpus-id",))
    )
    return Collection(read_documents(corpus), texts, qrels, name)


def _judgment_files(folder: Path) -> dict[str, Path]:
    found = sorted((folder / "qrels").glob("*.jsonl")) + sorted((folder / "qrels").glob("*.tsv"))
    return {file.stem: file for file in found}


def _rows(folder: Path, stem: str) -> list[Path]:
    found = find_rows(folder, stem)
    if not found:
        raise InputError(
            f"{folder} is no collection in BEIR's layout: it has no {stem}.jsonl[.gz].",
            code="layout_unknown",
        )
    return found
