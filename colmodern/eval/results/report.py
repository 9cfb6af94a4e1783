"""What was measured? A value for each query and one for the whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from colmodern.errors import InputError
from colmodern.eval.results.markup import fields_html


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """What one query found.

    Attributes:
        id: The query's id.
        text: The query.
        words: Words of the query.
        relevant: The relevant documents with their grades.
        relevant_words: Mean words of the relevant documents; 0 if there are none.
        ranking: Pairs of document id and score, best first.
        values: Measures by name.
        encode_ms: Milliseconds to encode the query; None: not known.
        search_ms: Milliseconds of the search proper; None: not known.
    """

    id: str
    text: str
    words: int
    relevant: Mapping[str, int]
    relevant_words: float
    ranking: tuple[tuple[str, float], ...]
    values: Mapping[str, float]
    encode_ms: float | None = None
    search_ms: float | None = None

    @property
    def total_ms(self) -> float | None:
        """Milliseconds to encode and search; None: not known."""
        if self.encode_ms is None or self.search_ms is None:
            return None
        return self.encode_ms + self.search_ms


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """What was measured with one system on one collection.

    Times are of one query at a time; memory is that of the process. None is what nobody knows: a
    run file of another engine has no times.

    Attributes:
        dataset: The collection's name.
        split: Which judgments.
        dataset_fingerprint: A hex digest of documents, queries and judgments.
        system: What searched.
        spec: What ``make_system`` takes to make it again; None if nothing does.
        options: How it was set up.
        fingerprints: Hex digests of models and index.
        depth: How many hits were asked for.
        measures: Means over the queries, by name (``nDCG@10``, ``R@100``).
        queries: What each query found, in the collection's order.
        n_documents: Documents of the collection.
        n_tokens: Token vectors in the index.
        index_bytes: Bytes of the index, texts included where it keeps them.
        build_s: Seconds to index.
        build_peak_bytes: Peak memory while indexing.
        search_peak_bytes: Peak memory while searching.
    """

    dataset: str
    split: str
    dataset_fingerprint: str
    system: str
    spec: str | None
    options: Mapping[str, Any]
    fingerprints: Mapping[str, str]
    depth: int
    measures: Mapping[str, float]
    queries: tuple[QueryResult, ...] = field(repr=False)
    n_documents: int
    n_tokens: int | None = None
    index_bytes: int | None = None
    build_s: float | None = None
    build_peak_bytes: int | None = None
    search_peak_bytes: int | None = None

    @property
    def encode_ms_median(self) -> float | None:
        """Median milliseconds to encode a query."""
        return _percentile([query.encode_ms for query in self.queries], 50)

    @property
    def encode_ms_p95(self) -> float | None:
        """95th percentile of the same."""
        return _percentile([query.encode_ms for query in self.queries], 95)

    @property
    def search_ms_median(self) -> float | None:
        """Median milliseconds of a search, without encoding the query."""
        return _percentile([query.search_ms for query in self.queries], 50)

    @property
    def search_ms_p95(self) -> float | None:
        """95th percentile of the same."""
        return _percentile([query.search_ms for query in self.queries], 95)

    @property
    def queries_a_second(self) -> float | None:
        """Queries encoded and searched in a second, one after the other."""
        times = [query.total_ms for query in self.queries if query.total_ms is not None]
        if len(times) < len(self.queries) or not sum(times):
            return None
        return round(1e3 * len(times) / sum(times), 2)

    @property
    def bytes_a_token(self) -> float | None:
        """Bytes of the index for each token vector."""
        if self.index_bytes is None or not self.n_tokens:
            return None
        return round(self.index_bytes / self.n_tokens, 1)

    @property
    def without_hits(self) -> int:
        """How many queries found nothing at all."""
        return sum(not query.ranking for query in self.queries)

    def per_query(self, measure: str) -> dict[str, float]:
        """Return a measure's value for every query id.

        Raises:
            InputError: It was not measured.
        """
        if measure not in self.measures:
            raise InputError(
                f"{measure} was not measured with {self.system} on {self.dataset}; there are "
                f"{', '.join(self.measures)}.",
                code="measure_unknown",
            )
        return {query.id: query.values[measure] for query in self.queries}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values without those of each query, the means beside the rest."""
        return {
            "dataset": self.dataset,
            "split": self.split,
            "system": self.system,
            "queries": len(self.queries),
            **{name: round(value, 4) for name, value in self.measures.items()},
            "without_hits": self.without_hits,
            "encode_ms_median": self.encode_ms_median,
            "encode_ms_p95": self.encode_ms_p95,
            "search_ms_median": self.search_ms_median,
            "search_ms_p95": self.search_ms_p95,
            "queries_a_second": self.queries_a_second,
            "documents": self.n_documents,
            "tokens": self.n_tokens,
            "index_bytes": self.index_bytes,
            "bytes_a_token": self.bytes_a_token,
            "build_s": None if self.build_s is None else round(self.build_s, 2),
            "build_peak_bytes": self.build_peak_bytes,
            "search_peak_bytes": self.search_peak_bytes,
        }

    def __repr__(self) -> str:
        """Say what was measured, in one line."""
        means = ", ".join(f"{name} {value:.4f}" for name, value in self.measures.items())
        return f"<Report {self.system} on {self.dataset}: {means}, {len(self.queries)} queries>"

    def __str__(self) -> str:
        """Return a table for people."""
        shown = {name: value for name, value in self.to_dict().items() if value is not None}
        width = max(map(len, shown))
        return "\n".join(
            f"{name.replace('_', ' '):<{width}}  {_readable(value)}"
            for name, value in shown.items()
        )

    def _repr_html_(self) -> str:
        """Return the same table for a notebook."""
        values = self.to_dict()
        title = f"{values.pop('system')} on {values.pop('dataset')}"
        shown = {name.replace("_", " "): value for name, value in values.items() if value != ""}
        return fields_html(shown, caption=title)


def _readable(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _percentile(numbers: list[float | None], percent: float) -> float | None:
    known = [number for number in numbers if number is not None]
    return round(float(np.percentile(known, percent)), 3) if known else None
