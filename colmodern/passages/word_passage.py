"""Which part of a document holds the words of a query? From its text, for BM25 hits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from colmodern.passages.passage import Passage
from colmodern.passages.windows import best_passages, maxima_of
from colmodern.text.words import word_spans, words_of
from colmodern.types import Metadata


def word_passage(
    query: str, text: str, idf: Callable[[str], float], metadata: Metadata
) -> Passage | None:
    """Return the passage that has the words of a query that say most.

    Args:
        query: The query.
        text: The document's text.
        idf: How much a word says.
        metadata: What is kept beside the document, which tells places in it.

    Returns:
        The passage; None if the text has none of the words (the title may).
    """
    columns = {word: number for number, word in enumerate(dict.fromkeys(words_of(query)))}
    weights = np.array([idf(word) for word in columns], np.float32)
    found = word_spans(text)
    scores = np.zeros((len(found), len(columns)), np.float32)
    for row, (word, _, _) in enumerate(found):
        if word in columns:
            scores[row, columns[word]] = weights[columns[word]]
    if not scores.any():
        return None
    spans = np.array([(start, end) for _, start, end in found], np.int32)
    passages = best_passages(maxima_of(scores), spans, text, 1, metadata)
    return passages[0] if passages else None
