"""Which words do texts have, and which documents have a word? Counted from the texts.

They follow from titles and texts alone, so ``verify`` can count them again and compare.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import pyarrow as pa

from colmodern import kernels
from colmodern.kernels import CountedWords
from colmodern.storage.format.manifest import Manifest, SegmentRecord
from colmodern.storage.format.schemas import document_dtype, words_schema
from colmodern.storage.format.tables import lists, structs
from colmodern.text.words import ANALYSIS, words_of

__all__ = ["count_words", "has_all_words", "has_words", "word_columns"]


def has_words(record: SegmentRecord) -> bool:
    """Return whether a segment has words, split as this program splits a query."""
    return record.words is not None and record.words.analysis == ANALYSIS


def has_all_words(manifest: Manifest) -> bool:
    """Return whether every segment of an index has words."""
    return all(map(has_words, manifest.segments))


def word_columns(counted: CountedWords, *, n_documents: int) -> tuple[Any, list[Any]]:
    """Return the schema and the columns of a words file."""
    schema = words_schema(n_documents=n_documents)
    documents = counted.documents.astype(document_dtype(n_documents), copy=False)
    kind = schema.field("postings").type.value_type
    buffers = [None, *map(pa.py_buffer, (counted.word_offsets, counted.word_bytes))]
    n_words = len(counted.word_offsets) - 1
    return schema, [
        pa.Array.from_buffers(pa.large_string(), n_words, buffers),
        lists(counted.offsets, structs(kind, [documents, counted.counts])),
    ]


def count_words(texts: Iterable[str], analysis: str = ANALYSIS) -> CountedWords:
    """Count the words of each document's title and text, split as an analysis does."""
    split = partial(words_of, analysis=analysis)
    return kernels.count_words(texts, split, is_newest=analysis == ANALYSIS)
