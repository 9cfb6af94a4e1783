"""Which numbers of a whole index does the search of a part of it need?

They are the sums of what its parts count, so that a part's scores are those of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class WordStatistics:
    """How common the words of a query are.

    Attributes:
        n_documents: How many live documents there are.
        n_words: How many words they have together.
        frequencies: How many of them have each word of the query.
        times: How often the query has each word.
    """

    n_documents: int
    n_words: int
    frequencies: Mapping[str, int]
    times: Mapping[str, int]

    def __add__(self, other: WordStatistics) -> WordStatistics:
        """Return those of two parts together, for the same query."""
        return WordStatistics(
            self.n_documents + other.n_documents,
            self.n_words + other.n_words,
            {word: n + other.frequencies[word] for word, n in self.frequencies.items()},
            self.times,
        )

    @property
    def mean_length(self) -> float:
        """How many words a document has on the mean; 1 where there are none."""
        return self.n_words / max(1, self.n_documents) or 1.0

    def idf(self, word: str) -> float:
        """Return how much a word of the query says; 0 for one that no live document has."""
        n = self.frequencies.get(word, 0)
        return float(np.log1p((self.n_documents - n + 0.5) / (n + 0.5))) if n else 0.0

    @property
    def highest_score(self) -> float:
        """What no document's BM25 reaches: each word of the query brings less than its idf."""
        return sum([times * self.idf(word) for word, times in self.times.items()])


@dataclass(frozen=True, slots=True)
class GlobalStatistics:
    """What a plan needs to know of an index.

    Attributes:
        n_documents: How many live documents there are.
        n_tokens: How many tokens they have.
        words: How common the words of the query are; None where BM25 is not asked for.
        names: How many documents hold each name of the query.
    """

    n_documents: int
    n_tokens: int
    words: WordStatistics | None = None
    names: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: GlobalStatistics) -> GlobalStatistics:
        """Return those of two parts together."""
        words = self.words
        if words is not None and other.words is not None:
            words = words + other.words
        return GlobalStatistics(
            self.n_documents + other.n_documents,
            self.n_tokens + other.n_tokens,
            words,
            {name: n + other.names[name] for name, n in self.names.items()},
        )

    @property
    def mean_length(self) -> float:
        """How many tokens a document has on the mean, at least 1."""
        return max(1.0, self.n_tokens / max(1, self.n_documents))
