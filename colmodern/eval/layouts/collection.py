"""What does a layout find in a folder? Documents to be read, queries and judgments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, TypeVar
from unicodedata import normalize

from colmodern.errors import InputError
from colmodern.types import Document

Qrels: TypeAlias = dict[str, dict[str, int]]
T = TypeVar("T")

# Which judgments are meant when nobody says: those that results are published on.
_SPLITS = ("test", "dev", "validation", "valid")


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents that can be read again and again, never all in memory.

    Attributes:
        read: Starts a new pass over them.
    """

    read: Callable[[], Iterator[Document]]

    def __iter__(self) -> Iterator[Document]:
        """Start a new pass."""
        return self.read()


@dataclass(frozen=True, slots=True)
class Collection:
    """What lay in a folder, as it lay there; ``Dataset`` checks it.

    Attributes:
        documents: All documents.
        queries: Text by query id: all queries, judged or not.
        qrels: For every query id, the grade of each judged document.
        split: The name of the judgments; empty if they have none.
    """

    documents: Documents
    queries: dict[str, str]
    qrels: Qrels
    split: str


def composed(collection: Collection, where: str) -> Collection:
    """Return a collection with all its ids in Unicode's composed form (NFC).

    Raises:
        InputError: Two queries have the same id then, or a query has none.
    """
    queries: dict[str, str] = {}
    for query, text in collection.queries.items():
        name = normalize("NFC", query)
        if not name.strip():
            raise InputError(f"{where}: a query has an empty id: {text!r:.60}.", code="row_invalid")
        if name in queries:
            raise InputError(f"{where}: query id {name!r} comes twice.", code="id_duplicate")
        queries[name] = text
    qrels: Qrels = {}
    for query, grades in collection.qrels.items():
        known = qrels.setdefault(normalize("NFC", query), {})
        known |= {normalize("NFC", document): grade for document, grade in grades.items()}

    def documents() -> Iterator[Document]:
        for document in collection.documents:
            name = normalize("NFC", document.id)
            yield document if name == document.id else replace(document, id=name)

    return Collection(Documents(documents), queries, qrels, collection.split)


def choose_split(found: Mapping[str, T], split: str | None, where: Path) -> tuple[str, T]:
    """Return the name and the value of the judgments to take.

    Args:
        found: What there is, by name.
        split: What is wanted; None takes the only one, else ``test``, else ``dev``.
        where: Where they lie, for the sentence.

    Raises:
        InputError: They are not there; those that are there are named.
    """
    if split is None and len(found) == 1:
        return next(iter(found.items()))
    for name in _SPLITS if split is None else (split,):
        if name in found:
            return name, found[name]
    there = ", ".join(sorted(found)) or "none"
    wanted = f"{split!r} " if split else ""
    raise InputError(
        f"No judgments {wanted}in {where}; the splits there are: {there}.", code="split_unknown"
    )
