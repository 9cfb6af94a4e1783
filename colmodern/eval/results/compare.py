"""Is the difference between two reports real, and where does it come from?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from colmodern.errors import InputError
from colmodern.eval.measures.significance import bootstrap_interval, holm, randomisation_p
from colmodern.eval.results.markup import table_html, text_html
from colmodern.eval.results.report import QueryResult, Report

_LEVEL = 1e-9
_SHOWN_HITS = 10


@dataclass(frozen=True, slots=True)
class Bucket:
    """The queries of one range of lengths.

    Attributes:
        low: The least number of words.
        high: The greatest.
        queries: How many queries.
        mean_a: Mean of the first system on them.
        mean_b: Mean of the second.
    """

    low: float
    high: float
    queries: int
    mean_a: float
    mean_b: float


@dataclass(frozen=True, slots=True)
class Change:
    """A query on which two systems differ, with the first hits of both.

    Attributes:
        query: The query's id.
        text: The query.
        value_a: What the first system got.
        value_b: What the second got.
        relevant: The relevant documents with their grades.
        ranking_a: The first system's first ten documents.
        ranking_b: The second's.
    """

    query: str
    text: str
    value_a: float
    value_b: float
    relevant: dict[str, int]
    ranking_a: tuple[str, ...]
    ranking_b: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison:
    """Two systems on the queries of one collection; differences are b minus a.

    Attributes:
        dataset: The collection's name.
        measure: What is compared.
        a: The first system, often the baseline.
        b: The second.
        queries: How many queries.
        mean_a: Mean of the first.
        mean_b: Mean of the second.
        difference: ``mean_b - mean_a``.
        interval: Bootstrap interval of the difference, 95 %.
        p: Two-sided p-value of the paired randomisation test.
        p_holm: The same, corrected for the number of systems compared with ``a``.
        wins: Queries on which b is better.
        ties: Queries on which they are level.
        losses: Queries on which a is better.
        by_document_length: By the mean words of a query's relevant documents, in quarters.
        by_query_length: By the words of the query, in quarters.
        changes: The queries that changed most.
        differences: b minus a for every query id, in the collection's order.
    """

    dataset: str
    measure: str
    a: str
    b: str
    queries: int
    mean_a: float
    mean_b: float
    difference: float
    interval: tuple[float, float]
    p: float
    p_holm: float
    wins: int
    ties: int
    losses: int
    by_document_length: tuple[Bucket, ...] = field(repr=False)
    by_query_length: tuple[Bucket, ...] = field(repr=False)
    changes: tuple[Change, ...] = field(repr=False)
    differences: Mapping[str, float] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """Return one row of a table: no breakdowns, no single queries."""
        low, high = self.interval
        return {
            "dataset": self.dataset,
            "measure": self.measure,
            "a": self.a,
            "b": self.b,
            "difference": round(self.difference, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "p": round(self.p, 5),
            "p_holm": round(self.p_holm, 5),
            "wins": self.wins,
            "ties": self.ties,
            "losses": self.losses,
        }

    def __repr__(self) -> str:
        """Say what came out, in one line."""
        return (
            f"<Comparison {self.b} against {self.a} on {self.dataset}: {self.measure} "
            f"{self.difference:+.4f}, p {self.p:.4f}>"
        )

    def __str__(self) -> str:
        """Return what people want to see first."""
        low, high = self.interval
        lines = [
            f"{self.measure} on {self.dataset}, {self.queries:,} queries",
            f"  a  {self.mean_a:.4f}  {self.a}",
            f"  b  {self.mean_b:.4f}  {self.b}",
            f"  b - a  {self.difference:+.4f}  [{low:+.4f}, {high:+.4f}]  p {_shown_p(self)}",
            f"  b is better on {self.wins:,}, level on {self.ties:,}, worse on {self.losses:,}",
            *_bucket_lines("words of the relevant documents", self.by_document_length),
            *_bucket_lines("words of the query", self.by_query_length),
        ]
        if self.changes:
            lines.append("  changed most          a       b")
        lines += [
            f"  {one.query:<18} {one.value_a:.4f}  {one.value_b:.4f}  {one.text:.60}"
            for one in self.changes
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        low, high = self.interval
        head = (
            f"{self.b} against {self.a} on {self.dataset}: {self.measure} {self.difference:+.4f} "
            f"[{low:+.4f}, {high:+.4f}], p {_shown_p(self)}; better on {self.wins:,} of "
            f"{self.queries:,} queries, level on {self.ties:,}, worse on {self.losses:,}"
        )
        a, b = f"a: {self.a}", f"b: {self.b}"
        means = [
            {"": "all queries", "queries": self.queries, a: self.mean_a, b: self.mean_b},
            *_bucket_rows("words of the relevant documents", self.by_document_length, a, b),
            *_bucket_rows("words of the query", self.by_query_length, a, b),
        ]
        changed = [
            {"changed most": one.text, "id": one.query, a: one.value_a, b: one.value_b}
            for one in self.changes
        ]
        tables = (table_html(_rounded(rows)) for rows in (means, changed))
        return f"<p><b>{text_html(head)}</b></p>{''.join(tables)}"


def compare(
    a: Report, b: Report, measure: str = "nDCG@10", *, changes: int = 5, seed: int = 0
) -> Comparison:
    """Return what tells ``b`` from ``a``: both must be reports on the same collection.

    Args:
        a: The first report, often of a baseline.
        b: The second.
        measure: A measure that both have.
        changes: How many of the queries that changed most to show.
        seed: Decides the random sign patterns and samples.

    Raises:
        InputError: The reports are on different collections, or lack the measure.
    """
    if a.dataset_fingerprint != b.dataset_fingerprint:
        raise InputError(
            f"{a.system} was measured on {a.dataset} {a.split} and {b.system} on {b.dataset} "
            f"{b.split}, which are not the same documents, queries and judgments "
            f"({a.dataset_fingerprint[:12]} and {b.dataset_fingerprint[:12]}).",
            code="collection_mismatch",
        )
    values_a, values_b = a.per_query(measure), b.per_query(measure)
    first = np.array(list(values_a.values()))
    second = np.array([values_b[query] for query in values_a])
    differences = second - first
    p = randomisation_p(differences, seed=seed)
    wins = int(np.count_nonzero(differences > _LEVEL))
    losses = int(np.count_nonzero(differences < -_LEVEL))
    return Comparison(
        dataset=a.dataset,
        measure=measure,
        a=a.system,
        b=b.system,
        queries=len(differences),
        mean_a=float(first.mean()),
        mean_b=float(second.mean()),
        difference=float(differences.mean()),
        interval=bootstrap_interval(differences, seed=seed),
        p=p,
        p_holm=p,
        wins=wins,
        ties=len(differences) - wins - losses,
        losses=losses,
        by_document_length=_buckets(a, values_a, values_b, lambda query: query.relevant_words),
        by_query_length=_buckets(a, values_a, values_b, lambda query: query.words),
        changes=_changes(a, b, measure, changes),
        differences=dict(zip(values_a, differences.tolist(), strict=True)),
    )


def compare_with_baseline(
    baseline: Report,
    reports: Sequence[Report] = (),
    measure: str = "nDCG@10",
    *,
    seed: int = 0,
    others: Sequence[Report] | None = None,
) -> list[Comparison]:
    """Compare several reports with one; ``p_holm`` is corrected for their number.

    Args:
        baseline: The report that the others are compared with.
        reports: The others.
        measure: Which measure, as ir-measures writes it.
        seed: Of the randomisation test.
        others: The former name of ``reports``, for one version.

    Raises:
        InputError: As in ``compare``.
    """
    if others is not None:
        warnings.warn("others is called reports now.", DeprecationWarning, stacklevel=2)
        reports = others
    found = [compare(baseline, other, measure, seed=seed) for other in reports]
    corrected = holm([comparison.p for comparison in found])
    return [replace(one, p_holm=p) for one, p in zip(found, corrected, strict=True)]


def quarters(report: Report, length: Callable[[QueryResult], float]) -> list[dict[str, float]]:
    """Return the judged queries in quarters by a length, shortest first: the length by query id.

    Queries of equal length stay together, so there may be fewer than four; none if no query has a
    relevant document.
    """
    lengths = {query.id: float(length(query)) for query in report.queries if query.relevant}
    if not lengths:
        return []
    edges = np.percentile(list(lengths.values()), [25, 50, 75])
    parts: dict[int, dict[str, float]] = {}
    for query, words in lengths.items():
        parts.setdefault(int(np.searchsorted(edges, words, side="left")), {})[query] = words
    return [part for _, part in sorted(parts.items())]


def _buckets(
    report: Report,
    values_a: dict[str, float],
    values_b: dict[str, float],
    length: Callable[[QueryResult], float],
) -> tuple[Bucket, ...]:
    return tuple(
        Bucket(
            min(part.values()),
            max(part.values()),
            len(part),
            float(np.mean([values_a[query] for query in part])),
            float(np.mean([values_b[query] for query in part])),
        )
        for part in quarters(report, length)
    )


def _changes(a: Report, b: Report, measure: str, n: int) -> tuple[Change, ...]:
    queries_of_b = {query.id: query for query in b.queries}
    pairs = [(query, queries_of_b[query.id]) for query in a.queries]
    pairs.sort(key=lambda pair: -abs(pair[1].values[measure] - pair[0].values[measure]))
    return tuple(
        Change(
            query=one.id,
            text=one.text,
            value_a=one.values[measure],
            value_b=two.values[measure],
            relevant=dict(one.relevant),
            ranking_a=tuple(document for document, _ in one.ranking[:_SHOWN_HITS]),
            ranking_b=tuple(document for document, _ in two.ranking[:_SHOWN_HITS]),
        )
        for one, two in pairs[:n]
        if abs(two.values[measure] - one.values[measure]) > _LEVEL
    )


def _shown_p(comparison: Comparison) -> str:
    if comparison.p_holm == comparison.p:
        return f"{comparison.p:.4f}"
    return f"{comparison.p:.4f} (Holm {comparison.p_holm:.4f})"


def _bucket_lines(what: str, buckets: Sequence[Bucket]) -> list[str]:
    if not buckets:
        return []
    return [f"  {what:<34}  queries       a       b"] + [
        f"    {f'{bucket.low:,.0f} to {bucket.high:,.0f}':<32}  {bucket.queries:>7,}  "
        f"{bucket.mean_a:.4f}  {bucket.mean_b:.4f}"
        for bucket in buckets
    ]


def _bucket_rows(what: str, buckets: Sequence[Bucket], a: str, b: str) -> list[dict[str, Any]]:
    return [
        {
            "": f"{bucket.low:,.0f} to {bucket.high:,.0f} {what}",
            "queries": bucket.queries,
            a: bucket.mean_a,
            b: bucket.mean_b,
        }
        for bucket in buckets
    ]


def _rounded(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: f"{v:.4f}" if isinstance(v, float) else v for name, v in row.items()} for row in rows
    ]
