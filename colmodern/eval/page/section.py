"""What does the page say about one collection?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from colmodern.eval.collection.statistics import Spread, Statistics
from colmodern.eval.pictures import (
    draw_by_document_length,
    draw_differences,
    draw_trade_off,
    inline_svg,
)
from colmodern.eval.results.compare import Change, Comparison, compare_with_baseline
from colmodern.eval.results.markup import Markup, fields_html, table_html, text_html
from colmodern.eval.results.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One collection and what was measured on it; the first system is the baseline.

    Attributes:
        reports: Reports on one collection, one or more.
        measure: What the pictures show; None: the first that was measured.
        statistics: The collection's sizes, where it is at hand; reports alone know some of them.
        environments: Versions, commit and machine of each report, as ``environment`` gives them;
            reports of one run share one.
    """

    reports: Sequence[Report]
    measure: str | None = None
    statistics: Statistics | None = None
    environments: Sequence[Mapping[str, Any]] = ()


def section_html(section: Section, number: int) -> str:
    """Return the part of the page on one collection.

    Args:
        section: What was measured.
        number: The section's place on the page, from 0.

    Raises:
        InputError: The reports are on different collections, or lack a measure.
        MissingExtraError: matplotlib is not installed.
    """
    reports, first = section.reports, section.reports[0]
    measure = section.measure or next(iter(first.measures))
    comparisons = {
        name: compare_with_baseline(first, reports[1:], name)
        for name in (measure, *(name for name in first.measures if name != measure))
    }
    title = first.dataset + (f", {first.split}" if first.split else "")
    parts = [
        f"<section><h2>{text_html(title)}</h2>",
        fields_html(_collection(section)),
        "<h3>Systems</h3>",
        _wide(table_html(_system_rows(reports))),
        *_significance(comparisons),
        "<h3>Pictures</h3>",
        *_pictures(reports, measure, comparisons[measure], f"s{number}"),
        *_all_changes(comparisons[measure]),
        *_setup(section),
        "</section>",
    ]
    return "\n".join(parts)


def _collection(section: Section) -> dict[str, Any]:
    first, statistics = section.reports[0], section.statistics
    judged = [query for query in first.queries if query.relevant]
    values: dict[str, Any] = {"documents": first.n_documents, "queries": len(first.queries)}
    if statistics is not None:
        values["documents without a word"] = statistics.empty_documents
        values["words a document"] = statistics.document_words
    values["words of a query's relevant documents"] = Spread.of(q.relevant_words for q in judged)
    values["relevant documents a query"] = Spread.of(len(query.relevant) for query in first.queries)
    values["words a query"] = Spread.of(query.words for query in first.queries)
    values["fingerprint"] = first.dataset_fingerprint[:12]
    return values


def _system_rows(reports: Sequence[Report]) -> list[dict[str, Any]]:
    best = {name: max(report.measures[name] for report in reports) for name in reports[0].measures}
    return [
        {
            "system": report.system,
            **{name: _emphasised(report.measures[name], value) for name, value in best.items()},
            "no hits": report.without_hits,
            "encode ms": report.encode_ms_median,
            "search ms": report.search_ms_median,
            "p95": report.search_ms_p95,
            "queries/s": report.queries_a_second,
            "index MB": _megabytes(report.index_bytes),
            "bytes/token": report.bytes_a_token,
            "build s": None if report.build_s is None else round(report.build_s, 2),
            "build peak MB": _megabytes(report.build_peak_bytes),
            "search peak MB": _megabytes(report.search_peak_bytes),
        }
        for report in reports
    ]


def _emphasised(value: float, best: float) -> str:
    return Markup(f"<b>{value:.4f}</b>") if value == best else f"{value:.4f}"


def _megabytes(n_bytes: int | None) -> float | None:
    return None if n_bytes is None else round(n_bytes / 1e6, 1)


