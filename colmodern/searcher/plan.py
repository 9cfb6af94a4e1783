"""What does a request mean in this snapshot, in numbers?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from colmodern.request import STAGE_OPTIONS, Effort, Fusion, Mode, Scoring, SearchRequest
from colmodern.searcher.prepared import PreparedQuery
from colmodern.searcher.statistics import WordStatistics

Begin: TypeAlias = Callable[[str], Any]
"""What is called with the name of each stage of a search as it begins; an error ends the search."""


def unobserved(stage: str) -> None:
    """Begin a stage that nobody times or stops."""


if TYPE_CHECKING:
    from colmodern.encoder import PassageMap

WORD_WEIGHT = {Fusion.SCORES: 0.1, Fusion.RRF: 0.05}
"""How much BM25 counts in the hybrid mode; docs/decisions/0011-fusion.md has the measurement."""


class _Room(NamedTuple):
    """How many documents a stage takes: the greatest of three numbers."""

    at_least: int
    a_hit: int
    tokens: int  # of all its documents together, about


class _Stages(NamedTuple):
    """What an effort does; docs/search.md says how the numbers were found."""

    probes: int
    gathered: _Room
    candidates: _Room
    whole: int  # so many tokens, and fewer, are all scored by their codes


_STAGES = {
    Effort.LOW: _Stages(16, _Room(64, 4, 16_000), _Room(24, 2, 6_000), 0),
    Effort.MEDIUM: _Stages(32, _Room(96, 8, 48_000), _Room(40, 4, 20_000), 1_000_000),
    Effort.HIGH: _Stages(64, _Room(256, 16, 128_000), _Room(100, 8, 60_000), 2_000_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """What a search does: nothing is left to be decided.

    Attributes:
        request: What is asked for; what it leaves open is decided in the other attributes.
        probes: Centroids probed for each query token; None scores every document.
        gathered: How many documents are scored by all their centroids.
        candidates: How many of those are rescored by their codes.
        whole_tokens: If the documents that may be found have no more tokens, all are rescored.
        threads: How many threads share the work; the hits do not depend on it.
        word_weight: How much BM25 counts in the hybrid mode, 0 to 1.
        scoring: How matches make a score; never ``auto``.
        begin: Called with ``words``, ``candidates``, ``rescore`` and ``passages`` as they begin.
        passage_map: What queries become before passages are chosen; None: they stay as they are.
    """

    request: SearchRequest
    probes: int | None
    gathered: int
    candidates: int
    whole_tokens: int
    threads: int
    word_weight: float
    scoring: Scoring
    begin: Begin = unobserved
    passage_map: PassageMap | None = None


@dataclass(frozen=True, slots=True, eq=False)
class QueryPlan:
    """What a search does for one query, in every part of an index alike.

    Attributes:
        how: What the request means.
        query: The query's vectors as the codec sees them; None in mode bm25.
        words: How common the query's words are in the whole index; None in mode late.
        chooser: The same as ``query``, as passages are chosen by it; None: by ``query`` itself.
    """

    how: SearchPlan
    query: PreparedQuery | None = None
    words: WordStatistics | None = None
    chooser: PreparedQuery | None = None

    @property
    def phrase_bonus(self) -> float:
        """What a phrase in quotes that a document holds adds to its score.

        More than the scores of two documents can be apart: a query token's matches are between -1
        and 1, and so are a fused score and ranks; BM25 is below the sum of the words' idf.
        """
        request = self.how.request
        if request.mode is Mode.HYBRID:
            return 2.0
        if request.mode is Mode.BM25:
            assert self.words is not None
            return self.words.highest_score
        assert self.query is not None
        return 2.0 * len(self.query)


def plan(
    request: SearchRequest,
    *,
    n_documents: int,
    n_tokens: int,
    scoring: Scoring,
    threads: int,
    begin: Begin = unobserved,
    passage_map: PassageMap | None = None,
) -> SearchPlan:
    """Return what a request means in an index.

    A stage costs what its tokens cost, and short documents are ordered less well by their
    centroids than long ones: so it takes more documents where they are short.

    Args:
        request: What is asked for.
        n_documents: How many documents the index holds.
        n_tokens: How many tokens.
        scoring: What ``auto`` means: how the index's encoder scores.
        threads: How many there are, where the request does not say.
        begin: Called with the name of each stage as it begins; see ``SearchPlan``.
        passage_map: What the index's encoder makes of queries before passages are chosen.
    """
    length = max(1.0, n_tokens / max(1, n_documents))
    probes, gathered, candidates = _stages(request, length)
    weight = WORD_WEIGHT[request.fusion] if request.word_weight is None else request.word_weight
    return SearchPlan(
        request=replace(request, effort=Effort.EXACT, exact=False) if request.exact else request,
        probes=probes,
        gathered=gathered,
        candidates=candidates,
        whole_tokens=_whole_tokens(request),
        threads=request.threads or threads,
        word_weight=weight,
        scoring=scoring if request.scoring is Scoring.AUTO else request.scoring,
        begin=begin,
        passage_map=passage_map if request.passages else None,
    )


def _stages(request: SearchRequest, length: float) -> tuple[int | None, int, int]:
    """Return the probes, and how many documents are gathered and rescored."""
    if request.is_exact:
        return None, request.k, request.k
    by_effort = _STAGES[request.effort]
    gathered = _documents(
        request.k, by_effort.gathered, request.gathered, request.gathered_tokens, length
    )
    candidates = _documents(
        request.k, by_effort.candidates, request.candidates, request.candidate_tokens, length
    )
    return request.probes or by_effort.probes, gathered, candidates


def _whole_tokens(request: SearchRequest) -> int:
    """Return how many tokens are scored without stages; none if a stage is asked for by numbers."""
    if request.is_exact or any(getattr(request, name) is not None for name in STAGE_OPTIONS):
        return 0
    return _STAGES[request.effort].whole


def _documents(
    k: int, room: _Room, documents: int | None, tokens: int | None, length: float
) -> int:
    """Return how many documents a stage takes: as asked for, else by effort."""
    if tokens is None:
        tokens = room.tokens if documents is None else 0
    if documents is None:
        documents = max(room.at_least, room.a_hit * k)
    return max(documents, round(tokens / length))
