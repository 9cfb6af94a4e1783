"""Which parts of a document hold most of its score?

Works on the scores of document tokens for query tokens; knows nothing of indexes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.passages.passage import Passage
from colmodern.passages.places import Place, place_of
from colmodern.text.sentences import whole_sentences
from colmodern.types import FloatMatrix, FloatVector, IntVector, Metadata, Spans

BLOCK_TOKENS = 16
WINDOW_BLOCKS = 5
_HIGHLIGHT_FLOOR = 0.6  # a query token is shown if its match is this good beside the best one's

Maxima: TypeAlias = Callable[[IntVector], FloatMatrix]
"""Takes offsets, shape (n_spans + 1,), of spans of a document's tokens; returns the best score of
each query token in each span, shape (n_spans, n_query_tokens), float32."""


class Stretch(NamedTuple):
    """A part of a document: its characters, and the numbers of the tokens within them."""

    start: int
    end: int
    tokens: IntVector


def best_passage(maxima: Maxima, spans: Spans, text: str) -> Passage | None:
    """Return the window of tokens that scores best on its own, grown to whole sentences.

    Args:
        maxima: What a query scores in spans of the document's tokens.
        spans: Shape (n_tokens, 2), int32: characters of each token in ``text``. Tokens before the
            first and after the last that stands in the text (a title's) are left out.
        text: The document's text.

    Returns:
        The passage, or None if no token stands in the text or the query has no tokens.
    """
    found = best_passages(maxima, spans, text, 1)
    return found[0] if found else None


def best_passages(
    maxima: Maxima, spans: Spans, text: str, n: int, metadata: Metadata | None = None
) -> list[Passage]:
    """Return the ``n`` windows of tokens that score best on their own, grown to whole sentences.

    They do not overlap; fewer if there are fewer. Each has the score of all its tokens, those by
    which it grew included, and they are in that order, best first. See ``best_passage``. With the
    document's metadata each has its place.
    """
    blocks = blocks_of(spans)
    passages = []
    for stretch in best_stretches(maxima(blocks), blocks, spans, text, n):
        tokens = stretch.tokens
        scores = maxima(_offsets(tokens[0], tokens[-1] + 1, 1))[tokens - tokens[0]]
        passages.append(passage_of(stretch, scores, spans, text, metadata))
    return sorted(passages, key=lambda passage: -passage.score)


def blocks_of(spans: Spans) -> IntVector:
    """Return the offsets of blocks of tokens, from the first that stands in the text to the last.

    Args:
        spans: Shape (n_tokens, 2), int32.

    Returns:
        Shape (n_blocks + 1,), int64; a single number if no token stands in the text.
    """
    inside = (spans[:, 1] > spans[:, 0]).nonzero()[0]
    if len(inside) == 0:
        return np.zeros(1, np.int64)
    return _offsets(inside[0], inside[-1] + 1, BLOCK_TOKENS)


def best_stretches(
    scores: FloatMatrix, blocks: IntVector, spans: Spans, text: str, n: int
) -> list[Stretch]:
    """Return the ``n`` best windows of blocks, grown to whole sentences; none overlaps another.

    Args:
        scores: The best score of each query token in each block, shape (n_blocks, n_query).
        blocks: From ``blocks_of``.
        spans: Shape (n_tokens, 2), int32.
        text: The document's text.
        n: How many at most.
    """
    if len(scores) == 0 or scores.shape[1] == 0:
        return []
    totals = _window_totals(scores)
    found: list[Stretch] = []
    while len(found) < n:
        best = int(totals.argmax())
        if not totals[best] > -np.inf:
            break
        last = min(best + WINDOW_BLOCKS, len(blocks) - 1)
        stretch = _grown(spans, text, blocks[best], blocks[last])
        if stretch is None or any(_overlap(stretch, other) for other in found):
            totals[best] = -np.inf
        else:
            found.append(stretch)
            totals[max(0, best - WINDOW_BLOCKS + 1) : best + WINDOW_BLOCKS] = -np.inf
    return found


def passage_of(
    stretch: Stretch, scores: FloatMatrix, spans: Spans, text: str, metadata: Metadata | None
) -> Passage:
    """Return a stretch of a document as a passage.

    Args:
        stretch: From ``best_stretches``.
        scores: What each of its tokens scores for each query token, shape (n, n_query), float32.
        spans: Those of all tokens of the document.
        text: The document's text.
        metadata: What is kept beside it, which tells the place; None: it has none.
    """
    best: FloatVector = np.maximum.reduce(scores, axis=0)
    highlights = _highlights(scores, best, spans[stretch.tokens])
    place = Place()
    if metadata is not None:
        middle = highlights[len(highlights) // 2][0] if highlights else stretch.start
        place = place_of(metadata, text, middle)
    return Passage(
        stretch.start,
        stretch.end,
        text.count("\n", 0, stretch.start) + 1,
        text[stretch.start : stretch.end],
        float(np.add.reduce(best, dtype=np.float64)),
        highlights,
        place,
    )


def maxima_of(scores: FloatMatrix) -> Maxima:
    """Return the best scores in spans of a document of which every token's scores are known.

    Args:
        scores: Shape (n_tokens, n_query), float32.
    """

    def maxima(offsets: IntVector) -> FloatMatrix:
        if len(offsets) == 1:
            return scores[:0]
        part: FloatMatrix = np.maximum.reduceat(scores[: offsets[-1]], offsets[:-1], axis=0)
        return part

    return maxima


def window_score(scores: FloatMatrix) -> float:
    """Return what the window that scores best on its own scores.

    Args:
        scores: The best score of each query token in blocks of a document, at least one.
    """
    return float(_window_totals(scores).max())


def tokens_within(spans: Spans, start: int, end: int) -> IntVector:
    """Return which tokens stand wholly within some characters, ascending."""
    starts, ends = spans[:, 0], spans[:, 1]
    return ((starts >= start) & (ends <= end) & (ends > starts)).nonzero()[0]


def _grown(spans: Spans, text: str, first: int, last: int) -> Stretch | None:
    """Return tokens ``first`` to ``last`` grown to whole sentences; None if none is in the text."""
    of_window = spans[first:last]
    # A foreign index may hold spans that leave the text: such a token has no place in it.
    in_text = (of_window[:, 1] > of_window[:, 0]) & (of_window[:, 1] <= len(text))
    of_window = of_window[in_text]
    if len(of_window) == 0:
        return None
    end = np.maximum.reduce(of_window[:, 1])
    start, end = whole_sentences(text, int(of_window[0, 0]), int(end))
    tokens = tokens_within(spans, start, end)
    return Stretch(start, end, tokens) if len(tokens) else None


def _overlap(one: Stretch, other: Stretch) -> bool:
    return one.start < other.end and other.start < one.end


def _offsets(first: int, last: int, step: int) -> IntVector:
    offsets = np.arange(first, last + step, step, dtype=np.int64)
    offsets[-1] = last
    return offsets


def _window_totals(blocks: FloatMatrix) -> FloatVector:
    """Return the score of each window of consecutive blocks, by its first block."""
    n_windows = max(1, len(blocks) - WINDOW_BLOCKS + 1)
    windows = blocks[:n_windows].copy()
    for shift in range(1, min(WINDOW_BLOCKS, len(blocks))):
        np.maximum(windows, blocks[shift : shift + n_windows], out=windows)
    totals: FloatVector = np.add.reduce(windows, axis=1)
    return totals


def _highlights(
    scores: FloatMatrix, best: FloatVector, spans: Spans
) -> tuple[tuple[int, int], ...]:
    """Return merged spans of the tokens that the well-matched query tokens matched."""
    floor = _HIGHLIGHT_FLOOR * np.maximum.reduce(best)
    wanted: NDArray[np.bool_] = (scores == best) & (best >= floor)
    marked: list[tuple[int, int]] = []
    for start, end in sorted(set(map(tuple, spans[np.logical_or.reduce(wanted, axis=1)].tolist()))):
        if marked and start <= marked[-1][1]:
            marked[-1] = (marked[-1][0], max(end, marked[-1][1]))
        else:
            marked.append((start, end))
    return tuple(marked)
