"""How did training go? Losses, learning rate and dev nDCG by step, as CSV and as a picture."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from colmodern.distill.training.dev import DEV_MEASURE

CurvePoint: TypeAlias = dict[str, float | int | None]

COLUMNS = ("step", "loss", "kl", "contrastive", "regulariser", "learning_rate", DEV_MEASURE)


def curve_rows(history: Iterable[Mapping[str, Any]]) -> list[CurvePoint]:
    """Return a row for each logged step of a trainer's history, with what was measured there."""
    rows: dict[int, CurvePoint] = {}
    for entry in history:
        row = rows.setdefault(int(entry["step"]), dict.fromkeys(COLUMNS))
        row["step"] = int(entry["step"])
        for name in COLUMNS[1:-1]:
            if name in entry:
                row[name] = round(float(entry[name]), 8)
        measured = [value for key, value in entry.items() if key.endswith("ndcg@10")]
        if measured:
            row[DEV_MEASURE] = round(float(measured[0]), 5)
    return [rows[step] for step in sorted(rows) if any(v is not None for v in rows[step].values())]


def write_curves(rows: Sequence[CurvePoint], path: Path) -> None:
    """Write rows as CSV; what was not measured is empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: "" if row[name] is None else row[name] for name in COLUMNS} for row in rows
        )


def draw_curves(rows: Sequence[CurvePoint], path: Path, *, title: str) -> None:
    """Draw losses on the left, dev nDCG on the right; the same rows, the same picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    losses, measures = figure.subplots(1, 2)
    for name in COLUMNS[1:5]:
        points = [(row["step"], row[name]) for row in rows if row[name] is not None]
        if points:
            losses.plot(*zip(*points, strict=True), label=name, linewidth=1)
    losses.set(title=title, xlabel="step", ylabel="loss")
    if losses.lines:
        losses.legend(frameon=False)
    points = [(row["step"], row[DEV_MEASURE]) for row in rows if row[DEV_MEASURE] is not None]
    if points:
        measures.plot(*zip(*points, strict=True), marker="o", linewidth=1)
    measures.set(title=DEV_MEASURE if points else "nothing measured", xlabel="step")
    figure.savefig(path, dpi=110, metadata={"Software": None})
