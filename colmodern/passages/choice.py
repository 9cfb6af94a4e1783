"""Which windows of a document answer a query? The definition; ``csrc/passages`` does it fast.

A document is cut into units (sentences, rows, items). A window is as many units in a row as hold
``WINDOW_TOKENS`` tokens, under one heading. Three things speak for it, each in standard deviations
over the document's windows: the sum of its matches (MaxSim of the window alone); the BM25 of the
query's words in it; and the matches of the text around it, in which a query token counts by how
much its best match stands out from its matches elsewhere in the document.
docs/lab/passages.md has what each is worth.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.frozen import frozen
from colmodern.kernels import REFERENCE, active_isa, native
from colmodern.passages.pieces import Cut, Pieces, pieces_of
from colmodern.text.units import UnitKind
from colmodern.types import FloatMatrix, IntVector

WINDOW_TOKENS = 128
WORD_WEIGHT = 0.25
CONTEXT_WEIGHT = 0.6
CONTEXT_PART, LEAST_CONTEXT = 16, 256
"""The text around a window has a sixteenth of the document's tokens, and at least so many."""
NEAR_PART, LEAST_NEAR = 32, 128
"""Windows are near each other whose middles are closer than a 32nd of the document's tokens."""
NEAR_LOSS = 0.6
"""What a window loses near each better one that is chosen."""
K1, B = 1.2, 0.75

Doubles: TypeAlias = NDArray[np.float64]


@frozen(eq=False)
class Chosen:
    """The best windows of documents that are apart.

    Attributes:
        windows: Shape (n_documents, n, 2), int64: the first piece of each window and the one past
            its last, counted in the document, -1 where there are no more.
        scores: Shape (n_documents, n), float64, less what those near a better one lose; minus
            infinity where there are no more.
        answers: Shape (n_pieces,), float64: how much of the query each piece answers alone.
    """

    windows: IntVector
    scores: Doubles
    answers: Doubles

    def within(self, deviations: float) -> Chosen:
        """Return those that score at most so many standard deviations less than the best."""
        kept = self.scores >= self.scores[:, :1] - deviations
        return Chosen(np.where(kept[:, :, None], self.windows, -1), self.scores, self.answers)


class ChosenWindow(NamedTuple):
    """A window of one document: its pieces from ``begin`` to ``end``, and its score."""

    begin: int
    end: int
    score: float


@frozen(eq=False)
class Windows:
    """The windows of a document: one begins with each piece.

    Attributes:
        ends: Shape (n,), int64: the piece past the last one of each.
        scores: Shape (n,), float64: how likely each answers.
        answers: Shape (n,), float64: how much of the query the first piece of each answers alone.
        parts: Shape (n, 3), float64: what matches, words and the text around bring to each score.
        middles: Shape (n,), float64: the token in the middle of each.
        near: Windows are near each other whose middles are fewer tokens apart.
    """

    ends: IntVector
    scores: Doubles
    answers: Doubles
    parts: Doubles
    middles: Doubles
    near: float

    def best(self, n: int) -> list[ChosenWindow]:
        """Return the ``n`` best that are apart, best first; those near a better one lose."""
        scores = self.scores.copy()
        begins = np.arange(len(scores))
        found: list[ChosenWindow] = []
        while len(found) < n and len(scores):
            best = int(scores.argmax())
            if scores[best] == -np.inf:
                break
            end = int(self.ends[best])
            found.append(ChosenWindow(best, end, float(scores[best])))
            scores[self.are_near(best)] -= NEAR_LOSS
            scores[(begins < end) & (self.ends > best)] = -np.inf
        return found

    def are_near(self, window: int) -> NDArray[np.bool_]:
        """Say which windows are near one of them, shape (n,), bool."""
        near: NDArray[np.bool_] = np.abs(self.middles - self.middles[window]) < self.near
        return near


def windows_of(
    pieces: Pieces, maxima: FloatMatrix | None, words: FloatMatrix, idf: Doubles, n_tokens: int
) -> Windows:
    """Return the windows of a document and their scores.

    Args:
        pieces: Its pieces, at least one.
        maxima: Shape (n_pieces, n_query_tokens), float32: the best match of each query token in
            each piece; None: only words are known, as in BM25.
        words: Shape (n_pieces, n_words), float32: how often each word of the query is in it.
        idf: Shape (n_words,), float64.
        n_tokens: How many tokens the document has.
    """
    ends = window_ends(pieces)
    lengths = _sums((pieces.ends - pieces.begins)[:, None].astype(np.float64), ends)[:, 0]
    by_words = _standard(_bm25(_sums(words.astype(np.float64), ends), lengths, idf))
    if maxima is None:
        evidence = ((words > 0) * idf).astype(np.float32).astype(np.float64)
        matches, by_words = by_words, np.zeros(len(ends))
    else:
        evidence = maxima.astype(np.float64)
        matches = _standard(_total(_maxima(evidence, np.arange(len(ends)), ends)))
        by_words = WORD_WEIGHT * by_words
    middles = (pieces.begins + pieces.ends[ends - 1]) / 2
    around = _around(pieces, ends, middles, evidence, n_tokens)
    context = _standard(_total(around * (around.max(axis=0) - _mean(around))))
    context *= CONTEXT_WEIGHT
    mean = _mean(evidence)
    answers = _total(np.maximum(evidence - mean, 0.0) * (evidence.max(axis=0) - mean))
    parts = np.stack([matches, by_words, context], axis=1)
    near = max(LEAST_NEAR, n_tokens / NEAR_PART)
    return Windows(ends, matches + by_words + context, answers, parts, middles, near)