def _significance(comparisons: Mapping[str, Sequence[Comparison]]) -> Iterator[str]:
    rows = [
        {
            "system": one.b,
            "against": one.a,
            "measure": one.measure,
            "difference": f"{one.difference:+.4f}",
            "95 % from": f"{one.interval[0]:+.4f}",
            "to": f"{one.interval[1]:+.4f}",
            "p": f"{one.p:.4f}",
            "p (Holm)": f"{one.p_holm:.4f}",
            "better": one.wins,
            "level": one.ties,
            "worse": one.losses,
        }
        for several in comparisons.values()
        for one in several
    ]
    if rows:
        yield "<h3>Is the difference real?</h3>"
        yield _wide(table_html(rows))
        yield (
            "<p class='note'>Paired randomisation test on the same queries; bootstrap interval of "
            "the mean difference; Holm's correction for the number of systems.</p>"
        )


def _pictures(
    reports: Sequence[Report], measure: str, comparisons: Sequence[Comparison], prefix: str
) -> Iterator[str]:
    yield _figure(
        inline_svg(
            draw_trade_off(reports, measure),
            prefix=f"{prefix}t",
            title=f"{measure} against latency and size",
        )
    )
    if any(query.relevant for query in reports[0].queries):
        yield _figure(
            inline_svg(
                draw_by_document_length(reports, measure),
                prefix=f"{prefix}l",
                title=f"{measure} by document length",
            )
        )
    for number, comparison in enumerate(comparisons):
        yield _figure(
            inline_svg(
                draw_differences(comparison),
                prefix=f"{prefix}d{number}",
                title=f"differences of {comparison.b} and {comparison.a}, query by query",
            )
        )


def _all_changes(comparisons: Sequence[Comparison]) -> Iterator[str]:
    if any(comparison.changes for comparison in comparisons):
        yield "<h3>Queries that changed most</h3>"
        yield "<p class='note'>Relevant documents are marked, with their grades.</p>"
    for comparison in comparisons:
        if comparison.changes:
            yield f"<h4>{text_html(comparison.b)} against {text_html(comparison.a)}</h4>"
        yield from (_change(comparison, change) for change in comparison.changes)


def _change(comparison: Comparison, change: Change) -> str:
    head = (
        f"<b>{change.value_b - change.value_a:+.4f}</b> {text_html(change.text)} "
        f"<span class='note'>{text_html(change.query)}</span>"
    )
    columns = "".join(
        f"<div><p>{text_html(name)}, {text_html(comparison.measure)} {value:.4f}</p>"
        f"{_ranking(ranking, change.relevant)}</div>"
        for name, value, ranking in (
            (comparison.a, change.value_a, change.ranking_a),
            (comparison.b, change.value_b, change.ranking_b),
        )
    )
    return f"<details><summary>{head}</summary><div class='pair'>{columns}</div></details>"


def _ranking(ranking: Sequence[str], relevant: Mapping[str, int]) -> str:
    if not ranking:
        return "<p class='note'>nothing found</p>"
    items = "".join(
        f"<li><mark>{text_html(document)}</mark> ({relevant[document]})</li>"
        if document in relevant
        else f"<li>{text_html(document)}</li>"
        for document in ranking
    )
    return f"<ol>{items}</ol>"


def _setup(section: Section) -> Iterator[str]:
    yield "<h3>What ran, and on what</h3>"
    for report in section.reports:
        options = ", ".join(f"{name} {value}" for name, value in report.options.items())
        yield fields_html(
            {
                "spec": report.spec or "none: it cannot be repeated",
                "options": options or None,
                "hits a query": report.depth,
                **{f"{name} digest": d[:12] for name, d in report.fingerprints.items()},
            },
            caption=report.system,
        )
    for environment in section.environments:
        yield fields_html(_environment(environment), caption="machine and versions")


def _environment(environment: Mapping[str, Any]) -> dict[str, Any]:
    machine, commit = environment["machine"], environment["commit"]
    changed = " (changed since)" if commit and commit["is_changed"] else ""
    memory = _megabytes(machine["memory_bytes"])
    return {
        "processor": machine["processor"],
        "cores": machine["cores"],
        "memory": None if memory is None else f"{memory:,.0f} MB",
        "kernels": machine["kernels"],
        "system": machine["system"],
        "commit": commit["id"][:12] + changed if commit else "unknown",
        "versions": ", ".join(f"{name} {v}" for name, v in environment["versions"].items()),
    }


def _wide(table: str) -> str:
    return f"<div class='wide'>{table}</div>"


def _figure(svg: str) -> str:
    return f"<figure>{svg}</figure>"
