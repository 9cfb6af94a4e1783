"""What did another engine find? Its TREC run file says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unicodedata import normalize

from colmodern.errors import InputError
from colmodern.eval.layouts.rows import read_lines
from colmodern.eval.systems.quotes import quoted
from colmodern.eval.systems.system import Answer, Built
from colmodern.types import Document, Progress


class RunFile:
    """A TREC run: ``query-id Q0 document-id rank score name`` lines, in any order, gzip or not.

    Scores decide the order, as in trec_eval.
    """

    def __init__(self, path: str | Path) -> None:
        """Read a run.

        Raises:
            InputError: The file cannot be read, or a line is no hit.
        """
        self._path = Path(path)
        self._rankings, self._name = _read(self._path)

    @property
    def name(self) -> str:
        """The name that stands in the run."""
        return self._name

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again."""
        return f"run:{quoted(str(self._path.resolve()))}"

    @property
    def options(self) -> Mapping[str, Any]:
        """The file."""
        return {"run": str(self._path)}

    def index(
        self,
        documents: Iterable[Document],  # noqa: ARG002
        folder: Path,  # noqa: ARG002
        *,
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Built:
        """Index nothing: the other engine did."""
        return Built()

    def search(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Yield what the run says of each query.

        Raises:
            InputError: The run knows none of the queries.
        """
        if not any(query in self._rankings for query in queries):
            first = next(iter(self._rankings))
            raise InputError(
                f"The run {self._path} answers none of the collection's queries; its first is "
                f"{first!r}.",
                code="collection_mismatch",
            )
        for query in queries:
            yield Answer(tuple(self._rankings.get(query, ())[:k]))

    def close(self) -> None:
        """Do nothing."""


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _read(path: Path) -> tuple[dict[str, list[tuple[str, float]]], str]:
    rankings: dict[str, dict[str, float]] = {}
    name = path.name
    for number, line in read_lines(path):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 6 or not _is_number(fields[4]):
            raise InputError(
                f"{path}, line {number}: a line of a run is query, Q0, document, rank, score, "
                "name.",
                code="row_invalid",
            )
        query, _, document, _, score, name = fields
        query, document = normalize("NFC", query), normalize("NFC", document)
        value = float(score)
        hits = rankings.setdefault(query, {})
        if document in hits:
            raise InputError(
                f"{path}, line {number}: query {query!r} has document {document!r} twice.",
                code="id_duplicate",
            )
        hits[document] = value
    if not rankings:
        raise InputError(f"The run {path} holds no hit.", code="data_empty")
    ordered = {
        query: sorted(hits.items(), key=lambda hit: -hit[1]) for query, hits in rankings.items()
    }
    return ordered, name
