"""Which part of a document holds most of its score?

Works on the scores of every document token for every query token; knows nothing of indexes.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from colmodern.searcher.hits import Passage
from colmodern.types import FloatMatrix, Spans

BLOCK_TOKENS = 16
WINDOW_BLOCKS = 5
_MAX_STRETCH = 160  # characters a passage may grow on each side to end at a sentence
_BOUNDARY = re.compile(r"(?<=[.!?…])\s+|\n\s*\n|\n(?=[#\-*>|])")
_HIGHLIGHT_FLOOR = 0.6  # a query token is shown if its match is this good beside the best one's


def best_passage(scores: FloatMatrix, spans: Spans, text: str) -> Passage | None:
    """Return the window of tokens that scores best on its own, grown to whole sentences.

    Args:
        scores: Shape (n_tokens, n_query_tokens), float32: similarity of each pair.
        spans: Shape (n_tokens, 2), int32: characters of each token in ``text``; empty spans
            (tokens that do not stand in the text, such as a title's) are left out.
        text: The document's text.

    Returns:
        The passage, or None if no token stands in the text or the query has no tokens.
    """
    inside = spans[:, 1] > spans[:, 0]
    if not inside.any() or scores.shape[1] == 0:
        return None
    scores, spans = scores[inside], spans[inside]
    first, last, score = _best_window(scores)
    start, end = _whole_sentences(text, int(spans[first, 0]), int(spans[last - 1, 1]))
    highlights = _highlights(scores[first:last], spans[first:last])
    line = text.count("\n", 0, start) + 1
    return Passage(start, end, line, text[start:end], score, highlights)


def _best_window(scores: FloatMatrix) -> tuple[int, int, float]:
    """Return (first token, one past the last, score) of the best window of consecutive blocks."""
    n_tokens = len(scores)
    starts = np.arange(0, n_tokens, BLOCK_TOKENS)
    blocks = np.maximum.reduceat(scores, starts, axis=0)
    n_windows = max(1, len(blocks) - WINDOW_BLOCKS + 1)
    windows = blocks[:n_windows].copy()
    for shift in range(1, min(WINDOW_BLOCKS, len(blocks))):
        np.maximum(windows, blocks[shift : shift + n_windows], out=windows)
    totals = windows.sum(axis=1)
    best = int(totals.argmax())
    first = best * BLOCK_TOKENS
    return first, min(n_tokens, first + WINDOW_BLOCKS * BLOCK_TOKENS), float(totals[best])


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
