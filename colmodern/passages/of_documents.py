"""Which passage of each of some documents matches a query best? Found for all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from colmodern.passages.passage import Passage
from colmodern.passages.scorer import DocumentScorer
from colmodern.passages.windows import (
    BLOCK_TOKENS,
    best_stretches,
    blocks_of,
    passage_of,
    window_score,
)
from colmodern.passages.word_passage import word_passage
from colmodern.types import FloatVector, IntVector, Metadata, Spans


@dataclass(frozen=True, slots=True, eq=False)
class DocumentText:
    """What a passage is cut from.

    Attributes:
        text: The document's text.
        metadata: What is kept beside it, which tells places in it.
        spans: Reads the characters of each token, shape (n_tokens, 2), int32.
    """

    text: str
    metadata: Metadata
    spans: Callable[[], Spans]


def vector_passages(
    scorer: DocumentScorer, documents: IntVector, texts: Sequence[DocumentText]
) -> list[Passage | None]:
    """Return the passage of each document whose tokens score best; None where no text matches.

    Args:
        scorer: Scores the documents' tokens.
        documents: Shape (n,), int64: their numbers.
        texts: Their texts, in the same order.
    """
    spans = [one.spans() for one in texts]
    blocks = [blocks_of(one) for one in spans]
    scores = scorer.maxima(documents, [one[:-1] for one in blocks], [one[1:] for one in blocks])
    stretches = [
        best_stretches(scores[i], blocks[i], spans[i], one.text, 1) for i, one in enumerate(texts)
    ]
    found = [i for i, one in enumerate(stretches) if one]
    tokens = [stretches[i][0].tokens for i in found]
    of_tokens = scorer.maxima(documents[found], tokens, [rows + 1 for rows in tokens])
    passages: list[Passage | None] = [None] * len(texts)
    for i, token_scores in zip(found, of_tokens, strict=True):
        one = texts[i]
        passages[i] = passage_of(stretches[i][0], token_scores, spans[i], one.text, one.metadata)
    return passages


def word_passages(
    query: str, idf: Callable[[str], float], texts: Sequence[DocumentText]
) -> list[Passage | None]:
    """Return the passage of each document that has the words of a query that say most.

    Args:
        query: The query.
        idf: How much a word says.
        texts: The texts of the documents.
    """
    return [word_passage(query, one.text, idf, one.metadata) for one in texts]


def window_scores(scorer: DocumentScorer, documents: IntVector, lengths: IntVector) -> FloatVector:
    """Return what the best window of each document scores on its own, shape (n,), float32.

    Args:
        scorer: Scores the documents' tokens.
        documents: Shape (n,), int64: their numbers.
        lengths: Shape (n,), int64: how many tokens each has, at least one.
    """
    begins = [np.arange(0, n, BLOCK_TOKENS, dtype=np.int64) for n in lengths.tolist()]
    ends = [np.append(one[1:], n) for one, n in zip(begins, lengths.tolist(), strict=True)]
    scores = scorer.maxima(documents, begins, ends)
    return np.array([window_score(one) for one in scores], np.float32)
