"""What do documents score by the words they share with a query?

BM25 in Lucene's form (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and
Beyond, 2009): a word with count c in a document of length l brings

    idf * c / (c + k1 * (1 - b + b * l / mean length)),  idf = ln(1 + (N - n + 0.5) / (n + 0.5))

where n of N documents have it. Counts, lengths and N are those of the living documents, so scores
do not depend on how an index came about: added to, deleted from, compacted or built at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colmodern.searcher.candidates import Candidates
from colmodern.storage import Segment, SegmentWords
from colmodern.text.words import words_of
from colmodern.types import FloatVector, IntVector

K1, B = 1.2, 0.75
"""Robertson's constants as Anserini sets them, which do well on long and short documents."""


class _Posting(NamedTuple):
    """The living documents of one segment that have a word, and how often."""

    documents: IntVector
    counts: FloatVector


class Lexicon:
    """The words of a snapshot."""

    def __init__(self, segments: Sequence[Segment], words: Sequence[SegmentWords]) -> None:
        """Take the segments and their words, in the same order."""
        self._segments = segments
        self._words = words

    def idf(self, word: str) -> float:
        """Return how much a word says; 0 for one that no living document has."""
        n = sum(len(posting.documents) for posting in self._postings(word))
        return self._idf(n)

    def scores(self, query: str) -> list[FloatVector]:
        """Return the score of every document, for each segment; float32, 0 without a word.

        The cost is that of the postings of the query's words, and one pass over the documents.
        """
        scores = [np.zeros(segment.n_documents, np.float32) for segment in self._segments]
        for word, times in Counter(words_of(query)).items():
            postings = self._postings(word)
            idf = times * self._idf(sum(len(posting.documents) for posting in postings))
            for total, posting, saturation in zip(scores, postings, self._saturations, strict=True):
                counts = posting.counts
                total[posting.documents] += idf * (
                    counts / (counts + saturation[posting.documents])
                )
        return scores

    def _postings(self, word: str) -> list[_Posting]:
        return [
            _living(segment.alive, *words.postings(word))
            for segment, words in zip(self._segments, self._words, strict=True)
        ]

    def _idf(self, n: int) -> float:
        return float(np.log1p((self._n_documents - n + 0.5) / (n + 0.5))) if n else 0.0

    @cached_property
    def _n_documents(self) -> int:
        return sum(int(segment.alive.sum()) for segment in self._segments)

    @cached_property
    def _saturations(self) -> list[FloatVector]:
        """k1 * (1 - b + b * length / mean length) of each document, for each segment."""
        pairs = list(zip(self._segments, self._words, strict=True))
        total = sum(
            int(words.lengths[segment.alive].sum(dtype=np.int64)) for segment, words in pairs
        )
        mean = total / max(1, self._n_documents) or 1.0
        return [
            (K1 * (1 - B + B / mean * words.lengths)).astype(np.float32) for words in self._words
        ]


def best_by_words(
    scores: Sequence[FloatVector], allowed: Sequence[NDArray[np.bool_]], n: int
) -> Candidates:
    """Return the ``n`` best of the allowed documents that have a word of the query.

    Args:
        scores: From ``Lexicon.scores``.
        allowed: For every segment, which of its documents may be found.
        n: How many at most.
    """
    found = [
        _best(np.flatnonzero((of_segment > 0) & mask), of_segment, n)
        for of_segment, mask in zip(scores, allowed, strict=True)
    ]
    return Candidates(
        np.repeat(np.arange(len(found)), [len(documents) for documents in found]),
        np.concatenate([np.zeros(0, np.int64), *found]),
        np.concatenate(
            [np.zeros(0, np.float32)]
            + [of_segment[documents] for of_segment, documents in zip(scores, found, strict=True)]
        ),
    ).best(n)


def _best(documents: IntVector, scores: FloatVector, n: int) -> IntVector:
    """Return those among documents that may be in the best ``n``, ties included, ascending."""
    if n >= len(documents):
        return documents
    of_documents = scores[documents]
    floor = np.partition(of_documents, len(documents) - n)[len(documents) - n]
    kept: IntVector = documents[of_documents >= floor]
    return kept


def _living(
    alive: NDArray[np.bool_], documents: NDArray[np.integer], counts: NDArray[np.uint16]
) -> _Posting:
    kept = alive[documents]
    return _Posting(documents[kept].astype(np.int64), counts[kept].astype(np.float32))
