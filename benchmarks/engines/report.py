"""Results to tables, and the claims that they are to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.engines.bench import Bench
from benchmarks.engines.measures import NEAREST
from benchmarks.engines.variants import VARIANTS

_NAMES = {"colmodern-4-same": "colmodern-4, centroids as fast-plaid"}
_ABOUT = (
    "Written by `make bench-engines`; what is measured and how stands in "
    "[benchmarks/engines](../../benchmarks/engines/README.md).\n"
)
_IDLE_LOAD = 1.5
_TARGET = 0.95


def collect(
    benches: Sequence[Bench], *, machine: dict[str, Any], versions: dict[str, str]
) -> dict[str, Any]:
    """Return every result that is there, by set and variant."""
    sets = {}
    for bench in benches:
        found = {
            variant.name: {
                step: result
                for step in ("build", "tune", "search")
                if (result := bench.result(variant.name, step)) is not None
            }
            for variant in VARIANTS
        }
        sets[bench.name] = {
            "vectors": bench.vectors.describe(),
            "engines": {name: steps for name, steps in found.items() if steps},
        }
    return {"machine": machine, "versions": versions, "sets": sets}


def to_markdown(report: dict[str, Any]) -> str:
    """Return the page with all tables."""
    machine, versions = report["machine"], report["versions"]
    parts = [
        "# Engines side by side\n",
        _ABOUT,
        _setting(machine, versions),
    ]
    for name, results in report["sets"].items():
        about, engines = results["vectors"], results["engines"]
        parts.append(
            f"## {name.upper()}: {about['documents']:,} documents, {about['tokens']:,} tokens of "
            f"{about['dim']} dimensions, {about['queries']} queries of "
            f"{about['query_tokens'] / about['queries']:.0f} tokens\n"
        )
        parts.append(search_table(engines))
        parts.append(build_table(engines, about["tokens"]))
        parts.append("\n".join(f"- {claim}" for claim in claims(engines, about)) + "\n")
        parts.extend(f"{note}\n" for note in notes(engines, about["queries"]))
    return "\n".join(parts)


def search_table(engines: dict[str, Any]) -> str:
    """Return recall and latency, a row an engine and point."""
    rows = [
        [
            _NAMES.get(name, name),
            _named_point(point),
            f"{_recall(point):.3f}",
            f"{point['deep']['recall_100']:.3f}",
            *(
                f"{point[threads][figure]:.2f}"
                for threads in ("one", "two")
                for figure in ("median_ms", "p95_ms")
            ),
        ]
        for name, steps in engines.items()
        if "search" in steps
        for point in steps["search"]["points"]
    ]
    header = (
        "engine", "point", "recall@10", "recall@100", "1 thread, ms", "p95", "2 threads, ms", "p95",
    )  # fmt: skip
    return table(header, rows, n_words=2)


def build_table(engines: dict[str, Any], n_tokens: int) -> str:
    """Return what a build costs, what it leaves on disk, and what a cold start takes."""
    rows = []
    for name, steps in engines.items():
        if "build" not in steps:
            continue
        build, search = steps["build"], steps.get("search")
        rows.append(
            [
                _NAMES.get(name, name),
                f"{build['about']['centroids']:,}" if "centroids" in build["about"] else "-",
                f"{build['bytes'] / n_tokens:.1f}",
                f"{build['seconds']:.1f}",
                f"{build['cpu_seconds']:.1f}",
                f"{build['cpu_seconds'] / n_tokens * 1e6:.1f}",
                f"{build['peak_mib']:.0f} ({build['peak_own_mib']:.0f})",
                *(
                    ("", "", "")
                    if search is None
                    else (
                        f"{search['open_seconds'] * 1e3:.0f}",
                        f"{search['first_query_seconds'] * 1e3:.0f}",
                        f"{search['peak_mib']:.0f} ({search['peak_own_mib']:.0f})",
                    )
                ),
            ]
        )
    header = (
        "engine", "centroids", "bytes a token", "build, s", "CPU s", "CPU us a token",
        "build peak, MiB (own)", "open, ms", "first query, ms", "search peak, MiB (own)",
    )  # fmt: skip
    return table(header, rows, n_words=1)


def claims(engines: dict[str, Any], about: dict[str, Any]) -> list[str]:
    """Return one sentence for each comparison that the results allow."""
    found: list[str] = []
    points = {
        (name, point["name"]): point
        for name, steps in engines.items()
        for point in steps.get("search", {"points": []})["points"]
    }
    ours = _fastest_of_ours(points, "colmodern-4")
    plaid = next(
        (
            point
            for (name, of), point in points.items()
            if name == "fast-plaid-4" and of.startswith(NEAREST)
        ),
        None,
    )
    warp = points.get(("xtr-warp-4", "default"))
    if ours and plaid:
        ratio = plaid["one"]["median_ms"] / ours["one"]["median_ms"]
        found.append(
            f"At recall@10 {_recall(ours):.3f} our median is 1/{ratio:.0f} of "
            f"fast-plaid's at {_recall(plaid):.3f} (one thread)."
        )
    if ours and warp:
        ratio = warp["one"]["median_ms"] / ours["one"]["median_ms"]
        found.append(
            f"xtr-warp-rs at its defaults takes {ratio:.2f} times as long as ours at that point, "
            f"at recall@10 {_recall(warp):.3f}."
        )
    builds = {name: steps["build"] for name, steps in engines.items() if "build" in steps}
    if "fast-plaid-4" in builds and "colmodern-4-same" in builds:
        plaid_build, same = builds["fast-plaid-4"], builds["colmodern-4-same"]
        ratio = plaid_build["cpu_seconds"] / same["cpu_seconds"]
        found.append(
            f"With {same['about']['centroids']:,} centroids our build takes 1/{ratio:.0f} of "
            f"fast-plaid's CPU time ({plaid_build['about']['centroids']:,})."
        )
    plaids = [point for (name, _), point in points.items() if name == "fast-plaid-4"]
    two_bits = [point for (name, _), point in points.items() if name == "colmodern-2"]
    if plaids and two_bits:
        size = builds["colmodern-2"]["bytes"] / about["tokens"]
        plaid_size = builds["fast-plaid-4"]["bytes"] / about["tokens"]
        found.append(
            f"At 2 bits ({size:.1f} bytes a token) our recall@10 reaches "
            f"{_highest(two_bits):.3f}; fast-plaid at 4 bits ({plaid_size:.1f}) reaches "
            f"{_highest(plaids):.3f}."
        )
    exact = points.get(("colmodern-4", "exact"))
    if exact:
        rate = about["tokens"] / exact["one"]["median_ms"] / 1e3
        length = about["query_tokens"] / about["queries"]
        found.append(
            f"Our exhaustive scan reads {rate:.0f}M tokens a second with one thread, "
            f"at {length:.0f} tokens a query."
        )
    return found


def notes(engines: dict[str, Any], n_queries: int) -> Iterable[str]:
    """Yield what a reader has to know: what was cut short, and what was disturbed."""
    short = sorted(
        f"{_NAMES.get(name, name)} ({point['name']}, {fewest})"
        for name, steps in engines.items()
        for point in steps.get("search", {"points": []})["points"]
        if (fewest := min(point[one]["queries"] for one in ("one", "two", "deep"))) < n_queries
    )
    if short:
        yield (
            "Latency and recall@100 are of fewer than all queries, since a pass ends after 20 "
            f"seconds: {', '.join(short)}."
        )
    guessed = sorted(
        f"{_NAMES.get(name, name)} ({point['name']}, {asked})"
        for name, steps in engines.items()
        for point in steps.get("search", {"points": []})["points"]
        if (asked := point["recall"]["queries"]) < n_queries
    )
    if guessed:
        yield f"Recall@10 is of fewer than all queries, after five minutes: {', '.join(guessed)}."
    disturbed = sorted(
        f"{_NAMES.get(name, name)} ({step}, load {result['load_before']:.1f})"
        for name, steps in engines.items()
        for step, result in steps.items()
        if step != "tune" and result["load_before"] > _IDLE_LOAD
    )
    if disturbed:
        yield (
            "The machine was not idle when these were measured, so their wall-clock times may be "
            "too long; CPU seconds hardly suffer (the load is the average of a minute, in which "
            f"the step before counts, up to 2): {', '.join(disturbed)}."
        )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, n_words: int) -> str:
    """Return a Markdown table whose first ``n_words`` columns are words, the others numbers."""
    marks = ["---"] * n_words + ["---:"] * (len(header) - n_words)
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, marks, *rows)) + "\n"


def _setting(machine: dict[str, Any], versions: dict[str, str]) -> str:
    engines = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB. "
        f"Our kernels: {machine['isa']}. {engines}.\n"
    )


def _fastest_of_ours(points: dict[tuple[str, str], Any], name: str) -> Any:
    good = [
        point
        for (engine, _), point in points.items()
        if engine == name and _recall(point) >= _TARGET
    ]
    return min(good, key=lambda point: point["one"]["median_ms"], default=None)


def _highest(points: Sequence[Any]) -> float:
    return max(_recall(point) for point in points)


def _recall(point: dict[str, Any]) -> float:
    """Return recall@10, of the pass that is for nothing else."""
    return float(point["recall"]["recall_10"])


def _named_point(point: dict[str, Any]) -> str:
    """Return a point's name, with its options where the name does not say them."""
    options = point["point"]
    if not options or "effort" in options:
        return str(point["name"])
    return f"{point['name']}: " + ", ".join(f"{name} {value}" for name, value in options.items())
