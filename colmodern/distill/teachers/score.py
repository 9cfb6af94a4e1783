"""How good is every document of every list? The stage ``score``.

A list is a query, one document that answers it and mined ones that may not. Teachers score it;
their scores are scaled to [0, 1] within the list and averaged; what comes too near the answer is
likely one itself and is thrown out.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from colmodern.distill.data.lists import texts as read_texts
from colmodern.distill.data.mine import read_negatives
from colmodern.distill.data.tables import LISTS, read_table, write_table
from colmodern.distill.options.teachers import ScoreRecipe
from colmodern.distill.teachers.scorers import Scorer, make_scorer
from colmodern.errors import InputError
from colmodern.types import Progress

logger = logging.getLogger(__name__)


def score(
    recipe: ScoreRecipe,
    *,
    prepared: Path,
    mined: Path,
    trained: Path | None,
    folder: Path,
    seed: int,
    progress: Progress | None = None,
) -> None:
    """Write ``parts/*.parquet``, every teacher's scores, and ``lists.parquet``, what is kept.

    Args:
        recipe: Who scores, and what is kept.
        prepared: The folder of the stage ``prepare``.
        mined: The folder of the stage ``mine``.
        trained: The cross-encoder of the stage ``teacher``.
        folder: Where the tables go; parts that are there are not redone.
        seed: Decides which lists are drawn, and which positive of several.
        progress: Told how far it is.

    Raises:
        InputError: A teacher gives something that is no number, or no list is left.
    """
    documents = read_texts(prepared / "documents.parquet", "document_id")
    lists = candidate_lists(recipe, prepared=prepared, mined=mined, seed=seed)
    lists.sort(key=lambda entry: entry["source"])  # lists of a part share documents
    scorers: list[Scorer] | None = None
    parts = []
    for number, start in enumerate(range(0, len(lists), recipe.part)):
        path = folder / "parts" / f"part-{number:05}.parquet"
        if not path.exists():
            scorers = scorers or [
                make_scorer(teacher, trained=trained, documents=[*documents.values()])
                for teacher in recipe.teachers
            ]
            rows = lists[start : start + recipe.part]
            write_table(_score_part(recipe, scorers, rows, documents), path)
        parts.append(path)
        if progress is not None:
            progress("score", min(start + recipe.part, len(lists)), len(lists))
    _finish(recipe, parts, folder / "lists.parquet")


def candidate_lists(
    recipe: ScoreRecipe, *, prepared: Path, mined: Path, seed: int, split: str = "train"
) -> list[dict[str, Any]]:
    """Return the lists before scoring: query, text, source and documents, the positive first.

    Raises:
        InputError: No query has a negative.
    """
    negatives = read_negatives(mined)
    columns = ("query_id", "source", "split", "text", "document_ids")
    queries = read_table(prepared / "queries.parquet", columns).to_pylist()
    lists = []
    for query in queries:
        negative_ids = negatives.get(query["query_id"], [])
        if query["split"] != split or not negative_ids:
            continue
        positives = query["document_ids"]
        positive = positives[_number(query["query_id"], seed) % len(positives)]
        lists.append({**query, "document_ids": [positive, *negative_ids][: recipe.n_candidates]})
    if not lists and split == "train":
        raise InputError(
            f"None of {len(queries)} queries has a negative, so there are no lists.",
            code="data_empty",
        )
    lists.sort(key=lambda entry: _number(entry["query_id"], seed))
    return lists[: recipe.limit] if recipe.limit else lists


def combine(scores: Sequence[Sequence[float]], weights: Sequence[float]) -> NDArray[np.float64]:
    """Return the weighted mean of several teachers' scores of one list, each scaled to [0, 1].

    A teacher that gives all documents the same score does not change the order.

    Args:
        scores: Of each teacher, shape (n_teachers, n_documents).
        weights: Of the teachers.
    """
    values = np.asarray(scores, np.float64)
    low, high = values.min(1, keepdims=True), values.max(1, keepdims=True)
    spread = high - low
    scaled = (values - low) / np.where(spread > 0, spread, 1.0)
    counted = np.asarray(weights, np.float64) * (spread[:, 0] > 0)
    if not counted.any():
        return np.zeros(values.shape[1])
    mean: NDArray[np.float64] = counted @ scaled / counted.sum()
    return mean


def keep(scores: NDArray[np.float64], *, margin: float, n_ways: int) -> list[int]:
    """Return which documents of a list stay, the positive (number 0) first.

    Negatives must score at least ``margin`` below the positive; of these the best stay.
    """
    negatives = [number for number in range(1, len(scores)) if scores[number] < scores[0] - margin]
    negatives.sort(key=lambda number: (-scores[number], number))
    return [0, *negatives[: n_ways - 1]]


def refuse_non_finite(
    scores: Iterable[float], *, who: str, query: str, documents: Sequence[str]
) -> None:
    """Refuse scores that are no numbers.

    Raises:
        InputError: One of them is NaN or infinite.
    """
    for value, document in zip(scores, documents, strict=True):
        if not math.isfinite(value):
            raise InputError(
                f"{who} gives {value} for the query {query!r} and the document {document!r}; "
                "a score must be a finite number.",
                code="scores_invalid",
            )


def _score_part(
    recipe: ScoreRecipe,
    scorers: Sequence[Scorer],
    rows: Sequence[Mapping[str, Any]],
    documents: Mapping[str, str],
) -> pa.Table:
    lists = [(row["text"], [documents[name] for name in row["document_ids"]]) for row in rows]
    columns: dict[str, Any] = {
        name: [row[name] for row in rows] for name in ("query_id", "source", "document_ids")
    }
    for teacher, scorer in zip(recipe.teachers, scorers, strict=True):
        scored = scorer.score(lists)
        for row, values in zip(rows, scored, strict=True):
            refuse_non_finite(
                values,
                who=f"The teacher {teacher.key}",
                query=row["query_id"],
                documents=row["document_ids"],
            )
        columns[teacher.key] = scored
    return pa.table(columns)


def _finish(recipe: ScoreRecipe, parts: Sequence[Path], path: Path) -> None:
    weights = [teacher.weight for teacher in recipe.teachers]
    rows, dropped = [], 0
    for part in parts:
        for row in read_table(part, ("query_id",)).to_pylist():
            scores = combine([row[teacher.key] for teacher in recipe.teachers], weights)
            kept = keep(scores, margin=recipe.margin, n_ways=recipe.n_ways)
            dropped += len(kept) < 2
            if len(kept) >= 2:
                rows.append(
                    {
                        "query_id": row["query_id"],
                        "source": row["source"],
                        "document_ids": [row["document_ids"][number] for number in kept],
                        "scores": scores[kept].tolist(),
                    }
                )
    if not rows:
        raise InputError(
            f"No list is left: in all {dropped} the teachers score every negative as high as the "
            f"answer, up to the margin {recipe.margin}. Check the pairs, or lower the margin.",
            code="data_empty",
        )
    logger.info("%d lists, %d thrown out", len(rows), dropped)
    write_table(pa.Table.from_pylist(rows, LISTS), path)


def _number(name: str, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest(), "big")
