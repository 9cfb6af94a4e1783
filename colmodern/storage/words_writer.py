"""How the words of a segment are counted and written: once, at the commit that first names it.

They follow from titles and texts alone, so an index that an older program made gets them at its
next commit, and ``verify`` can count them again and compare.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from colmodern.storage.layout import (
    DocumentIds,
    document_dtype,
    lengths_name,
    lengths_schema,
    words_name,
    words_schema,
)
from colmodern.storage.manifest import CodecRecord, Manifest, SegmentRecord, WordsRecord
from colmodern.storage.segment import Segment
from colmodern.storage.tables import damaged, lists, structs, write_table
from colmodern.storage.words import SegmentWords
from colmodern.text.words import ANALYSIS, words_of
from colmodern.types import IntVector

__all__ = ["check_words", "has_all_words", "has_words", "with_words"]

_MAX_COUNT = np.iinfo(np.uint16).max


class _Counted(NamedTuple):
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


def with_words(
    folder: Path, record: SegmentRecord, codec: CodecRecord, *, generation: int
) -> SegmentRecord:
    """Return the record of a segment that has words, writing them if it has none.

    Raises:
        IndexCorruptError: A text of the segment is damaged.
        OSError: The disk is full or refuses; the caller says what that means.
    """
    if has_words(record):
        return record
    counted = _count(_texts(Segment(folder, record, codec)), record.n_documents)
    schema = words_schema(n_documents=record.n_documents)
    postings = structs(
        schema.field("postings").type.value_type, [counted.documents, counted.counts]
    )
    columns = [
        pa.array(counted.words, pa.large_string()),
        lists(counted.offsets, postings),
    ]
    words = WordsRecord(
        ANALYSIS,
        write_table(folder, words_name(record.name, generation), schema, columns),
        write_table(
            folder,
            lengths_name(record.name, generation),
            lengths_schema(),
            [pa.array(counted.lengths)],
        ),
    )
    return dataclasses.replace(record, words=words)


def check_words(folder: Path, segment: Segment) -> None:
    """Compare the words of a segment with its texts, if this program can count them.

    Raises:
        IndexCorruptError: They differ.
    """
    record = segment.record.words
    if record is None or record.analysis != ANALYSIS:
        return
    found = SegmentWords(folder, record, n_documents=segment.n_documents)
    expected = _count(_texts(segment), segment.n_documents)
    if not np.array_equal(found.lengths, expected.lengths):
        raise damaged(folder / record.lengths.name, "it is not what the texts give")
    lists_found = found.posting_lists
    lists_expected = (expected.offsets, expected.documents, expected.counts)
    same = all(map(np.array_equal, lists_found, lists_expected))
    if not same or list(found.words) != expected.words:
        raise damaged(folder / record.postings.name, "it is not what the texts give")


def _texts(segment: Segment) -> Iterable[str]:
    """Yield what BM25 sees of each document: its title and its text."""
    return (f"{segment.titles[i]} {segment.texts[i]}" for i in range(segment.n_documents))


def _count(texts: Iterable[str], n_documents: int) -> _Counted:
    numbers: dict[str, int] = {}
    lengths, distinct = array("I"), array("I")
    word_numbers, counts = array("I"), array("I")
    for text in texts:
        counter = Counter(words_of(text))
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
    return _Counted(
        words,
        offsets,
        documents[order].astype(document_dtype(n_documents)),
        np.minimum(_vector(counts), _MAX_COUNT).astype(np.uint16)[order],
        _vector(lengths),
    )


def _vector(values: array[int]) -> NDArray[np.uint32]:
    return np.frombuffer(values, np.uint32) if len(values) else np.zeros(0, np.uint32)
