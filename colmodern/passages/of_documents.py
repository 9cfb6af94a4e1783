"""Which passages of each of some documents answer a query? Found for all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from colmodern.passages.choice import Chosen, Doubles, choose
from colmodern.passages.highlights import highlights_of
from colmodern.passages.lead import lead_of
from colmodern.passages.passage import Passage, Sentence
from colmodern.passages.phrases import choose_with_phrases, with_phrases_marked
from colmodern.passages.pieces import Cut, PlacedText, cut
from colmodern.passages.places import place_of
from colmodern.passages.scorer import DocumentScorer
from colmodern.passages.words import query_words, word_runs
from colmodern.text.names import exact_words_of
from colmodern.text.phrases import Phrase
from colmodern.text.units import UnitKind
from colmodern.types import FloatMatrix, FloatVector, IntVector, Metadata, Spans

BLOCK_TOKENS = 16
WINDOW_BLOCKS = 5
MOST_CHARACTERS = 2000
"""A passage has no more: in a sentence may stand an encoded picture, or text without tokens."""
_MOST_ANSWERS, _ANSWER_FLOOR = 3, 0.6  # sentences marked; each answers this much of the best one's


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

    @property
    def is_code(self) -> bool:
        """Whether it is source code."""
        return self.metadata.get("type") == "code"


@dataclass(frozen=True, slots=True, eq=False)
class PassageQuery:
    """What passages answer.

    Attributes:
        words: The words of the query; none if nobody knows its text.
        idf: How much each says, float64.
        phrases: Its phrases in quotes, or its names.
    """

    words: Sequence[str] = ()
    idf: Doubles = field(default_factory=lambda: np.zeros(0))
    phrases: Sequence[Phrase] = ()

    @classmethod
    def of(cls, query: str, idf: Callable[[str], float]) -> PassageQuery:
        """Return a query; ``idf`` tells how much a word says in the index."""
        words = query_words(query)
        says = np.array([idf(word) for word in words], np.float64)
        return cls(words, says, exact_words_of(query))


def vector_passages(
    query: PassageQuery,
    scorer: DocumentScorer,
    documents: IntVector,
    texts: Sequence[DocumentText],
    n: int = 1,
    *,
    within: float = np.inf,
    chooser: DocumentScorer | None = None,
) -> list[list[Passage]]:
    """Return the ``n`` best passages of each document, best first; none where no text has tokens.

    Args:
        query: The query's words.
        scorer: Scores the documents' tokens, for what is shown of a passage.
        documents: Shape (n,), int64: their numbers.
        texts: Their texts, in the same order.
        n: How many passages at most; they do not overlap.
        within: How much worse than the best one they may be, in standard deviations.
        chooser: Scores the tokens for the choice; None: ``scorer`` does.
    """
    if not len(scorer.query):
        return [[] for _ in texts]
    spans = [one.spans() for one in texts]
    sources = [PlacedText(one.text, s, one.is_code) for one, s in zip(texts, spans, strict=True)]
    found = cut(sources, query.words, threads=scorer.threads)
    maxima = (chooser or scorer).of_pieces(documents, found)
    n_tokens = [len(one) for one in spans]
    chosen = _chosen(query, texts, found, n_tokens, maxima, n, scorer.threads).within(within)
    scores = scorer.of_windows(documents, found, chosen.windows)
    passages: list[list[Passage]] = [[] for _ in texts]
    for number, window, token_scores in scores:
        begin = int(found.pieces[found.piece_offsets[number] + window[0], 1])
        of_tokens = spans[number][begin : begin + len(token_scores)]
        passages[number].append(
            _passage(query, texts[number], found, number, window, chosen, token_scores, of_tokens)
        )
    return passages


def word_passages(
    query: PassageQuery,
    texts: Sequence[DocumentText],
    n: int = 1,
    *,
    within: float = np.inf,
    threads: int = 1,
) -> list[list[Passage]]:
    """Return the ``n`` best passages of each document by the words of a query alone, best first.

    A document without a word of the query has none, and a second one has a word of it.

    Args:
        query: The query's words.
        texts: The texts of the documents.
        n: How many passages at most; they do not overlap.
        within: How much worse than the best one they may be, in standard deviations.
        threads: How many threads share the work.
    """
    found = cut(
        [PlacedText(one.text, None, one.is_code) for one in texts], query.words, threads=threads
    )
    has_words: NDArray[np.bool_] = np.logical_or.reduce(found.counts, axis=1)
    ends = found.pieces[np.maximum(found.piece_offsets[1:] - 1, 0), 2] if len(has_words) else None
    n_tokens = [0] * len(texts) if ends is None else ends.tolist()
    chosen = _chosen(query, texts, found, n_tokens, None, n, threads).within(within)
    passages: list[list[Passage]] = [[] for _ in texts]
    for number, one in enumerate(texts):
        of_pieces = has_words[found.piece_offsets[number] : found.piece_offsets[number + 1]]
        for rank, window in enumerate(chosen.windows[number]):
            if (of_pieces if rank == 0 else of_pieces[window[0] : window[1]]).any():
                scores, spans = _word_scores(one, query, *_bounds(one.text, found, number, window))
                passage = _passage(query, one, found, number, window, chosen, scores, spans)
                passages[number].append(passage)
    return passages


def _chosen(
    query: PassageQuery,
    texts: Sequence[DocumentText],
    found: Cut,
    n_tokens: Sequence[int],
    maxima: FloatMatrix | None,
    n: int,
    threads: int,
) -> Chosen:
    """Return the windows that answer, as ``choose`` does; those with a phrase in quotes first."""
    chosen = choose(found, n_tokens, maxima, query.idf, n, threads=threads)
    if query.phrases:
        plain = [one.text for one in texts]
        choose_with_phrases(query.phrases, plain, found, n_tokens, maxima, query.idf, chosen)
    return chosen


def _word_scores(
    one: DocumentText, query: PassageQuery, start: int, end: int
) -> tuple[FloatMatrix, Spans]:
    """Return what the words of a window score for those of a query, and where they stand."""
    columns = {word: column for column, word in enumerate(query.words)}
    runs = [run for run in word_runs(one.text[start:end]) if run[0] in columns]
    scores = np.zeros((len(runs), len(columns)), np.float32)
    for row, (word, _, _) in enumerate(runs):
        scores[row, columns[word]] = query.idf[columns[word]]
    return scores, np.array([[a + start, b + start] for _, a, b in runs], np.int32).reshape(-1, 2)


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
    return np.array([_window_score(one) for one in scores], np.float32)


def _window_score(blocks: FloatMatrix) -> float:
    """Return the score of the best window of consecutive blocks."""
    n_windows = max(1, len(blocks) - WINDOW_BLOCKS + 1)
    windows = blocks[:n_windows].copy()
    for shift in range(1, min(WINDOW_BLOCKS, len(blocks))):
        np.maximum(windows, blocks[shift : shift + n_windows], out=windows)
    return float(np.add.reduce(windows, axis=1).max())


def _bounds(text: str, found: Cut, number: int, window: IntVector) -> tuple[int, int]:
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
    best = int(spans[np.add.reduce(scores, axis=1).argmax(), 0])
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


def _passage(
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
    whole = _bounds(one.text, found, number, window)
    start, end = _shortened(*whole, scores, spans)
    if (start, end) != whole:
        kept = _inside(spans, start, end)
        scores, spans = scores[kept], spans[kept]
    sentences, best_one = _sentences(found, number, window, chosen.answers, start, end)
    units = found.units[found.unit_offsets[number] : found.unit_offsets[number + 1]]
    first = int(found.pieces[int(found.piece_offsets[number]) + int(window[0]), 0])
    best = np.maximum.reduce(scores, axis=0, initial=0.0)
    place = place_of(one.metadata, one.text, max(start, int(units[first + best_one, 0])))
    passage = Passage(
        start,
        end,
        one.text.count("\n", 0, start) + 1,
        one.text[start:end],
        float(np.add.reduce(best, dtype=np.float64)),
        highlights_of(scores, spans, start, end),
        place,
        sentences,
        lead_of(one.text, units, first + best_one),
    )
    return with_phrases_marked(passage, one.text, query.phrases)


def _sentences(
    found: Cut, number: int, window: IntVector, answers: Doubles, start: int, end: int
) -> tuple[tuple[Sentence, ...], int]:
    """Return what a window consists of, the sentences that answer marked, and its best unit."""
    base, of_units = int(found.piece_offsets[number]), int(found.unit_offsets[number])
    pieces = slice(base + int(window[0]), base + int(window[1]))
    numbers = found.pieces[pieces, 0]
    first = int(numbers[0])
    of_each = np.zeros(int(numbers[-1]) - first + 1)
    np.maximum.at(of_each, numbers - first, answers[pieces])
    units = found.units[of_units + first : of_units + first + len(of_each)].tolist()
    of_each[[unit[2] == UnitKind.HEADING for unit in units]] = 0.0
    is_kept = [a < end and b > start for a, b, *_ in units]
    of_each[[not kept for kept in is_kept]] = -1.0
    best = np.argsort(-of_each, kind="stable")[:_MOST_ANSWERS]
    floor = max(_ANSWER_FLOOR * float(of_each[best[0]]), 1e-9)
    marked = {int(best[0]), *(int(i) for i in best if of_each[i] >= floor)}
    sentences = tuple(
        Sentence(max(a, start), min(b, end), UnitKind(kind).name.lower(), i in marked)
        for i, (a, b, kind, _) in enumerate(units)
        if is_kept[i]
    )
    return sentences, int(best[0])
