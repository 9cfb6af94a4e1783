"""How good did the student become, and what did each stage bring? The stage ``evaluate``."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from colmodern.distill.ledger import write_json
from colmodern.distill.options.data import PrepareRecipe
from colmodern.distill.options.release import EvaluateRecipe
from colmodern.distill.training.dev import DEV_MEASURE, dev_collection
from colmodern.eval import Dataset, evaluate
from colmodern.eval.systems.quotes import quoted
from colmodern.types import Progress

logger = logging.getLogger(__name__)

MEASURE = "nDCG@10"
STUDENT = "student"


def measure(
    recipe: EvaluateRecipe,
    prepare: PrepareRecipe,
    *,
    students: Mapping[str, Path],
    prepared: Path,
    data: Path,
    folder: Path,
    progress: Progress | None = None,
) -> None:
    """Write ``report.json`` and ``report.md``: nDCG@10 of every student and system.

    Args:
        recipe: What is measured.
        prepare: How the dev queries were put aside.
        students: Checkpoints by what to call them, in their order; the last is the result.
        prepared: The folder of the stage ``prepare``.
        data: Where the collections lie.
        folder: Where the reports go; indexes lie in ``work`` meanwhile.
        progress: Told how far it is.

    Raises:
        InputError: A collection cannot be read.
    """
    collections = {DEV_MEASURE.partition(" ")[0]: _dev(prepare, prepared)}
    for entry in recipe.collections:
        dataset = Dataset.load(data / entry.path, entry.split or None)
        collections[Path(entry.path).name] = dataset
    chosen = dict(students) if recipe.every_stage else dict([[*students.items()][-1]])
    rows: dict[str, dict[str, float]] = {}
    for name, spec in _systems(recipe, chosen).items():
        rows[name] = {
            collection: _value(spec, dataset, folder / "work", progress)
            for collection, dataset in collections.items()
            if dataset is not None
        }
        logger.info("%s: %s", name, rows[name])
    write_json(folder / "report.json", {"measure": MEASURE, "rows": rows})
    (folder / "report.md").write_text(table(rows), encoding="utf-8")


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """Return rows of figures as a table in Markdown, with their mean."""
    columns = list(next(iter(rows.values()), {}))
    lines = [f"| {MEASURE} | {' | '.join([*columns, 'mean'])} |", "|---" * (len(columns) + 2) + "|"]
    for name, values in rows.items():
        mean = sum(values.values()) / len(values) if values else 0.0
        cells = [f"{value:.4f}" for value in [*values.values(), mean]]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _systems(recipe: EvaluateRecipe, students: Mapping[str, Path]) -> dict[str, str]:
    """Return what is measured: the spec of a system by what to call it."""
    specs: dict[str, str] = {}
    for system in recipe.systems:
        if system.partition(":")[0] == STUDENT:
            options = system.partition(":")[2]
            search = f"late:{options}," if options else "late:"
            specs |= {name: f"{search}model={quoted(str(path))}" for name, path in students.items()}
        else:
            specs[system] = system
    return specs


def _dev(prepare: PrepareRecipe, prepared: Path) -> Dataset | None:
    if not (prepared / "queries.parquet").exists():
        return None
    queries, documents, relevant = dev_collection(prepare, prepared)
    if not queries:
        return None
    qrels = {query: dict.fromkeys(answers, 1) for query, answers in relevant.items()}
    return Dataset.of(documents.items(), queries, qrels, name="dev")


def _value(spec: str, dataset: Any, work: Path, progress: Progress | None) -> float:
    report = evaluate(spec, dataset, [MEASURE], work=work, progress=progress)
    return round(float(report.measures[MEASURE]), 5)


def read_rows(path: Path) -> Sequence[tuple[str, Mapping[str, float]]]:
    """Return the figures of ``report.json``, in their order."""
    import json

    return [*json.loads(path.read_text(encoding="utf-8"))["rows"].items()]
