"""What is shown of the documents found? Their names, what is kept beside them, their passages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeAlias

from colmodern.errors import IndexFormatError
from colmodern.passages.asked import DocumentText, PassageQuery
from colmodern.passages.of_documents import vector_passages, word_passages
from colmodern.passages.passage import Passage
from colmodern.request import Mode
from colmodern.searcher.hits import Hit
from colmodern.searcher.merge import Ranked
from colmodern.searcher.part import Part
from colmodern.searcher.phrases import HeldPhrases
from colmodern.searcher.plan import QueryPlan
from colmodern.searcher.segment import chooser_of, scorer_of
from colmodern.searcher.statistics import WordStatistics
from colmodern.storage import Segment
from colmodern.types import IntVector, Metadata

Passages: TypeAlias = Sequence[Sequence[Passage]]
ALSO_WITHIN = 0.5  # standard deviations; docs/lab/passages.md has what it brings


def hits_of(
    part: Part, ranked: Ranked, plan: QueryPlan, query: str, held: HeldPhrases | None = None
) -> list[Hit]:
    """Return what there is to say of documents found in a part.

    Args:
        part: Where they are.
        ranked: They, best first.
        plan: How they were found.
        query: The query's text, for the passages of BM25.
        held: Which documents hold its phrases; None: it has none.
    """
    places = [part.place_of(document) for document in ranked.documents.tolist()]
    kept = [segment.metadata(position) for segment, position in places]
    shown: Passages = [()] * len(places)
    if plan.how.request.passages:
        texts = [_text_of(*place, one) for place, one in zip(places, kept, strict=True)]
        shown = _passages(part, ranked.documents, plan, query, held, texts)
    scores = ranked.scores.tolist()
    components = [
        dict(zip(ranked.components, row, strict=True))
        for row in zip(*(one.tolist() for one in ranked.components.values()), strict=True)
    ] or [{} for _ in places]
    return [
        Hit(
            rank + 1,
            scores[rank],
            segment.ids[position],
            segment.titles[position],
            kept[rank],
            shown[rank][0] if shown[rank] else None,
            components[rank],
            segment.source_of(position),
            shown[rank][1] if len(shown[rank]) > 1 else None,
        )
        for rank, (segment, position) in enumerate(places)
    ]


def _passages(
    part: Part,
    documents: IntVector,
    plan: QueryPlan,
    query: str,
    held: HeldPhrases | None,
    texts: Sequence[DocumentText],
) -> Passages:
    if plan.how.request.mode is Mode.BM25:
        assert plan.words is not None
        words = PassageQuery.of(query, plan.words.idf, None if held is None else held.phrases)
        return word_passages(words, texts, 2, within=ALSO_WITHIN, threads=plan.how.threads)
    words = passage_query(part, query, plan.words, held)
    return vector_passages(
        words,
        scorer_of(part, plan),
        documents,
        texts,
        2,
        within=ALSO_WITHIN,
        chooser=chooser_of(part, plan),
    )


def passage_query(
    part: Part,
    query: str,
    statistics: WordStatistics | None = None,
    held: HeldPhrases | None = None,
) -> PassageQuery:
    """Return what passages answer: the query's words, and how much each says in the index.

    Args:
        part: All segments of the index; one without words has passages by vectors alone.
        query: The query's text; empty if nobody knows it.
        statistics: How common its words are, if that is known already.
        held: Which documents hold its phrases; None: it has none.
    """
    if not query:
        return PassageQuery()
    if statistics is None:
        try:
            statistics = part.lexicon.look_up(query).statistics
        except IndexFormatError:
            return PassageQuery()
    return PassageQuery.of(query, statistics.idf, None if held is None else held.phrases)


def _text_of(segment: Segment, position: int, metadata: Metadata) -> DocumentText:
    return DocumentText(
        partial(segment.texts.__getitem__, position),
        partial(segment.texts.bytes_at, position),
        metadata,
        partial(segment.spans, position),
    )
