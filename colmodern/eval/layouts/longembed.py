"""LongEmbed (Zhu et al., 2024): ``corpus``, ``queries`` and ``qrels`` as JSON lines or Parquet.

One task's folder of the published dataset: rows with ``doc_id``, ``qid`` and ``text``. Two of its
tasks (needle, passkey) hold a collection for each context length: their splits are ``test_256`` to
``test_32768``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from colmodern.errors import InputError
from colmodern.eval.layouts.collection import Collection, Documents, Qrels, choose_split
from colmodern.eval.layouts.rows import (
    CollectionRow,
    add_judgment,
    find_rows,
    first_of,
    identifier,
    read_rows,
    text_of,
)
from colmodern.types import Document

_STEMS = ("corpus", "queries", "qrels")
_DOCUMENT = ("doc_id",)
_QUERY = ("qid",)


def recognises(folder: Path) -> bool:
    """Whether a folder looks like this layout."""
    if not all(find_rows(folder, stem) for stem in _STEMS):
        return False
    row = next(read_rows(find_rows(folder, "qrels")), None)
    return row is not None and "qid" in row.values and "doc_id" in row.values


def read(folder: Path, split: str | None) -> Collection:
    """Return what lies in the folder; every judgment has grade 1.

    Raises:
        InputError: A row is wrong, or a context length has to be chosen.
    """
    rows = list(read_rows(find_rows(folder, "qrels")))
    lengths = {_split_of(row): row.values.get("context_length") for row in rows}
    if split is None and len(lengths) > 1:
        raise InputError(
            f"{folder} holds a collection for each context length; choose a split: "
            f"{', '.join(sorted(lengths))}.",
            code="split_unknown",
        )
    name, length = choose_split(lengths, split, folder)
    qrels: Qrels = {}
    for row in rows:
        if row.values.get("context_length") == length:
            grade = first_of(row, ("score",))
            query, document = identifier(row, _QUERY), identifier(row, _DOCUMENT)
            add_judgment(qrels, query, document, 1 if grade is None else grade, row.place)
    queries: dict[str, str] = {}
    for row in _rows(folder, "queries", length):
        query = identifier(row, _QUERY)
        if query in queries:
            raise InputError(f"{row.place}: query id {query!r} comes twice.", code="id_duplicate")
        queries[query] = text_of(row, ("text",), _QUERY)

    def documents() -> Iterator[Document]:
        for row in _rows(folder, "corpus", length):
            yield Document(identifier(row, _DOCUMENT), text_of(row, ("text",), _DOCUMENT))

    return Collection(Documents(documents), queries, qrels, name)


def _rows(folder: Path, stem: str, length: object) -> Iterator[CollectionRow]:
    for row in read_rows(find_rows(folder, stem)):
        if row.values.get("context_length") == length:
            yield row


def _split_of(row: CollectionRow) -> str:
    length = row.values.get("context_length")
    return "test" if length is None else f"test_{length}"
