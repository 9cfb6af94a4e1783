"""Which rows does a phase of training use, in which order?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.distill.data.tables import read_table
from colmodern.distill.options.training import Phase
from colmodern.errors import InputError


@dataclass(frozen=True, slots=True)
class Lists:
    """Scored lists with their texts.

    Attributes:
        queries: Text by id.
        documents: Text by id.
        rows: Query id, document ids (the positive first) and scores of each list.
        sources: The source of each list.
    """

    queries: dict[str, str]
    documents: dict[str, str]
    rows: list[tuple[str, list[str], list[float]]]
    sources: list[str]

    @classmethod
    def read(cls, lists: Path, queries: Path, documents: Path) -> Lists:
        """Read the tables of the stages ``score`` and ``prepare``.

        Raises:
            InputError: A file cannot be read, or a list names what does not exist.
        """
        table = read_table(lists, ("query_id", "source", "document_ids", "scores"))
        rows = list(
            zip(
                table.column("query_id").to_pylist(),
                table.column("document_ids").to_pylist(),
                table.column("scores").to_pylist(),
                strict=True,
            )
        )
        return cls(
            texts(queries, "query_id"),
            texts(documents, "document_id"),
            rows,
            table.column("source").to_pylist(),
        )


def texts(path: Path, key: str) -> dict[str, str]:
    """Return the texts of a table by their ids."""
    table = read_table(path, (key, "text"))
    return dict(zip(table.column(key).to_pylist(), table.column("text").to_pylist(), strict=True))


class PhaseRows:
    """The rows of a phase, resolved to texts when a batch is read; picklable."""

    def __init__(self, lists: Lists, phase: Phase, *, long_sources: Sequence[str]) -> None:
        """Choose the lists that a phase is for, and are long enough for it.

        Raises:
            InputError: There are none.
        """
        wanted = [
            row
            for row, source in zip(lists.rows, lists.sources, strict=True)
            if (source in long_sources) is phase.long
        ]
        self.rows = [row for row in wanted if len(row[1]) >= phase.n_ways]
        if not self.rows:
            raise InputError(
                f"The phase {phase.name!r} finds no list of {phase.n_ways} documents: of "
                f"{len(lists.rows)} lists {len(wanted)} are of its sources"
                f" ({'long' if phase.long else 'not long'}), and the longest of them has "
                f"{max((len(row[1]) for row in wanted), default=0)}.",
                code="data_empty",
            )
        self._lists = lists
        self._n_ways = phase.n_ways

    def order(self, n: int, *, rows_a_document: int, seed: int) -> np.ndarray:
        """Return ``n`` row numbers: all rows shuffled, again and again, partners side by side."""
        parts: list[np.ndarray] = []
        epoch = total = 0
        while total < n:
            rng = np.random.default_rng([seed, epoch])
            parts.append(self._epoch(rng, rows_a_document))
            total += len(parts[-1])
            epoch += 1
        return np.concatenate(parts)[:n]

    def _epoch(self, rng: np.random.Generator, rows_a_document: int) -> np.ndarray:
        order = rng.permutation(len(self.rows))
        if rows_a_document == 1:
            return order
        groups: dict[str, list[int]] = {}
        for row in order.tolist():
            groups.setdefault(self.rows[row][1][0], []).append(row)
        cut = [
            group[start : start + rows_a_document]
            for group in groups.values()
            for start in range(0, len(group), rows_a_document)
        ]
        return np.concatenate([cut[index] for index in rng.permutation(len(cut))]).astype(np.int64)

    def __call__(self, batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        """Return the columns of a batch of row numbers: query, documents, scores."""
        rows = [self.rows[number] for number in batch["row"]]
        columns: dict[str, list[Any]] = {"query": [self._lists.queries[row[0]] for row in rows]}
        for way in range(self._n_ways):
            columns[f"document_{way + 1}"] = [self._lists.documents[row[1][way]] for row in rows]
        columns["scores"] = [row[2][: self._n_ways] for row in rows]
        return columns
