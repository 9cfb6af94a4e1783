"""Which numbers of a whole index does the search of a part of it need?

They are the sums of what its parts count, so that a part's scores are those of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum

import numpy as np

from colmodern.errors import ConfigError
from colmodern.frozen import frozen


@frozen
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
            {word: n + other.frequencies.get(word, 0) for word, n in self.frequencies.items()},
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


class FieldFit(IntEnum):
    """What documents have of a kind of value in a field; of two parts the greater is true."""

    ABSENT = 0  # no live document has the field
    EMPTY = 1
    OTHER_KIND = 2
    FITS = 3


@frozen
class GlobalStatistics:
    """What a plan needs to know of an index.

    Attributes:
        n_documents: How many live documents there are.
        n_tokens: How many tokens they have.
        words: How common the words of the query are; None where BM25 is not asked for, or a part
            has no words.
        names: How many documents hold each name of the query.
        fields: What there is of each field that a filter names, and of each kind of value that it
            compares it with; an empty kind for one that is asked for null.
    """

    n_documents: int
    n_tokens: int
    words: WordStatistics | None = None
    names: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[tuple[str, str], FieldFit] = field(default_factory=dict)

    def __add__(self, other: GlobalStatistics) -> GlobalStatistics:
        """Return those of two parts together, for the same query and filter."""
        words = None
        if self.words is not None and other.words is not None:
            words = self.words + other.words
        return GlobalStatistics(
            self.n_documents + other.n_documents,
            self.n_tokens + other.n_tokens,
            words,
            {name: n + other.names.get(name, 0) for name, n in self.names.items()},
            {
                asked: max(fit, other.fields.get(asked, FieldFit.ABSENT))
                for asked, fit in self.fields.items()
            },
        )

    def words_of(self, part: WordStatistics) -> WordStatistics:
        """Return how common the words of a query are in all parts, given how they are in one.

        Raises:
            ConfigError: These are statistics without words, or of another query.
        """
        if self.words is None or list(self.words.times.items()) != list(part.times.items()):
            raise ConfigError(
                "The statistics are not of the words of this query in this index.",
                code="option_invalid",
                option="statistics",
            )
        return self.words

    @property
    def mean_length(self) -> float:
        """How many tokens a document has on the mean, at least 1."""
        return max(1.0, self.n_tokens / max(1, self.n_documents))
