"""Tables of evaluation records: quality, latency, bytes, and whether differences are luck.

``make results`` has the commands. RECORDS holds a folder for each collection with a record of each
system, BM25 and MiniLM among them: p-values are against these two.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import fill

from colmodern.eval import Record, Report, compare_with_baseline

MEASURES = ("nDCG@10", "R@100")
BASELINES = ("BM25", "MiniLM")
_WIDTH = 120


def main() -> None:
    """Read all records and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--order", default="", help="collections, in the order of the tables")
    parser.add_argument("--note", default="", help="what else a reader should know")
    options = parser.parse_args()
    wanted = options.order.split()
    folders = [options.records / name for name in wanted] or sorted(options.records.iterdir())
    collections = [records_of(folder) for folder in folders]
    options.output.write_text("\n".join(page(collections, options.note)) + "\n", encoding="utf-8")


def records_of(folder: Path) -> list[Record]:
    """Return the records of one collection in the order they were written."""
    runs = sorted(folder.glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
    return [Record.load(path.parent) for path in runs]


def page(collections: Sequence[list[Record]], note: str) -> Iterable[str]:
    """Yield the lines of the document."""
    reports = [[record.report for record in records] for records in collections]
    yield "# Results"
    yield ""
    yield fill(
        "Made by `make results` with the student in the package. The collections are for "
        "development: the student has seen none of their documents or queries, but its recipe "
        "was chosen with an eye on them.",
        _WIDTH,
    )
    yield ""
    yield fill(f"{setting(collections[0][0])} {note}".strip(), _WIDTH)
    yield ""
    yield "## nDCG@10"
    yield from overview(reports)
    for one in reports:
        yield ""
        yield from section(one)


def setting(record: Record) -> str:
    """Return what was measured with what."""
    machine, commit = record.environment["machine"], record.environment["commit"]
    id_ = commit["id"][:7] if commit else "unknown"
    return (
        f"{machine['processor']}, {machine['cores']} cores, kernels {machine['kernels']}, "
        f"commit {id_}, {record.written[:10]}. Times are of one query on one thread, without "
        "encoding it; bytes are the whole index, texts included where it keeps them. p is that of "
        "a paired randomisation test of nDCG@10 against BM25 and against MiniLM (one vector a "
        "text), corrected for the number of systems (Holm, 1979); + is better than it."
    )


def overview(collections: Sequence[Sequence[Report]]) -> Iterable[str]:
    """Yield nDCG@10 of all systems on all collections, and the mean of those measured on all."""
    names = dict.fromkeys(report.system for one in collections for report in one)
    yield "| system | " + " | ".join(one[0].dataset for one in collections) + " | mean |"
    yield "| --- |" + " ---: |" * (len(collections) + 1)
    best = [max(report.measures[MEASURES[0]] for report in one) for one in collections]
    for name in names:
        values = [
            next((r.measures[MEASURES[0]] for r in one if r.system == name), None)
            for one in collections
        ]
        cells = [
            f"**{value:.3f}**" if value == top else number(value, 3)
            for value, top in zip(values, best, strict=True)
        ]
        known = [value for value in values if value is not None]
        mean = statistics.mean(known) if len(known) == len(values) else None
        yield f"| {name} | " + " | ".join(cells) + f" | {number(mean, 3)} |"


def section(reports: Sequence[Report]) -> Iterable[str]:
    """Yield everything about one collection."""
    first = reports[0]
    n_tokens = max(report.n_tokens or 0 for report in reports)
    yield f"## {first.dataset} ({first.split})"
    counts = (f"{first.n_documents:,} documents", f"{n_tokens:,} token vectors")
    yield f"{', '.join(counts)}, {len(first.queries):,} queries."
    yield ""
    chances = {name: against(reports, name) for name in BASELINES}
    heads = [*MEASURES, "search ms", "p95", "index bytes", "a token", "build s"]
    heads += [f"p against {name}" for name in BASELINES]
    yield "| system | " + " | ".join(heads) + " |"
    yield "| --- |" + " ---: |" * len(heads)
    for report in reports:
        cells = [f"{report.measures[name]:.3f}" for name in MEASURES]
        cells += [number(report.search_ms_median, 2), number(report.search_ms_p95, 2)]
        cells += [number(report.index_bytes, 0), number(report.bytes_a_token, 0)]
        cells += [number(report.build_s, 1)]
        cells += [chances[name].get(report.system, "") for name in BASELINES]
        yield f"| {report.system} | " + " | ".join(cells) + " |"


def against(reports: Sequence[Report], name: str) -> dict[str, str]:
    """Return the corrected p-value of every other system against one, with the sign."""
    others = [report for report in reports if report.system != name]
    compared = compare_with_baseline(found(reports, name), others, MEASURES[0])
    return {one.b: f"{'+' if one.difference > 0 else '-'} {chance(one.p_holm)}" for one in compared}


def chance(p: float) -> str:
    """Return a p-value for people."""
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def found(reports: Sequence[Report], name: str) -> Report:
    """Return the report of a system."""
    return next(report for report in reports if report.system == name)


def number(value: float | None, decimals: int) -> str:
    """Return a number with commas, or nothing."""
    return "" if value is None else f"{value:,.{decimals}f}"


if __name__ == "__main__":
    main()