def window_ends(pieces: Pieces) -> IntVector:
    """Return where the window that begins with each piece ends, shape (n,), int64."""
    n = len(pieces)
    offsets = np.concatenate([[0], np.cumsum(pieces.ends - pieces.begins)])
    by_length = offsets.searchsorted(offsets[:-1] + WINDOW_TOKENS, "right") - 1
    headings = np.append(np.flatnonzero(pieces.kinds == UnitKind.HEADING), n)
    by_heading = headings[headings.searchsorted(np.arange(n), "right")]
    ends: IntVector = np.maximum(np.minimum(by_length, by_heading), np.arange(1, n + 1))
    return ends


def _around(
    pieces: Pieces, ends: IntVector, middles: Doubles, evidence: Doubles, n_tokens: int
) -> Doubles:
    """Return the best matches in the text around each window, as many rows as windows."""
    room = max(LEAST_CONTEXT, n_tokens / CONTEXT_PART)
    firsts = pieces.ends.searchsorted(middles - room / 2, "right")
    lasts = pieces.begins.searchsorted(middles + room / 2, "left")
    number = np.arange(len(ends))
    return _maxima(evidence, np.minimum(firsts, number), np.maximum(lasts, ends))


def _bm25(counts: Doubles, lengths: Doubles, idf: Doubles) -> Doubles:
    saturation = K1 * (1 - B + B * lengths / max(1.0, lengths.mean()))
    return _total(counts / (counts + saturation[:, None]) * idf)


def _sums(values: Doubles, ends: IntVector) -> Doubles:
    """Return the sums of the rows of each window."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    found: Doubles = sums[ends] - sums[:-1]
    return found


def _maxima(rows: Doubles, begins: IntVector, ends: IntVector) -> Doubles:
    """Return the greatest of rows ``begins[i]`` to ``ends[i]``, for each i."""
    levels = [rows]
    while 2 ** len(levels) <= len(rows):
        half = 2 ** (len(levels) - 1)
        levels.append(np.maximum(levels[-1][:-half], levels[-1][half:]))
    found = np.empty((len(begins), rows.shape[1]))
    which = np.log2(ends - begins).astype(np.int64)
    for level in np.unique(which).tolist():
        chosen = np.flatnonzero(which == level)
        found[chosen] = np.maximum(
            levels[level][begins[chosen]], levels[level][ends[chosen] - 2**level]
        )
    return found


def _total(rows: Doubles) -> Doubles:
    """Return the sum of each row, added in the order of its columns as native code does."""
    if rows.shape[1] == 0:
        return np.zeros(len(rows))
    total: Doubles = np.cumsum(rows, axis=1)[:, -1]
    return total


def _mean(rows: Doubles) -> Doubles:
    """Return the mean of each column, added in the order of the rows."""
    return _total(rows.T) / len(rows)


def _standard(values: Doubles) -> Doubles:
    """Return values in standard deviations from their mean; zeros where all are alike."""
    from_mean = values - _mean(values[:, None])
    deviation = np.sqrt(_mean((from_mean * from_mean)[:, None])[0])
    if deviation <= 1e-9 * max(1.0, float(np.abs(values).max())):
        return np.zeros_like(values)
    standard: Doubles = from_mean / deviation
    return standard


def choose(
    found: Cut,
    n_tokens: Sequence[int],
    maxima: FloatMatrix | None,
    idf: Doubles,
    n: int,
    *,
    threads: int,
) -> Chosen:
    """Return the ``n`` best windows of each document that are apart, in one native call.

    Args:
        found: The documents in pieces.
        n_tokens: How many tokens each has.
        maxima: Shape (n_pieces, n_query_tokens), float32, as for ``windows_of``; of all pieces.
        idf: Shape (n_words,), float64.
        n: How many windows of each document, at least 1.
        threads: How many threads share the work.
    """
    chosen = np.full((len(n_tokens), n, 2), -1, np.int64)
    scores = np.full((len(n_tokens), n), -np.inf)
    answers = np.zeros(len(found.pieces))
    if active_isa() != REFERENCE:
        native().choose_windows(
            found.pieces,
            found.piece_offsets,
            np.array(n_tokens, np.int64),
            maxima,
            found.counts,
            idf,
            n,
            threads,
            chosen,
            scores,
            answers,
        )
        return Chosen(chosen, scores, answers)
    offsets = found.piece_offsets.tolist()
    for number, (begin, end) in enumerate(itertools.pairwise(offsets)):
        if begin == end:
            continue
        windows = windows_of(
            pieces_of(found.pieces[begin:end]),
            None if maxima is None else maxima[begin:end],
            found.counts[begin:end],
            idf,
            n_tokens[number],
        )
        for rank, one in enumerate(windows.best(n)):
            chosen[number, rank] = one.begin, one.end
            scores[number, rank] = one.score
        answers[begin:end] = windows.answers
    return Chosen(chosen, scores, answers)
