"""What are the hits of a query? The best of a part, merged and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from colmodern.codec import Codec
from colmodern.request import Mode
from colmodern.searcher.answer import hits_of
from colmodern.searcher.checks import checked_vectors
from colmodern.searcher.hits import Hits
from colmodern.searcher.late import scores_all
from colmodern.searcher.merge import merge
from colmodern.searcher.mode import check_has_text
from colmodern.searcher.part import Part
from colmodern.searcher.phrases import held_phrases
from colmodern.searcher.plan import QueryPlan, SearchPlan
from colmodern.searcher.prepared import PreparedQuery
from colmodern.searcher.segment import best_of
from colmodern.searcher.statistics import GlobalStatistics
from colmodern.types import TokenEmbeddings


def search_one(
    part: Part,
    codec: Codec,
    how: SearchPlan,
    query: str,
    tokens: TokenEmbeddings | None,
    allowed: NDArray[np.bool_],
    statistics: GlobalStatistics | None = None,
) -> Hits:
    """Return the hits of one query in the segments of an index.

    Args:
        part: All segments of the index.
        codec: The codec of the index.
        how: What the request means.
        query: The query's text, empty if nobody knows it.
        tokens: Its token vectors; None in mode bm25.
        allowed: Shape (n_documents,), bool: which documents may be found.
        statistics: The numbers of several indexes that are searched as one; None: it is the only.

    Raises:
        InputError: The vectors cannot be used, or BM25 is asked for without a text.
    """
    request = how.request
    check_has_text(request, query)
    found = None
    if request.mode is not Mode.LATE:
        how.begin("words")
        found = part.lexicon.look_up(query)
    words = None if found is None else found.statistics
    if statistics is not None:
        words = statistics.words if words is None else statistics.words_of(words)
    plan = QueryPlan(how, prepared(tokens, codec, how), words, prepared_chooser(tokens, codec, how))
    phrases = held_phrases(part, query, allowed, statistics)
    ranked = merge([best_of(part, plan, allowed, found, phrases)], how, [part])
    how.begin("passages")
    return Hits(
        query,
        hits_of(part, ranked, plan, query, phrases),
        phrases.notes if phrases else (),
        is_exact=request.mode is Mode.BM25 or scores_all(part, how, allowed),
        mode=request.mode,
    )


def search_all(
    part: Part,
    codec: Codec,
    hows: Sequence[SearchPlan],
    queries: Sequence[str],
    tokens: Sequence[TokenEmbeddings | None],
    allowed: NDArray[np.bool_],
) -> list[Hits]:
    """Return the hits of each query: as ``search_one`` for each, by its own plan.

    A batch keeps every thread busy with a query of its own; one query shares its work.
    """
    n_workers = min(max((how.threads for how in hows), default=1), len(queries))

    def search(how: SearchPlan, query: str, vectors: TokenEmbeddings | None) -> Hits:
        if n_workers > 1:
            how = replace(how, threads=1)
        return search_one(part, codec, how, query, vectors, allowed)

    if n_workers <= 1:
        return list(map(search, hows, queries, tokens))
    from concurrent.futures import ThreadPoolExecutor  # not for one query: it takes milliseconds

    with ThreadPoolExecutor(n_workers) as pool:
        return list(pool.map(search, hows, queries, tokens))


def prepared(tokens: TokenEmbeddings | None, codec: Codec, how: SearchPlan) -> PreparedQuery | None:
    """Return a query's vectors as the codec sees them; BM25 needs none.

    Raises:
        InputError: They have another dimension than the index, or are not finite.
    """
    if how.request.mode is Mode.BM25:
        return None
    assert tokens is not None
    vectors = checked_vectors(tokens, codec.dim)
    return PreparedQuery.of(vectors, codec, threads=how.threads)


def prepared_chooser(
    tokens: TokenEmbeddings | None, codec: Codec, how: SearchPlan
) -> PreparedQuery | None:
    """Return a query's vectors by which passages are chosen; None: by those of ``prepared``."""
    if how.passage_map is None or tokens is None:
        return None
    vectors = how.passage_map.of(checked_vectors(tokens, codec.dim))
    return PreparedQuery.of(vectors, codec, threads=how.threads)
