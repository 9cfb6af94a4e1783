"""Plain JSON lines: each row a query with the documents that answer it.

``query`` and ``positive`` (a text or several; also ``positives``, ``document``, ``documents``) make
a collection of all the texts named, those under ``negative`` or ``negatives`` with them. With
``positive_ids`` instead, the documents stand in ``corpus.jsonl`` beside the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from colmodern.errors import InputError
from colmodern.eval.layouts.collection import Collection, Documents, Qrels
from colmodern.eval.layouts.rows import (
    CollectionRow,
    add_judgment,
    find_rows,
    first_of,
    identifier,
    read_documents,
    read_rows,
    text_of,
)
from colmodern.types import Document

_POSITIVE = ("positive", "positives", "document", "documents")
_NEGATIVE = ("negative", "negatives")
_IDS = ("positive_ids", "positive_id")


def recognises(file: Path) -> bool:
    """Whether it is a file of JSON lines or Parquet rows."""
    return file.is_file() and file.name.endswith((".jsonl", ".jsonl.gz", ".parquet"))


def read(file: Path, split: str | None) -> Collection:
    """Return what the rows say; a positive has grade 1. Equal texts are one document.

    Raises:
        InputError: A row is wrong, or a split is asked for, which a plain file does not have.
    """
    if split is not None:
        raise InputError(
            f"{file} is one file of queries: it has no split {split!r}.", code="split_unknown"
        )
    queries: dict[str, str] = {}
    qrels: Qrels = {}
    texts: dict[str, str] = {}
    by_id = False
    for number, row in enumerate(read_rows([file]), 1):
        query = str(first_of(row, ("_id", "id", "query_id")) or f"q{number}")
        if query in queries:
            raise InputError(f"{row.place}: query id {query!r} comes twice.", code="id_duplicate")
        queries[query] = text_of(row, ("query",))
        ids = _strings(row, _IDS)
        by_id = by_id or bool(ids)
        named = ids or [_id_of(text, texts) for text in _strings(row, _POSITIVE)]
        if not named:
            raise InputError(
                f'{row.place} needs "positive" or "positive_ids" beside "query".',
                code="row_invalid",
            )
        for document in named:
            add_judgment(qrels, query, document, 1, row.place)
        for text in _strings(row, _NEGATIVE):
            _id_of(text, texts)
    if not queries:
        raise InputError(f"{file} holds no query.", code="data_empty")
    if not by_id:
        return Collection(Documents(lambda: _documents(texts)), queries, qrels, "")
    corpus = find_rows(file.parent, "corpus")
    if not corpus or texts:
        raise InputError(
            f"{file} names documents by their ids, all of which must stand in "
            f"{file.parent / 'corpus.jsonl'}[.gz].",
            code="layout_unknown",
        )
    return Collection(read_documents(corpus), queries, qrels, "")


def _documents(texts: dict[str, str]) -> Iterator[Document]:
    for text, name in texts.items():
        yield Document(name, text)


def _id_of(text: str, texts: dict[str, str]) -> str:
    return texts.setdefault(text, f"d{len(texts) + 1}")


def _strings(row: CollectionRow, names: tuple[str, ...]) -> list[str]:
    value = first_of(row, names)
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    if names is _IDS:
        return [
            identifier(CollectionRow(row.place, {"positive_ids": one}), ("positive_ids",))
            for one in values
        ]
    if not all(isinstance(text, str) for text in values):
        raise InputError(
            f'{row.place}: "{names[0]}" must be a text or a list of texts.', code="row_invalid"
        )
    return values
