"""Which passages of each of some documents answer a query? The definition.

``at_once`` has native code find them, of all documents in one call.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from colmodern.frozen import frozen
from colmodern.kernels import REFERENCE, active_isa
from colmodern.passages.as_indexed import as_it_stands
from colmodern.passages.asked import DocumentText, PassageQuery
from colmodern.passages.at_once import vector_passages_at_once, word_passages_at_once
from colmodern.passages.choice import Chosen, choose
from colmodern.passages.passage import Passage
from colmodern.passages.phrases import choose_with_phrases
from colmodern.passages.pieces import Cut, PlacedText, cut
from colmodern.passages.scorer import DocumentScorer
from colmodern.passages.shown import bounds_of, passage_of
from colmodern.passages.words import word_runs
from colmodern.types import FloatMatrix, FloatVector, IntVector, Spans

BLOCK_TOKENS = 16
WINDOW_BLOCKS = 5


@frozen(eq=False)
class Considered:
    """Documents, and which of their windows answer a query.

    Attributes:
        spans: Of each document the characters of its tokens, shape (n_tokens, 2), int32.
        found: The documents in pieces.
        maxima: The best match of each query token in each piece, as the choice takes it.
        chosen: The windows chosen.
    """

    spans: Sequence[Spans]
    found: Cut
    maxima: FloatMatrix
    chosen: Chosen


def consider(
    query: PassageQuery,
    chooser: DocumentScorer,
    documents: IntVector,
    texts: Sequence[DocumentText],
    n: int,
) -> Considered:
    """Return the ``n`` best windows of each document; as for ``vector_passages``."""
    spans = [one.spans() for one in texts]
    sources = [PlacedText(one.text, s, one.is_code) for one, s in zip(texts, spans, strict=True)]
    found = cut(sources, query.words, threads=chooser.threads)
    maxima = chooser.of_pieces(documents, found)
    n_tokens = [len(one) for one in spans]
    chosen = _chosen(query, texts, found, n_tokens, maxima, n, chooser.threads)
    return Considered(spans, found, maxima, chosen)


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
    chooser = chooser or scorer
    if active_isa() != REFERENCE:
        return vector_passages_at_once(query, scorer, chooser, documents, texts, n, within=within)
    all_of_them = consider(query, chooser, documents, texts, n)
    return passages_of(query, all_of_them, scorer, documents, texts, within=within)


def passages_of(
    query: PassageQuery,
    considered: Considered,
    scorer: DocumentScorer,
    documents: IntVector,
    texts: Sequence[DocumentText],
    *,
    within: float = np.inf,
) -> list[list[Passage]]:
    """Return the windows chosen as passages; as for ``vector_passages``."""
    found, chosen = considered.found, considered.chosen.within(within)
    scores = scorer.of_windows(documents, found, chosen.windows)
    passages: list[list[Passage]] = [[] for _ in texts]
    for number, window, token_scores in scores:
        begin = int(found.pieces[found.piece_offsets[number] + window[0], 1])
        spans = considered.spans[number][begin : begin + len(token_scores)]
        passages[number].append(
            passage_of(query, texts[number], found, number, window, chosen, token_scores, spans)
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

    A document without a word of the query has none, and a second one has a word of it. Where a
    document has them only as the index counts words (``as_indexed``), those decide.

    Args:
        query: The query's words.
        texts: The texts of the documents.
        n: How many passages at most; they do not overlap.
        within: How much worse than the best one they may be, in standard deviations.
        threads: How many threads share the work.
    """
    found = _word_passages(query, texts, n, within=within, threads=threads)
    for number, one in enumerate(texts):
        if not found[number]:
            asked = as_it_stands(query, one.text)
            found[number] = _word_passages(asked, [one], n, within=within, threads=threads)[0]
    return found


def _word_passages(
    query: PassageQuery,
    texts: Sequence[DocumentText],
    n: int,
    *,
    within: float,
    threads: int,
) -> list[list[Passage]]:
    """Return passages by the words of a query as they stand."""
    if active_isa() != REFERENCE:
        return word_passages_at_once(query, texts, n, within=within, threads=threads)
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
                place = bounds_of(one.text, found, number, window)
                scores, spans = _word_scores(one, query, *place)
                passage = passage_of(query, one, found, number, window, chosen, scores, spans)
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
