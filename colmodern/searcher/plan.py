"""What does a request mean in this snapshot, in numbers?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from colmodern.frozen import frozen
from colmodern.request import STAGE_OPTIONS, Effort, Fusion, Mode, Scoring, SearchRequest
from colmodern.searcher.fusion import WORD_WEIGHT_OF_RANKS, word_weight_of
from colmodern.searcher.prepared import PreparedQuery
from colmodern.searcher.statistics import WordStatistics
from colmodern.types import FloatVector

Begin: TypeAlias = Callable[[str], Any]
"""What is called with the name of each stage of a search as it begins; an error ends the search."""


def unobserved(stage: str) -> None:
    """Begin a stage that nobody times or stops."""


if TYPE_CHECKING:
    from colmodern.encoder import PassageMap


class Room(NamedTuple):
    """How much room there is for documents that may be among the best, where need decides.

    Attributes:
        missed: The share of the hits that may be missed by each of two decisions: which documents
            are looked at, and which of these are scored.
        widened: Errors are taken to be greater by this share of one over the number of hits.
        first_depth: How deep long documents are looked at; 0: they are taken by their centroids.
        depth: How deep they are scored, as ``kernels.maxsim_codes`` has it; 0: by all tokens.
        only_depth: Both of these, where documents are looked at once.
        compared_tokens: If the best of long documents have no more tokens, they are scored by all.
    """

    missed: float
    widened: float
    first_depth: int
    depth: int
    only_depth: int
    compared_tokens: int


class _Documents(NamedTuple):
    """How many documents a stage takes at first: the greatest of three numbers."""

    at_least: int
    a_hit: int
    tokens: int  # of all its documents together, about


class _Stages(NamedTuple):
    """What an effort does; docs/explanation/search.md says how the numbers were found."""

    probes: int
    gathered: _Documents
    candidates: _Documents
    whole: int  # so many tokens, and fewer, are all scored by their codes
    room: Room


_STAGES = {
    Effort.LOW: _Stages(
        32, _Documents(64, 2, 16_000), _Documents(16, 1, 6_000), 30_000, Room(0.04, 1, 0, 8, 4, 0)
    ),
    Effort.MEDIUM: _Stages(
        32,
        _Documents(96, 3, 64_000),
        _Documents(20, 1, 10_000),
        1_000_000,
        Room(0.02, 2, 4, 16, 8, 200_000),
    ),
    Effort.HIGH: _Stages(
        64,
        _Documents(256, 6, 192_000),
        _Documents(40, 1, 30_000),
        2_000_000,
        Room(0.003, 2, 8, 64, 64, 400_000),
    ),
}

_WORTH_TWO_LOOKS = 4

LONG = 1_000
"""So many tokens a document of an index has on the mean for documents to count as long."""


@frozen(kw_only=True)
class SearchPlan:
    """What a search does: nothing is left to be decided.

    Attributes:
        request: What is asked for; what it leaves open is decided in the other attributes.
        probes: Centroids probed for each query token; None scores every document.
        gathered: How many documents are looked at, at first.
        candidates: How many of those are scored by their codes, at first.
        room: When no more are; None: these numbers stand.
        whole_documents: If no more documents may be found, all are scored by their codes.
        whole_tokens: The same if they have no more tokens.
        threads: How many threads share the work; the hits do not depend on it.
        word_weight: How much BM25 counts in the hybrid mode, 0 to 1; None: by the length of the
            query and of documents.
        are_long: Whether the index's documents count as long.
        scoring: How matches make a score; never ``auto``.
        begin: Called with ``words``, ``candidates``, ``rescore`` and ``passages`` as they begin.
        passage_map: What queries become before passages are chosen; None: they stay as they are.
    """

    request: SearchRequest
    probes: int | None
    gathered: int
    candidates: int
    room: Room | None
    whole_documents: int
    whole_tokens: int
    threads: int
    word_weight: float | None
    are_long: bool
    scoring: Scoring
    begin: Begin = unobserved
    passage_map: PassageMap | None = None


@frozen(eq=False)
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
    def expected(self) -> FloatVector | None:
        """What query tokens match in any document, as far as that counts in the score."""
        if self.query is None or self.how.scoring is not Scoring.CORRECTED:
            return None
        return self.query.expected

    @property
    def word_weight(self) -> float:
        """How much BM25 counts beside the late score, 0 to 1."""
        if self.how.word_weight is not None:
            return self.how.word_weight
        assert self.query is not None
        return word_weight_of(len(self.query), are_long=self.how.are_long)

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
    centroids than long ones: so it takes more documents where they are short. Numbers that the
    request has stand; otherwise need decides how many more are taken.

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
    is_fixed = request.is_exact or any(getattr(request, one) is not None for one in STAGE_OPTIONS)
    weight = request.word_weight
    if weight is None and request.fusion is Fusion.RRF:
        weight = WORD_WEIGHT_OF_RANKS
    return SearchPlan(
        request=replace(request, effort=Effort.EXACT, exact=False) if request.exact else request,
        probes=probes,
        gathered=gathered,
        candidates=candidates,
        room=None if is_fixed else _room(request.effort, request.k, gathered, length),
        whole_documents=gathered if is_fixed else _whole_documents(request, length),
        whole_tokens=0 if is_fixed else _STAGES[request.effort].whole,
        threads=request.threads or threads,
        word_weight=weight,
        are_long=length >= LONG,
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


def _room(effort: Effort, k: int, gathered: int, length: float) -> Room:
    """Return the room of an effort where documents have so many tokens on the mean.

    Where many of the long documents that are looked at will be hits, one look is enough.
    """
    room = _STAGES[effort].room
    if length < LONG:
        return room._replace(first_depth=0, depth=0)
    if gathered < _WORTH_TWO_LOOKS * k:
        return room._replace(first_depth=room.only_depth, depth=room.only_depth)
    return room


def _whole_documents(request: SearchRequest, length: float) -> int:
    """Return how many documents are all scored by their codes, however many hits are wanted."""
    stages = _STAGES[request.effort]
    n = _documents(1, stages.gathered, None, None, length)
    return min(n, round(stages.whole / length))


def _documents(
    k: int, room: _Documents, documents: int | None, tokens: int | None, length: float
) -> int:
    """Return how many documents a stage takes: as asked for, else by effort."""
    if tokens is None:
        tokens = room.tokens if documents is None else 0
    if documents is None:
        documents = max(room.at_least, room.a_hit * k)
    return max(documents, round(tokens / length))
