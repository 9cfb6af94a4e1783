"""What do documents score by the words they share with a query?

BM25 in Lucene's form (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and
Beyond, 2009): a word with count c in a document of length l brings

    idf * c / (c + k1 * (1 - b + b * l / mean length)),  idf = ln(1 + (N - n + 0.5) / (n + 0.5))

where n of N documents have it. Counts, lengths and N are those of the live documents, so scores
do not depend on how an index came about: added to, deleted from, compacted or built at once. N, n
and the mean length are those of the whole index, also where a part of it is searched.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.frozen import frozen
from colmodern.searcher.candidates import Candidates
from colmodern.searcher.statistics import WordStatistics
from colmodern.storage import SegmentWords
from colmodern.text.words import ANALYSIS, sure_words_of, words_of
from colmodern.types import FloatVector, IntVector

K1, B = 1.2, 0.75
"""Robertson's constants as Anserini sets them, which do well on long and short documents."""


@frozen(eq=False)
class FoundWords:
    """The words of a query in the documents of a part.

    Attributes:
        rows: Shape (n_segments, n_words), int64: where each distinct word is in each segment.
        statistics: How common the words are in this part; its words are in the order of the rows.
    """

    rows: IntVector
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
        words = [word.encode() for word in times]
        live = None if self._n_live == len(self._live) else self._live
        rows, frequencies = kernels.find_words(self._postings, words, live)
        found = dict(zip(times, frequencies.tolist(), strict=True))
        return FoundWords(rows, WordStatistics(self._n_live, self._n_words, found, times))

    def scores(
        self, found: FoundWords, statistics: WordStatistics, *, threads: int = 1
    ) -> FloatVector:
        """Return the score of every document, shape (n_documents,), float32, 0 without a word.

        The cost is that of the postings of the query's words, and one pass over the documents.

        Args:
            found: From ``look_up``.
            statistics: Those of the whole index.
            threads: How many threads to use.
        """
        idf = [n * statistics.idf(word) for word, n in statistics.times.items()]
        saturation = self._saturation(statistics.mean_length)
        weights = np.array(idf, np.float32)
        return kernels.score_words(self._postings, found.rows, weights, saturation, threads=threads)

    def documents_with(self, phrases: Sequence[str]) -> list[Candidates | None]:
        """Return the documents that have every word of a phrase, for each; None: no index has them.

        Args:
            phrases: Each is folded words with blanks between them.

        Returns:
            The live documents, each with how often it has the rarest of the words.
        """
        split = [list(dict.fromkeys(sure_words_of(one, self._analysis))) for one in phrases]
        words = list(dict.fromkeys(itertools.chain(*split)))
        rows, frequencies = kernels.find_words(
            self._postings, [word.encode() for word in words], self._live
        )
        order = np.argsort(frequencies, kind="stable").tolist()
        rank = {words[number]: (place, number) for place, number in enumerate(order)}
        listed = cache(lambda number: self._documents_of(rows[:, number]))
        return [
            self._with_all([listed(number) for _, number in sorted(rank[word] for word in one)])
            if one
            else None
            for one in split
        ]

    def _with_all(self, listed: Sequence[tuple[IntVector, FloatVector]]) -> Candidates:
        """Return the live documents that all lists have; the first list is the shortest."""
        documents, counts = listed[0]
        for others, _ in listed[1:]:
            if not len(documents) or not len(others):
                return Candidates(documents[:0], counts[:0])
            places = np.minimum(others.searchsorted(documents), len(others) - 1)
            kept = others[places] == documents
            documents, counts = documents[kept], counts[kept]
        live = self._live[documents]
        return Candidates(documents[live], counts[live])

    def _documents_of(self, rows: IntVector) -> tuple[IntVector, FloatVector]:
        """Return the documents of a word by its row in each segment, and how often they have it."""
        documents, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for i, row in enumerate(rows.tolist()):
            part = self._postings.parts[i]
            listed = slice(0, 0)
            if row >= 0:
                listed = slice(*part.posting_offsets[row : row + 2].tolist())
            documents.append(part.documents[listed] + self._starts[i])
            counts.append(part.counts[listed].astype(np.float32))
        return np.concatenate(documents), np.concatenate(counts)

    @cached_property
    def _postings(self) -> kernels.WordPostings:
        return kernels.WordPostings([_arrays_of(words) for words in self._words])

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


def _arrays_of(words: SegmentWords) -> kernels.WordArrays:
    word_offsets, word_bytes = words.word_arrays
    offsets, documents, counts = words.posting_lists
    return kernels.WordArrays(
        word_offsets, word_bytes, offsets, documents, counts, words.n_documents
    )


def best_by_words(
    scores: FloatVector, allowed: NDArray[np.bool_], n: int | None, *, without_words: bool = False
) -> Candidates:
    """Return the ``n`` best of the allowed documents that have a word of the query; None: all.

    With them come all that score as the last of them, in no order.

    Args:
        scores: From ``Lexicon.scores``.
        allowed: Shape (n_documents,), bool: which documents may be found.
        n: How many at most.
        without_words: Whether those without a word count too.
    """
    documents = np.flatnonzero(allowed if without_words else (scores > 0) & allowed)
    found = Candidates(documents, scores[documents])
    return found if n is None else found.best_and_equals(n)
