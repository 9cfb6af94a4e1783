"""Which part of a document holds most of its score?

Works on the scores of every document token for every query token; knows nothing of indexes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.searcher.hits import Passage
from colmodern.types import FloatMatrix, FloatVector, IntVector, Spans

BLOCK_TOKENS = 16
WINDOW_BLOCKS = 5
_MAX_STRETCH = 160  # characters a passage may grow on each side to end at a sentence
_BOUNDARY = re.compile(r"(?<=[.!?…])\s+|\n\s*\n|\n(?=[#\-*>|])")
_HIGHLIGHT_FLOOR = 0.6  # a query token is shown if its match is this good beside the best one's


Maxima: TypeAlias = Callable[[IntVector], FloatMatrix]
"""Takes offsets, shape (n_spans + 1,), of spans of a document's tokens; returns the best score of
each query token in each span, shape (n_spans, n_query_tokens), float32."""


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


def best_passages(maxima: Maxima, spans: Spans, text: str, n: int) -> list[Passage]:
    """Return the ``n`` windows of tokens that score best on their own, grown to whole sentences.

    They do not overlap; fewer if there are fewer. Each has the score of all its tokens, those by
    which it grew included, and they are in that order, best first. See ``best_passage``.
    """
    inside = np.flatnonzero(spans[:, 1] > spans[:, 0])
    if len(inside) == 0:
        return []
    blocks = _offsets(inside[0], inside[-1] + 1, BLOCK_TOKENS)
    of_blocks = maxima(blocks)
    if of_blocks.shape[1] == 0:
        return []
    totals = _window_totals(of_blocks)
    found: list[Passage] = []
    while len(found) < n and np.isfinite(totals).any():
        best = int(totals.argmax())
        last = min(best + WINDOW_BLOCKS, len(blocks) - 1)
        passage = _passage(maxima, spans, text, (blocks[best], blocks[last]))
        if passage is not None and not any(_overlap(passage, other) for other in found):
            found.append(passage)
            totals[max(0, best - WINDOW_BLOCKS + 1) : best + WINDOW_BLOCKS] = -np.inf
        else:
            totals[best] = -np.inf
    return sorted(found, key=lambda passage: -passage.score)


def window_score(maxima: Maxima, n_tokens: int) -> float:
    """Return what the window of tokens that scores best on its own scores.

    Args:
        maxima: What a query scores in spans of the document's tokens.
        n_tokens: How many there are, at least one.
    """
    return float(_window_totals(maxima(_offsets(0, n_tokens, BLOCK_TOKENS))).max())


def _passage(maxima: Maxima, spans: Spans, text: str, window: tuple[int, int]) -> Passage | None:
    first, last = window
    of_window = spans[first:last]
    of_window = of_window[of_window[:, 1] > of_window[:, 0]]
    if len(of_window) == 0:
        return None
    start, end = _whole_sentences(text, int(of_window[0, 0]), int(of_window[:, 1].max()))
    rows = tokens_within(spans, start, end)
    if len(rows) == 0:
        return None
    scores = maxima(_offsets(rows[0], rows[-1] + 1, 1))[rows - rows[0]]
    line = text.count("\n", 0, start) + 1
    score = float(scores.max(axis=0).sum(dtype=np.float64))
    return Passage(start, end, line, text[start:end], score, _highlights(scores, spans[rows]))


def tokens_within(spans: Spans, start: int, end: int) -> IntVector:
    """Return which tokens stand wholly within some characters, ascending."""
    within = (spans[:, 0] >= start) & (spans[:, 1] <= end) & (spans[:, 1] > spans[:, 0])
    return np.flatnonzero(within)


def _overlap(one: Passage, other: Passage) -> bool:
    return one.start < other.end and other.start < one.end


def _offsets(first: int, last: int, step: int) -> IntVector:
    return np.append(np.arange(first, last, step, dtype=np.int64), last)


def _window_totals(blocks: FloatMatrix) -> FloatVector:
    """Return the score of each window of consecutive blocks, by its first block."""
    n_windows = max(1, len(blocks) - WINDOW_BLOCKS + 1)
    windows = blocks[:n_windows].copy()
    for shift in range(1, min(WINDOW_BLOCKS, len(blocks))):
        np.maximum(windows, blocks[shift : shift + n_windows], out=windows)
    totals: FloatVector = windows.sum(axis=1)
    return totals


def _whole_sentences(text: str, start: int, end: int) -> tuple[int, int]:
    """Grow or cut the ends to sentence or paragraph boundaries where one is near."""
    low = max(0, start - _MAX_STRETCH)
    before = [match.end() for match in _BOUNDARY.finditer(text, low, start + 1)]
    if before:
        start = min(before[-1], start)
    elif low == 0:
        start = 0
    else:
        start = _word_start(text, start, low)
    after = _BOUNDARY.search(text, end, min(len(text), end + _MAX_STRETCH))
    if after is not None:
        end = after.start()
    elif end + _MAX_STRETCH >= len(text):
        end = len(text)
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _word_start(text: str, start: int, low: int) -> int:
    while start > low and not text[start - 1].isspace():
        start -= 1
    return start


def _highlights(scores: FloatMatrix, spans: Spans) -> tuple[tuple[int, int], ...]:
    """Return merged spans of the tokens that the well-matched query tokens matched."""
    best = scores.max(axis=0)
    wanted: NDArray[np.bool_] = (scores == best) & (best >= _HIGHLIGHT_FLOOR * best.max())
    marked: list[tuple[int, int]] = []
    for start, end in sorted({(int(a), int(b)) for a, b in spans[wanted.any(axis=1)]}):
        if marked and start <= marked[-1][1]:
            marked[-1] = (marked[-1][0], max(end, marked[-1][1]))
        else:
            marked.append((start, end))
    return tuple(marked)
