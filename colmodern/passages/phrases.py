"""Which windows of documents hold the phrases that a query has in quotes?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from colmodern.passages.choice import Chosen, Doubles, windows_of
from colmodern.passages.passage import Passage
from colmodern.passages.pieces import Cut, pieces_of
from colmodern.text.phrases import Phrase, spans_of_phrases
from colmodern.types import FloatMatrix, IntVector

MOST_PLACES = 64
"""Of a phrase in one document; it may stand in more."""
_DECISIVE = 1e6  # standard deviations: no window makes up for a phrase


def choose_with_phrases(
    phrases: Sequence[Phrase],
    texts: Sequence[str],
    found: Cut,
    n_tokens: Sequence[int],
    maxima: FloatMatrix | None,
    idf: Doubles,
    chosen: Chosen,
) -> None:
    """Choose again in documents that hold a phrase: windows that hold most phrases come first.

    Args:
        phrases: The phrases of the query.
        texts: The texts of the documents.
        found: The documents in pieces.
        n_tokens: How many tokens each has.
        maxima: As for ``choose``.
        idf: As for ``choose``.
        chosen: From ``choose``; changed in place. A piece with a part of a phrase then answers more
            than any other of its document.
    """
    answers = chosen.answers
    for number, text in enumerate(texts):
        begin, end = found.piece_offsets[number : number + 2].tolist()
        places = spans_of_phrases(text, phrases, MOST_PLACES)
        if begin == end or not any(places):
            continue
        pieces = pieces_of(found.pieces[begin:end])
        scores = windows_of(
            pieces,
            None if maxima is None else maxima[begin:end],
            found.counts[begin:end],
            idf,
            n_tokens[number],
        )
        starts = found.pieces[begin:end, 4]
        begins = np.arange(end - begin)
        most = float(answers[begin:end].max())
        for one in filter(len, places):
            first, last = _pieces_of_places(starts, one)
            held = (begins[:, None] <= first) & (scores.ends[:, None] > first)
            whole = held & (scores.ends[:, None] > last)
            scores.scores[:] += _DECISIVE * (held.any(axis=1).astype(int) + whole.any(axis=1))
            for a, b in zip(first.tolist(), last.tolist(), strict=True):
                answers[begin + a : begin + b + 1] = most + answers[begin + a : begin + b + 1]
        chosen.windows[number], chosen.scores[number] = -1, -np.inf
        for rank, best in enumerate(scores.best(chosen.windows.shape[1])):
            chosen.windows[number, rank] = best.begin, best.end
            chosen.scores[number, rank] = best.score


def _pieces_of_places(
    starts: IntVector, places: Sequence[tuple[int, int]]
) -> tuple[IntVector, IntVector]:
    """Return the first and the last piece of each place, by the first character of each piece."""
    spans = np.array(places, np.int64)
    first = np.maximum(starts.searchsorted(spans[:, 0], "right") - 1, 0)
    last = np.maximum(starts.searchsorted(spans[:, 1] - 1, "right") - 1, first)
    return first, last


def with_phrases_marked(passage: Passage, phrases: Sequence[Phrase]) -> Passage:
    """Return a passage with the phrases in it among its highlights."""
    spans = [
        (passage.start + a, passage.start + b)
        for places in spans_of_phrases(passage.text, phrases, MOST_PLACES)
        for a, b in places
    ]
    if not spans:
        return passage
    marked: list[tuple[int, int]] = []
    for start, end in sorted([*passage.highlights, *spans]):
        if marked and start <= marked[-1][1]:
            marked[-1] = (marked[-1][0], max(end, marked[-1][1]))
        else:
            marked.append((start, end))
    return replace(passage, highlights=tuple(marked))
