"""Which words do texts have, and which documents have a word? Counted from the texts.

They follow from titles and texts alone, so ``verify`` can count them again and compare.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from colmodern.storage.format.manifest import Manifest, SegmentRecord
from colmodern.storage.format.schemas import DocumentIds, document_dtype, words_schema
from colmodern.storage.format.tables import lists, structs
from colmodern.text.words import ANALYSIS, words_of
from colmodern.types import IntVector

__all__ = ["CountedWords", "count_words", "has_all_words", "has_words", "word_columns"]

_MAX_COUNT = np.iinfo(np.uint16).max


class CountedWords(NamedTuple):
    """Words ascending by their bytes; for each its documents and counts; lengths of documents."""

    words: list[str]
    offsets: IntVector
    documents: DocumentIds
    counts: NDArray[np.uint16]
    lengths: NDArray[np.uint32]


def has_words(record: SegmentRecord) -> bool:
    """Return whether a segment has words, split as this program splits a query."""
    return record.words is not None and record.words.analysis == ANALYSIS


def has_all_words(manifest: Manifest) -> bool:
    """Return whether every segment of an index has words."""
    return all(map(has_words, manifest.segments))


def word_columns(counted: CountedWords, *, n_documents: int) -> tuple[Any, list[Any]]:
    """Return the schema and the columns of a words file."""
    schema = words_schema(n_documents=n_documents)
    postings = structs(
        schema.field("postings").type.value_type, [counted.documents, counted.counts]
    )
    return schema, [
        pa.array(counted.words, pa.large_string()),
        lists(counted.offsets, postings),
    ]


def count_words(texts: Iterable[str], n_documents: int, analysis: str = ANALYSIS) -> CountedWords:
    """Count the words of each document's title and text, split as an analysis does."""
    numbers: dict[str, int] = {}
    lengths, distinct = array("I"), array("I")
    word_numbers, counts = array("I"), array("I")
    for text in texts:
        counter = Counter(words_of(text, analysis))
        lengths.append(counter.total())
        distinct.append(len(counter))
        word_numbers.extend(numbers.setdefault(word, len(numbers)) for word in counter)
        counts.extend(counter.values())
    words = sorted(numbers, key=lambda word: word.encode("utf-8"))
    ranks = np.empty(len(words), np.int64)
    ranks[[numbers[word] for word in words]] = np.arange(len(words))
    of_postings = ranks[_vector(word_numbers)]
    order = np.argsort(of_postings, kind="stable")  # documents of a word stay ascending
    documents = np.repeat(np.arange(n_documents), _vector(distinct))
    offsets = np.zeros(len(words) + 1, np.int64)
    np.cumsum(np.bincount(of_postings, minlength=len(words)), out=offsets[1:])
    return CountedWords(
        words,
        offsets,
        documents[order].astype(document_dtype(n_documents)),
        np.minimum(_vector(counts), _MAX_COUNT).astype(np.uint16)[order],
        _vector(lengths),
    )


def _vector(values: array[int]) -> NDArray[np.uint32]:
    return np.frombuffer(values, np.uint32) if len(values) else np.zeros(0, np.uint32)
