"""How is a query searched in all shards as in one index?

Their statistics are added up and sent back with the query's vectors; of all hits the best are
taken, and then the passages of these are asked for.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import operator
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from colmodern.errors import RequestRefusedError
from colmodern.request import STAGE_OPTIONS, Effort, Fusion, Mode, SearchRequest
from colmodern.searcher.apart import statistics_from_dict, statistics_to_dict
from colmodern.searcher.checks import check_queries, encoded, scoring_for
from colmodern.searcher.fields import check_fits
from colmodern.searcher.mode import asked_of_words, check_has_text, request_in_mode
from colmodern.searcher.phrases import notes_of_all
from colmodern.searcher.statistics import GlobalStatistics
from colmodern.searcher.unread import Unread, unread_scripts
from colmodern.serve.coordinator.coordinator import (
    Answers,
    Coordinator,
    MissingShard,
    unavailable,
)
from colmodern.serve.coordinator.fitting import has_hits, is_of_shard
from colmodern.serve.coordinator.question import ShardQuestion
from colmodern.serve.coordinator.shard import served_twice
from colmodern.serve.stopwatch import Stopwatch
from colmodern.text.words import words_of
from colmodern.types import TokenEmbeddings


@dataclass(frozen=True, slots=True, eq=False)
class AskedOfAll:
    """One query for all shards.

    Attributes:
        query: Its text; empty if nobody knows it.
        vectors: Its token vectors; None: the coordinator makes them.
        request: How to search.
        request_id: What the logs of all servers call it.
    """

    query: str
    vectors: TokenEmbeddings | None
    request: SearchRequest
    request_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """What the shards are, together, for one query.

    Attributes:
        statistics: The sum of theirs.
        answers: What each has said of itself, and which have not.
    """

    statistics: GlobalStatistics
    answers: Answers

    @property
    def names(self) -> Sequence[str]:
        """The shards that can be searched together."""
        return tuple(self.answers.said)

    @property
    def states(self) -> Mapping[str, str]:
        """The state of each."""
        return {name: said["state"] for name, said in self.answers.said.items()}

    @property
    def generations(self) -> Mapping[str, int]:
        """The generation of each."""
        return {name: said["generation"] for name, said in self.answers.said.items()}


@dataclass(frozen=True, slots=True, eq=False)
class FoundTogether:
    """The hits of all shards.

    Attributes:
        values: What an answer says of them, as ``Hits.to_dict`` does; scores are not rounded.
        together: Which shards were searched.
        missing: Which were not, or have not said all.
    """

    values: dict[str, Any]
    together: Together
    missing: Sequence[MissingShard]


class StateChangedError(Exception):
    """Shards have changed since they told their statistics."""


async def search_together(
    coordinator: Coordinator, asked: AskedOfAll, watch: Stopwatch
) -> FoundTogether:
    """Return the hits of one query in all shards.

    A shard that changes in the middle makes the search start over, and after some times it counts
    as missing.

    Raises:
        RequestRefusedError: No shard answers, or the query cannot be searched so.
    """
    refuse_ranks(asked.request)
    is_words = asked.request.mode is Mode.BM25
    if asked.vectors is None:
        check_queries([asked.query], words=is_words)
    for _ in range(coordinator.how.restarts):
        try:
            return await _search(coordinator, asked, watch, may_restart=True)
        except StateChangedError:
            coordinator.metrics.count_restart()
    return await _search(coordinator, asked, watch, may_restart=False)


async def _search(
    coordinator: Coordinator, asked: AskedOfAll, watch: Stopwatch, *, may_restart: bool
) -> FoundTogether:
    scripts = () if asked.vectors is not None else unread_scripts(coordinator.encoder, asked.query)
    is_words = asked.request.mode is Mode.BM25
    watch("statistics")
    encoding: asyncio.Task[TokenEmbeddings] | None = None
    if asked.vectors is None and not is_words and not scripts:
        encoding = asyncio.ensure_future(encoded_in_thread(coordinator, asked.query))
        encoding.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        together = await statistics_of_all(
            coordinator, asked.query, asked.request.where, watch, asked.request_id
        )
        unread, request = _resolved(coordinator, asked, together.statistics, scripts)
        vectors = asked.vectors
        if vectors is None and request.mode is not Mode.BM25:
            watch("encode")
            waiting = encoding or encoded_in_thread(coordinator, asked.query)
            vectors = await waiting
    finally:
        if encoding is not None:
            encoding.cancel()
    watch("search")
    body = _body(asked.query, vectors, request, together.statistics)

    async def ask(
        step: str, body: Mapping[str, Any], more: Mapping[str, Mapping[str, Any]]
    ) -> Answers:
        found = await _asked_in_state(coordinator, step, together, body, asked, watch, more)
        if may_restart and any(one.code == "generation_changed" for one in found.missing):
            raise StateChangedError
        return found

    found = await ask("search", body, {name: {} for name in together.names})
    missing = [*together.answers.missing, *found.missing]
    if not found.said:
        raise unavailable(missing)
    hits, owners = merged(found.said, request.k)
    if request.passages and hits:
        watch("passages")
        missing += await _add_passages(ask, owners, body)
    watch("answer")
    notes = notes_of_all([said["notes"] for said in found.said.values()])
    values = {
        "query": asked.query,
        "hits": hits,
        "mode": str(request.mode),
        "exact": all(said["exact"] for said in found.said.values()),
        "notes": [*([] if unread is None else [str(unread)]), *notes],
        **({} if unread is None else unread.to_dict()),
    }
    return FoundTogether(values, together, missing)


async def statistics_of_all(
    coordinator: Coordinator,
    query: str,
    where: str | None,
    watch: Stopwatch,
    request_id: str,
) -> Together:
    """Return the sum of the statistics of all shards that can be searched as one.

    Those of another codec than most others, or of another encoder than the coordinator's, are
    missing.

    Raises:
        ConfigError: The filter cannot be used in any shard.
        RequestRefusedError: No shard answers.
    """
    values: dict[str, Any] = {"query": query}
    if where is not None:
        values["where"] = where
    question = ShardQuestion("statistics", "POST", "/v1/statistics", values, is_of_shard)
    answers = await coordinator.ask_all(lambda _: question, watch, request_id)
    alike, others = _alike(answers.said, coordinator.encoder.fingerprint)
    missing = [*answers.missing, *others]
    if not alike:
        raise unavailable(missing)
    total = functools.reduce(operator.add, [statistics for _, statistics in alike.values()])
    if where is not None and total.n_documents:
        check_fits(total.fields)
    return Together(total, Answers({name: said for name, (said, _) in alike.items()}, missing))


def _alike(
    said: Mapping[str, dict[str, Any]], encoder: str
) -> tuple[dict[str, tuple[dict[str, Any], GlobalStatistics]], list[MissingShard]]:
    """Return the shards that compare, each with its statistics, and those that do not."""
    known: dict[str, tuple[dict[str, Any], GlobalStatistics]] = {}
    kinds: dict[str, tuple[str, tuple[tuple[str, int], ...] | None]] = {}
    others: list[MissingShard] = []
    for name, values in said.items():
        try:
            if values["encoder"]["fingerprint"] != encoder:
                why = f"its encoder is {values['encoder']['name']}, another than the coordinator's"
                others.append(MissingShard(name, "statistics", "shards_differ", why))
                continue
            statistics = statistics_from_dict(values["statistics"])
            which = {"generation": int(values["generation"]), "state": str(values["state"])}
            known[name] = {**values, **which}, statistics
            words = None if statistics.words is None else tuple(statistics.words.times.items())
            kinds[name] = (values["codec"], words)
        except (KeyError, TypeError, ValueError) as error:
            why = f"its statistics cannot be read: {error!r:.100}"
            others.append(MissingShard(name, "statistics", "internal", why))
    if not kinds:
        return {}, others
    for name, other in served_twice({name: values for name, (values, _) in known.items()}).items():
        why = f"it has the same documents as the shard {other!r}"
        others.append(MissingShard(name, "statistics", "shards_differ", why))
        del known[name], kinds[name]
    codecs = Counter(codec for codec, _ in kinds.values())
    usual, _ = codecs.most_common(1)[0]
    splits = Counter(words for codec, words in kinds.values() if codec == usual and words)
    split = splits.most_common(1)[0][0] if splits else ()
    for name, (codec, own) in kinds.items():
        if codec != usual:
            why = "its codec is another than that of the other shards: scores do not compare"
            others.append(MissingShard(name, "statistics", "shards_differ", why))
            del known[name]
        elif own is not None and own != split:
            why = "its words were split in another way than those of the other shards"
            others.append(MissingShard(name, "statistics", "shards_differ", why))
            del known[name]
    return known, others


def _resolved(
    coordinator: Coordinator,
    asked: AskedOfAll,
    statistics: GlobalStatistics,
    scripts: Sequence[str],
) -> tuple[Unread | None, SearchRequest]:
    """Return what cannot be read of a query, and the request in the mode that answers it.

    Raises:
        RequestRefusedError: BM25 is asked for, and a shard has no words.
    """
    has_words = statistics.words is not None
    unread = None
    if scripts and asked.request.mode is not Mode.BM25:
        unread = Unread(tuple(scripts), has_words and bool(words_of(asked.query)))
    if unread is not None and unread.by_words:
        request = asked_of_words(asked.request)
    else:
        request = request_in_mode(asked.request, asked.query, has_words=lambda: has_words)
    check_has_text(request, asked.query)
    if request.mode is not Mode.LATE and not has_words:
        raise RequestRefusedError(
            "A shard has no words for BM25: another version of colmodern made it. `colmodern "
            "compact` adds them; mode 'late' works as it is.",
            code="index_format",
            option="mode",
        )
    scoring = scoring_for(coordinator.encoder)
    return unread, replace(request, scoring=scoring) if request.scoring == "auto" else request


def _body(
    query: str,
    vectors: TokenEmbeddings | None,
    request: SearchRequest,
    statistics: GlobalStatistics,
) -> dict[str, Any]:
    """Return what a shard is asked for its hits; without passages."""
    default = SearchRequest().to_dict()
    options = {name: value for name, value in request.to_dict().items() if value != default[name]}
    packed = None if vectors is None else vectors.vectors.astype("<f4").tobytes()
    return {
        **options,
        "mode": str(request.mode),
        "passages": False,
        "precise": True,
        "query": query or None,
        "vectors": None if packed is None else base64.b64encode(packed).decode(),
        "statistics": statistics_to_dict(statistics),
    }


async def _asked_in_state(
    coordinator: Coordinator,
    step: str,
    together: Together,
    body: Mapping[str, Any],
    asked: AskedOfAll,
    watch: Stopwatch,
    more: Mapping[str, Mapping[str, Any]],
) -> Answers:
    """Return the hits of shards in the state in which they told their statistics.

    Args:
        coordinator: Knows the shards.
        step: What is asked.
        together: The state of each.
        body: What is asked of all.
        asked: The query.
        watch: Knows the deadline.
        more: What is asked of each beside that.
    """
    states = together.states

    def question(name: str) -> ShardQuestion:
        values = {**body, **more[name], "state": states[name]}
        fits = has_hits(values.get("k", asked.request.k), values.get("ids"))
        return ShardQuestion(step, "POST", "/v1/search", values, fits)

    return await coordinator.ask_all(question, watch, asked.request_id, names=tuple(more))


def merged(
    said: Mapping[str, Mapping[str, Any]], k: int
) -> tuple[list[dict[str, Any]], Mapping[str, list[dict[str, Any]]]]:
    """Return the best hits of all shards, by score and then by id; and those of each shard."""
    found = [(name, hit) for name, values in said.items() for hit in values["hits"]]
    found.sort(key=lambda one: (-one[1]["score"], one[1]["id"]))
    hits: list[dict[str, Any]] = []
    owners: dict[str, list[dict[str, Any]]] = {}
    for rank, (name, hit) in enumerate(found[:k], 1):
        hits.append({**hit, "rank": rank})
        owners.setdefault(name, []).append(hits[-1])
    return hits, owners


async def _add_passages(
    ask: Callable[[str, Mapping[str, Any], Mapping[str, Mapping[str, Any]]], Awaitable[Answers]],
    owners: Mapping[str, Sequence[dict[str, Any]]],
    body: Mapping[str, Any],
) -> Sequence[MissingShard]:
    """Give hits their passages, by the shards that have them; return the shards that did not."""
    # The hits are found: their shards look at no other document.
    rest = {name: value for name, value in body.items() if name not in (*STAGE_OPTIONS, "exact")}
    ids = {
        name: {"ids": [hit["id"] for hit in rows], "k": len(rows)} for name, rows in owners.items()
    }
    answers = await ask("passages", {**rest, "passages": True, "effort": str(Effort.EXACT)}, ids)
    for name, said in answers.said.items():
        shown = {hit["id"]: hit for hit in said["hits"]}
        for hit in owners[name]:
            found = shown.get(hit["id"], {})
            hit["passage"], hit["also"] = found.get("passage"), found.get("also")
    return answers.missing


async def encoded_in_thread(coordinator: Coordinator, query: str) -> TokenEmbeddings:
    """Return the token vectors of a query, made in a thread."""

    def work(_threads: int) -> TokenEmbeddings:
        return encoded(coordinator.encoder, [query])[0]

    return await coordinator.admission.run(work, most=1)


def refuse_ranks(request: SearchRequest) -> None:
    """Refuse what the shards cannot bring together.

    Raises:
        RequestRefusedError: The ranks of all candidates are needed.
    """
    if request.fusion is Fusion.RRF and request.mode_said is Mode.HYBRID:
        raise RequestRefusedError(
            "fusion rrf needs the ranks of all candidates of all shards together, which no shard "
            "knows; fusion scores gives what one index gives.",
            code="coordinator_unsupported",
            option="fusion",
            value=str(request.fusion),
        )
