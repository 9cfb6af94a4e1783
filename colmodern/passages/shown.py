"""What is shown of a window? Whole units, those marked that answer, with what leads them in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern.passages.asked import DocumentText, PassageQuery
from colmodern.passages.choice import Chosen, Doubles
from colmodern.passages.highlights import highlights_of
from colmodern.passages.lead import lead_of
from colmodern.passages.passage import Passage, Sentence
from colmodern.passages.phrases import with_phrases_marked
from colmodern.passages.pieces import Cut
from colmodern.text.units import UnitKind
from colmodern.types import FloatMatrix, IntVector, Spans

MOST_CHARACTERS = 2000
"""A passage has no more: in a sentence may stand an encoded picture, or text without tokens."""
KINDS = tuple(kind.name.lower() for kind in UnitKind)
"""What each ``UnitKind`` is called in a ``Sentence``."""
_MOST_ANSWERS, _ANSWER_FLOOR = 3, 0.6  # sentences marked; each answers this much of the best one's


def bounds_of(text: str, found: Cut, number: int, window: IntVector) -> tuple[int, int]:
    """Return the characters of a window: whole units, but where one is cut into pieces."""
    base, of_units = int(found.piece_offsets[number]), int(found.unit_offsets[number])
    first, last = base + int(window[0]), base + int(window[1]) - 1
    pieces = found.pieces
    unit_start = int(found.units[of_units + pieces[first, 0], 0])
    unit_end = int(found.units[of_units + pieces[last, 0], 1])
    is_cut = first > base and pieces[first - 1, 0] == pieces[first, 0]
    start = int(pieces[first, 4]) if is_cut else unit_start
    is_cut = last + 1 < found.piece_offsets[number + 1] and pieces[last + 1, 0] == pieces[last, 0]
    end = int(pieces[last + 1, 4]) if is_cut else unit_end
    if not text[start:end].strip():  # many tokens at one place, or of white space
        start, end = unit_start, unit_end
    return start, start + len(text[start:end].rstrip())


def _shortened(start: int, end: int, scores: FloatMatrix, spans: Spans) -> tuple[int, int]:
    """Return at most ``MOST_CHARACTERS`` of a window: whole tokens around the best of them."""
    if end - start <= MOST_CHARACTERS:
        return start, end
    inside = _inside(spans, start, end)
    if not inside.any():
        return start, start + MOST_CHARACTERS
    scores, spans = scores[inside], spans[inside]
    best = int(spans[np.cumsum(scores, axis=1, dtype=np.float64)[:, -1].argmax(), 0])
    begin = max(start, best - MOST_CHARACTERS // 4)
    kept = spans[_inside(spans, begin, min(end, begin + MOST_CHARACTERS))]
    if best not in kept[:, 0]:  # it is longer than a passage itself
        return best, min(end, best + MOST_CHARACTERS)
    return int(kept[:, 0].min()), int(kept[:, 1].max())


def _inside(spans: Spans, start: int, end: int) -> NDArray[np.bool_]:
    """Return which tokens stand between two characters of the text."""
    found: NDArray[np.bool_] = (
        (spans[:, 0] >= start) & (spans[:, 1] <= end) & (spans[:, 1] > spans[:, 0])
    )
    return found


def passage_of(
    query: PassageQuery,
    one: DocumentText,
    found: Cut,
    number: int,
    window: IntVector,
    chosen: Chosen,
    scores: FloatMatrix,
    spans: Spans,
) -> Passage:
    """Return a window of a document as a passage.

    Args:
        query: What it answers.
        one: The document.
        found: All documents in pieces.
        number: Which of them it is.
        window: Its first piece, and the one past its last.
        chosen: The windows chosen of all, and how much of the query each piece answers.
        scores: What each of its tokens scores for each query token.
        spans: Where these tokens stand in the text.
    """
    whole = bounds_of(one.text, found, number, window)
    start, end = _shortened(*whole, scores, spans)
    if (start, end) != whole:
        kept = _inside(spans, start, end)
        scores, spans = scores[kept], spans[kept]
    sentences, best_one = _sentences(found, number, window, chosen.answers, start, end)
    units = found.units[found.unit_offsets[number] : found.unit_offsets[number + 1]]
    first = int(found.pieces[int(found.piece_offsets[number]) + int(window[0]), 0])
    best = np.maximum.reduce(scores, axis=0, initial=0.0)
    passage = Passage(
        start,
        end,
        one.text.count("\n", 0, start) + 1,
        one.text[start:end],
        float(np.cumsum(best, dtype=np.float64)[-1]),
        highlights_of(scores, spans, start, end),
        one.place(max(start, int(units[first + best_one, 0]))),
        sentences,
        lead_of(one.text, units, first + best_one),
    )
    return with_phrases_marked(passage, query.phrases)


def _sentences(
    found: Cut, number: int, window: IntVector, answers: Doubles, start: int, end: int
) -> tuple[tuple[Sentence, ...], int]:
    """Return what a window consists of, the sentences that answer marked, and its best unit."""
    base, of_units = int(found.piece_offsets[number]), int(found.unit_offsets[number])
    pieces = slice(base + int(window[0]), base + int(window[1]))
    numbers = found.pieces[pieces, 0].tolist()
    first = numbers[0]
    of_each = [0.0] * (numbers[-1] - first + 1)
    for one, value in zip(numbers, answers[pieces].tolist(), strict=True):
        of_each[one - first] = max(of_each[one - first], value)
    units = found.units[of_units + first : of_units + first + len(of_each)].tolist()
    is_kept = [a < end and b > start for a, b, *_ in units]
    for i, (_, _, kind, _) in enumerate(units):
        if not is_kept[i] or kind == UnitKind.HEADING:
            of_each[i] = -1.0 if not is_kept[i] else 0.0
    best = sorted(range(len(of_each)), key=lambda i: -of_each[i])[:_MOST_ANSWERS]
    floor = max(_ANSWER_FLOOR * of_each[best[0]], 1e-9)
    marked = {best[0], *(i for i in best if of_each[i] >= floor)}
    sentences = tuple(
        Sentence(max(a, start), min(b, end), KINDS[kind], i in marked)
        for i, (a, b, kind, _) in enumerate(units)
        if is_kept[i]
    )
    return sentences, best[0]
