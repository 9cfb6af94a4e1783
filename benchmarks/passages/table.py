"""The rows of a table of passages: what finders are worth on a set."""

from __future__ import annotations

from colmodern.eval.passages import Annotated, PassageReport

_COLUMNS = ("hit", "hit_shown", "hit_of_three", "inside", "reciprocal_rank")


def print_head() -> None:
    """Print the head of the table."""
    print("| set | finder | hit | shown | of 3 | inside | MRR | characters | p |")
    print("|" + "---|" * 9)


def print_row(collection: Annotated, report: PassageReport, ours: PassageReport) -> None:
    """Print what a finder is worth on a set, beside ours."""
    row = report.to_dict()
    cells = " | ".join(f"{row[name]:.3f}" for name in _COLUMNS)
    p = "" if report is ours else f"{ours.p_against(report):.4f}"
    title = f"{collection.name}, {len(collection.questions):,}"
    print(f"| {title} | {report.name} | {cells} | {report.characters:.0f} | {p} |", flush=True)
