"""What does a person see of measurements: reports and comparisons as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colmodern.cli.printing.fields import print_rows
from colmodern.cli.printing.terminal import Format, note, print_text

if TYPE_CHECKING:
    from colmodern.eval import Comparison, Dataset, Report

_SHOWN = {
    "system": "system",
    "encode_ms_median": "encode ms",
    "search_ms_median": "search ms",
    "search_ms_p95": "p95",
    "queries_a_second": "queries/s",
    "index_bytes": "index bytes",
    "bytes_a_token": "bytes/token",
    "build_s": "build s",
    "build_peak_bytes": "build peak",
    "search_peak_bytes": "search peak",
}
_DIFFERENCES = (
    "b",
    "a",
    "measure",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "wins",
    "ties",
    "losses",
)


def print_for_people(dataset: Dataset, reports: list[Report]) -> None:
    """Print the reports on a collection, and how they compare with the first."""
    print_text(f"{dataset.name}\n{dataset.statistics()}\n")
    names = list(reports[0].measures)
    rows = []
    for report in reports:
        values = report.to_dict()
        row = {shown: values[name] for name, shown in _SHOWN.items()}
        means = {name: f"{report.measures[name]:.4f}" for name in names}
        rows.append({"system": row.pop("system"), **means, **row})
        if report.without_hits:
            note(f"{report.system}: {report.without_hits:,} queries found nothing and count as 0")
    print_rows(rows, Format.HUMAN)
    comparisons = compare_with_first(reports)
    if comparisons:
        print_text("")
        print_rows(
            [{name: one.summary()[name] for name in _DIFFERENCES} for one in comparisons],
            Format.HUMAN,
        )
    print_text("")


def compare_with_first(reports: list[Report]) -> list[Comparison]:
    """Return how the other reports compare with the first, by each measure."""
    from colmodern.eval import compare_with_baseline

    if len(reports) < 2:
        return []
    return [
        comparison
        for name in reports[0].measures
        for comparison in compare_with_baseline(reports[0], reports[1:], name)
    ]
