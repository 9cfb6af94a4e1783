"""Which passages does native code find, of all documents in one call?

``of_documents`` defines them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from colmodern.kernels import NATIVE_ISAS, active_isa, native
from colmodern.passages.asked import DocumentText, PassageQuery
from colmodern.passages.passage import Passage, Sentence
from colmodern.passages.phrases import MOST_PLACES, with_phrases_marked
from colmodern.passages.scorer import DocumentScorer
from colmodern.passages.shown import KINDS
from colmodern.text.phrases import spans_of_phrases
from colmodern.types import IntVector


def vector_passages_at_once(
    query: PassageQuery,
    scorer: DocumentScorer,
    chooser: DocumentScorer,
    documents: IntVector,
    texts: Sequence[DocumentText],
    n: int,
    *,
    within: float,
) -> list[list[Passage]]:
    """Return the ``n`` best passages of each document; as ``vector_passages``."""
    scored = scorer.coded_query()
    coded = (
        scored if chooser is scorer else chooser.coded_query(),
        scored,
        scorer.segments.handle,
        documents,
    )
    return _passages(query, coded, texts, [one.spans() for one in texts], n, within, scorer.threads)


def word_passages_at_once(
    query: PassageQuery,
    texts: Sequence[DocumentText],
    n: int,
    *,
    within: float,
    threads: int,
) -> list[list[Passage]]:
    """Return the ``n`` best passages of each document by words alone; as ``word_passages``."""
    coded = (None, None, None, None)
    return _passages(query, coded, texts, [None] * len(texts), n, within, threads)


def _passages(
    query: PassageQuery,
    coded: tuple[Any, ...],
    texts: Sequence[DocumentText],
    spans: Sequence[Any],
    n: int,
    within: float,
    threads: int,
) -> list[list[Passage]]:
    found = native().find_passages(
        NATIVE_ISAS.index(active_isa()),
        *coded,
        [one.read_bytes() for one in texts],
        spans,
        [one.is_code for one in texts],
        [word.encode("utf-8", "surrogatepass") for word in query.words],
        query.idf,
        _places(query, texts),
        n,
        within,
        threads,
    )
    return [_of_text(query, one, rows) for one, rows in zip(texts, found, strict=True)]


def _places(
    query: PassageQuery, texts: Sequence[DocumentText]
) -> list[list[list[tuple[int, int]]]]:
    """Return where each phrase of the query stands in each text; nothing if it has none."""
    if not query.phrases:
        return []
    return [spans_of_phrases(one.text, query.phrases, MOST_PLACES) for one in texts]


def _of_text(
    query: PassageQuery, one: DocumentText, rows: Sequence[tuple[Any, ...]] | None
) -> list[Passage]:
    if rows is None:  # bytes that are no UTF-8, of which reading the text says what is wrong
        raise ValueError(f"a text is not UTF-8: {one.text[:60]!r}")
    passages = []
    for start, end, line, text, score, highlights, best, units, lead in rows:
        sentences = tuple([Sentence(a, b, KINDS[kind], answers) for a, b, kind, answers in units])
        place = one.place(best)
        passage = Passage(start, end, line, text, score, highlights, place, sentences, lead)
        passages.append(with_phrases_marked(passage, query.phrases) if query.phrases else passage)
    return passages
