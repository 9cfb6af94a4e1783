"""What do documents score by the words they share with a query?

BM25 in Lucene's form (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and
Beyond, 2009): a word with count c in a document of length l brings

    idf * c / (c + k1 * (1 - b + b * l / mean length)),  idf = ln(1 + (N - n + 0.5) / (n + 0.5))

where n of N documents have it. Counts, lengths and N are those of the live documents, so scores
do not depend on how an index came about: added to, deleted from, compacted or built at once. N, n
and the mean length are those of the whole index, also where a part of it is searched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colmodern.searcher.candidates import Candidates
from colmodern.searcher.statistics import WordStatistics
from colmodern.storage import SegmentWords
from colmodern.text.words import ANALYSIS, sure_words_of, words_of
from colmodern.types import FloatVector, IntVector

K1, B = 1.2, 0.75
"""Robertson's constants as Anserini sets them, which do well on long and short documents."""


class _Posting(NamedTuple):
    """The live documents that have a word, and how often."""

    documents: IntVector
    counts: FloatVector


@dataclass(frozen=True, slots=True, eq=False)
class FoundWords:
    """The words of a query in the documents of a part.

    Attributes:
        postings: The documents of each distinct word.
        statistics: How common the words are in this part.
    """

    postings: Mapping[str, _Posting]
    statistics: WordStatistics


class Lexicon:
    """The words of some segments, whose documents are numbered through all of them."""

    def __init__(
        self, words: Sequence[SegmentWords], starts: IntVector, live: NDArray[np.bool_]
    ) -> None:
        """Take the words of each segment.

        Args:
            words: One for each segment.
            starts: Shape (n_segments + 1,), int64: the number of the first document of each.
            live: Shape (n_documents,), bool: which documents are not deleted.
        """
        self._words = words
        self._starts = starts
        self._live = live
        self._saturations: tuple[float, FloatVector] | None = None

    def look_up(self, query: str) -> FoundWords:
        """Return where the words of a query are, split as those of the index were."""
        times = Counter(words_of(query, self._analysis))
        postings = {word: self._posting(word) for word in times}
        frequencies = {word: len(one.documents) for word, one in postings.items()}
        statistics = WordStatistics(self._n_live, self._n_words, frequencies, times)
        return FoundWords(postings, statistics)

    def scores(self, found: FoundWords, statistics: WordStatistics) -> FloatVector:
        """Return the score of every document, shape (n_documents,), float32, 0 without a word.

        The cost is that of the postings of the query's words, and one pass over the documents.

        Args:
            found: From ``look_up``.
            statistics: Those of the whole index.
        """
        saturation = self._saturation(statistics.mean_length)
        total = np.zeros(len(self._live), np.float32)
        for word, (documents, counts) in found.postings.items():
            idf = statistics.times[word] * statistics.idf(word)
            total[documents] += idf * (counts / (counts + saturation[documents]))
        return total

    def documents_with(self, phrase: str) -> Candidates | None:
        """Return the documents that have every word of a phrase; None if no index has its words.

        Args:
            phrase: Folded words with blanks between them.

        Returns:
            The live documents, each with how often it has the rarest of the words.
        """
        words = dict.fromkeys(sure_words_of(phrase, self._analysis))
        found = sorted(map(self._posting, words), key=lambda one: len(one.documents))
        if not found:
            return None
        documents, counts = found[0]
        for other in found[1:]:
            kept = np.isin(documents, other.documents, assume_unique=True)
            documents, counts = documents[kept], counts[kept]
        return Candidates(documents, counts)

    def _posting(self, word: str) -> _Posting:
        found = [words.postings(word) for words in self._words]
        documents = np.concatenate(
            [np.zeros(0, np.int64)]
            + [
                one.astype(np.int64) + start
                for (one, _), start in zip(found, self._starts.tolist(), strict=False)
            ]
        )
        counts = np.concatenate([np.zeros(0, np.float32), *(counts for _, counts in found)])
        kept = self._live[documents]
        return _Posting(documents[kept], counts[kept].astype(np.float32))

    @property
    def _analysis(self) -> str:
        return self._words[0].analysis if self._words else ANALYSIS

    @cached_property
    def _n_live(self) -> int:
        return int(self._live.sum())

    @cached_property
    def _n_words(self) -> int:
        return int(self._lengths[self._live].sum(dtype=np.int64))

    @cached_property
    def _lengths(self) -> NDArray[np.uint32]:
        lengths = [words.lengths for words in self._words]
        return np.concatenate([np.zeros(0, np.uint32), *lengths])

    def _saturation(self, mean_length: float) -> FloatVector:
        """Return k1 * (1 - b + b * length / mean length) of each document; kept for that mean."""
        known = self._saturations
        if known is None or known[0] != mean_length:
            values = (K1 * (1 - B + B / mean_length * self._lengths)).astype(np.float32)
            known = self._saturations = (mean_length, values)
        return known[1]


def best_by_words(scores: FloatVector, allowed: NDArray[np.bool_], n: int | None) -> Candidates:
    """Return the ``n`` best of the allowed documents that have a word of the query; None: all.

    With them come all that score as the last of them, in no order.

    Args:
        scores: From ``Lexicon.scores``.
        allowed: Shape (n_documents,), bool: which documents may be found.
        n: How many at most.
    """
    documents = np.flatnonzero((scores > 0) & allowed)
    found = Candidates(documents, scores[documents])
    return found if n is None else found.best_and_equals(n)
