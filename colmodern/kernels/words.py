"""The arithmetic of BM25: where are the words of a query, and what do documents score by them?

As in ``colmodern.kernels``: arguments are checked here, once, when the postings of the segments of
an index are put together; ``reference.py`` defines what is computed for the documents of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from colmodern.kernels import reference
from colmodern.kernels.checks import check_array, check_threads
from colmodern.kernels.isa import REFERENCE, active_isa, native
from colmodern.kernels.operands import WordArrays
from colmodern.types import FloatVector, IntVector


class WordPostings:
    """The words of some segments; documents are numbered through all of them."""

    def __init__(self, parts: Sequence[WordArrays]) -> None:
        """Check the types and shapes of arrays; values are checked when they are used.

        Raises:
            TypeError: An array has another dtype than the kernels read.
            ValueError: It has another shape, or is not C-contiguous.
        """
        for part in parts:
            _check_part(part)
        self.parts = tuple(parts)
        self.starts = np.cumsum([0, *(part.n_documents for part in parts)], dtype=np.int64)

    @property
    def n_documents(self) -> int:
        """How many documents all segments have."""
        return int(self.starts[-1])

    @cached_property
    def handle(self) -> Any:
        """The same as the native kernels take it."""
        handle = native().Words()
        for part in self.parts:
            handle.add(
                part.word_offsets,
                part.word_bytes,
                part.posting_offsets,
                part.documents,
                part.counts,
                part.n_documents,
            )
        return handle


class CountedWords(NamedTuple):
    """The words of some documents, and which documents have each.

    Attributes:
        word_offsets: Shape (n_words + 1,), int64: where the bytes of each word begin.
        word_bytes: Shape (n_bytes,), uint8: the UTF-8 bytes of all words, ascending.
        offsets: Shape (n_words + 1,), int64: where the documents of each word begin.
        documents: Shape (n_postings,), uint32: those of a word ascend.
        counts: Shape (n_postings,), uint16: how often each has the word, 65,535 times at most.
        lengths: Shape (n_documents,), uint32: how many words each document has.
    """

    word_offsets: IntVector
    word_bytes: NDArray[np.uint8]
    offsets: IntVector
    documents: NDArray[np.uint32]
    counts: NDArray[np.uint16]
    lengths: NDArray[np.uint32]


def count_words(
    texts: Iterable[str], split: Callable[[str], Sequence[str]], *, is_newest: bool = True
) -> CountedWords:
    """Count the words of documents.

    Args:
        texts: The text of each document.
        split: Returns the words of a text.
        is_newest: Whether it does so as ``colmodern.text.words`` has it; then native code splits
            what is ASCII, and asks for the rest alone.
    """
    if active_isa() == REFERENCE or not is_newest:
        return CountedWords(*reference.count_words(map(split, texts)))
    counter = native().WordCounter()
    for text in texts:
        for run in counter.add(text):
            for word in split(run):
                counter.add_word(word)
        counter.end_document()
    n = counter.n_words, counter.n_bytes, counter.n_postings, counter.n_documents
    counted = CountedWords(
        np.zeros(n[0] + 1, np.int64),
        np.empty(n[1], np.uint8),
        np.zeros(n[0] + 1, np.int64),
        np.empty(n[2], np.uint32),
        np.empty(n[2], np.uint16),
        np.empty(n[3], np.uint32),
    )
    counter.write(*counted)
    return counted


def find_words(
    postings: WordPostings, words: Sequence[bytes], live: NDArray[np.bool_] | None = None
) -> tuple[IntVector, IntVector]:
    """Return where words are in each segment, and how many documents have each.

    Args:
        postings: Where to look.
        words: In UTF-8.
        live: Shape (n_documents,), bool: the documents that count; None: all of them.

    Returns:
        Rows of shape (n_segments, n_words), int64, -1 where a segment lacks a word; and numbers of
        documents, shape (n_words,), int64.

    Raises:
        ValueError: An offset or a document lies outside what there is.
    """
    if live is not None:
        check_array("live", live, (np.bool_,), (postings.n_documents,))
    rows = np.empty((len(postings.parts), len(words)), np.int64)
    frequencies = np.zeros(len(words), np.int64)
    if active_isa() == REFERENCE:
        everything = np.ones(postings.n_documents, np.bool_) if live is None else live
        for i, part in enumerate(postings.parts):
            here = everything[postings.starts[i] : postings.starts[i + 1]]
            rows[i], found = reference.find_words(part, words, here)
            frequencies += found
        return rows, frequencies
    native().find_words(postings.handle, words, live, rows, frequencies)
    return rows, frequencies


def score_words(
    postings: WordPostings,
    rows: IntVector,
    weights: FloatVector,
    saturations: FloatVector,
    *,
    threads: int = 1,
) -> FloatVector:
    """Return what documents score by words: a saturated count of each, by its weight.

    Args:
        postings: Where the words are.
        rows: From ``find_words``.
        weights: Shape (n_words,), float32: what a word brings at most.
        saturations: Shape (n_documents,), float32: the count that brings half of it.
        threads: How many threads to use; they split segments.

    Returns:
        Shape (n_documents,), float32; 0 for a document without any of the words.

    Raises:
        ValueError: An offset, a row or a document lies outside what there is.
    """
    check_threads(threads)
    check_array("weights", weights, (np.float32,), ("n_words",))
    check_array("rows", rows, (np.int64,), (len(postings.parts), len(weights)))
    check_array("saturations", saturations, (np.float32,), (postings.n_documents,))
    if active_isa() == REFERENCE:
        found = [np.zeros(0, np.float32)]
        for i, part in enumerate(postings.parts):
            here = saturations[postings.starts[i] : postings.starts[i + 1]]
            found.append(reference.score_words(part, rows[i], weights, here))
        return np.concatenate(found)
    scores = np.empty(postings.n_documents, np.float32)
    native().score_words(postings.handle, rows, weights, saturations, threads, scores)
    return scores


def _check_part(part: WordArrays) -> None:
    check_array("word_offsets", part.word_offsets, (np.int64,), ("n_words + 1",))
    check_array("word_bytes", part.word_bytes, (np.uint8,), ("n_bytes",))
    n_offsets = len(part.word_offsets)
    if not n_offsets:
        raise ValueError("word_offsets must hold at least one number, got none.")
    check_array("posting_offsets", part.posting_offsets, (np.int64,), (n_offsets,))
    check_array("documents", part.documents, (np.uint16, np.uint32), ("n_postings",))
    check_array("counts", part.counts, (np.uint16,), (len(part.documents),))
