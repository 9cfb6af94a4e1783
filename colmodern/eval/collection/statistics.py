"""How large is a collection, and how long are its texts? Counted in words between white space."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Where some numbers lie: mean, median, 95th percentile and largest; all 0 of none."""

    mean: float
    median: float
    p95: float
    max: float

    @classmethod
    def of(cls, numbers: Iterable[float]) -> Spread:
        """Return the spread of some numbers."""
        values = np.fromiter(numbers, dtype=np.float64)
        if not len(values):
            return cls(0.0, 0.0, 0.0, 0.0)
        median, p95 = np.percentile(values, [50, 95])
        rounded = (round(float(v), 1) for v in (values.mean(), median, p95, values.max()))
        return cls(*rounded)

    def __str__(self) -> str:
        """Return the four in one line."""
        return f"mean {self.mean:,}, median {self.median:,}, p95 {self.p95:,}, max {self.max:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The size of a collection.

    Attributes:
        documents: How many documents.
        empty_documents: How many of them hold no word.
        queries: How many judged queries.
        relevant: Relevant documents a query.
        document_words: Words a document, title and text.
        query_words: Words a query.
    """

    documents: int
    empty_documents: int
    queries: int
    relevant: Spread
    document_words: Spread
    query_words: Spread

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """Return a small table for people."""
        rows = {
            "documents": f"{self.documents:,} ({self.empty_documents:,} without a word)",
            "queries": f"{self.queries:,}",
            "relevant a query": str(self.relevant),
            "words a document": str(self.document_words),
            "words a query": str(self.query_words),
        }
        return "\n".join(f"{name:<16}  {value}" for name, value in rows.items())
