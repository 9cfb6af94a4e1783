"""What does a coordinator answer at the addresses of a server?"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import InputError, RequestRefusedError
from colmodern.request import SearchRequest
from colmodern.searcher.checks import check_made_by
from colmodern.serve.coordinator.coordinator import Coordinator, MissingShard
from colmodern.serve.coordinator.search import (
    AskedOfAll,
    FoundTogether,
    search_together,
)
from colmodern.serve.http.answers import (
    JSON,
    NDJSON,
    as_json,
    as_ndjson,
    checked_size,
    described,
    is_known,
)
from colmodern.serve.http.body import index_of, read_json, text_of, truth_of, whole_number
from colmodern.serve.http.search import SearchBody, asked_digest, milliseconds
from colmodern.serve.http.server import waited_for
from colmodern.serve.stopwatch import Stopwatch

_AT_ONCE = 8
"""So many queries of one request are searched at the same time."""


@dataclass(frozen=True, slots=True, eq=False)
class ShownTogether:
    """The answer to one query, and what stands for it.

    Attributes:
        values: What the client is told.
        states: Tells the states of the shards from others; None: some are missing.
    """

    values: dict[str, Any]
    states: str | None


async def search(coordinator: Coordinator, request: Request) -> Response:
    """Answer a search as one server would that had all shards."""
    limits = coordinator.config
    body = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    check_index(coordinator, body)
    is_strict = truth_of(body, "strict", otherwise=coordinator.how.strict)
    question = SearchBody.of(
        {name: value for name, value in body.items() if name != "strict"},
        limits,
        dim=coordinator.encoder.dim,
    )
    if question.part is not None:
        message = "A coordinator makes its own statistics: statistics, state and ids are of shards."
        raise RequestRefusedError(message, code="coordinator_unsupported", option="statistics")
    check_made_by(coordinator.encoder, question.fingerprint)
    is_lines = question.is_batch and NDJSON in request.headers.get("accept", "")
    watch = Stopwatch(limits.deadline)
    request_id = request.scope["colmodern.request_id"]
    spent: Counter[str] = Counter()

    async def one(query: str, own: Stopwatch) -> ShownTogether:
        asked = AskedOfAll(query, question.vectors, question.request, request_id)
        found = await search_together(coordinator, asked, own)
        coordinator.check_missing(found.missing, is_strict=is_strict)
        coordinator.metrics.count_stages(own.seconds())
        spent.update(own.seconds())
        return shown(coordinator, found, is_precise=question.is_precise)

    if not question.is_batch:
        query = question.queries[0] if question.queries else ""
        found = await waited_for(request, one(query, watch), watch)
        headers = {"Cache-Control": "no-cache"}
        if found.states is not None:
            headers["ETag"] = (
                f'W/"{found.states}-{asked_digest(body, coordinator.how.name, False)}"'
            )
            if is_known(request, headers["ETag"]):
                return Response(status_code=304, headers=headers)
        values = {**found.values, "milliseconds": milliseconds(spent)}
        answer = checked_size(as_json(values), limits.max_answer)
        return Response(answer, headers=headers, media_type=JSON)

    turn = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(number: int, query: str) -> dict[str, Any]:
        async with turn:
            own = Stopwatch(watch.left)
            try:
                values = (await one(query, own)).values
            except InputError as error:
                if not is_lines:
                    raise
                values = {"query": query, "error": described(error)}
            return {"number": number, **values} if is_lines else values

    every = asyncio.gather(*(in_turn(*row) for row in enumerate(question.queries)))
    results = await waited_for(request, every, watch)
    if is_lines:
        return Response(as_ndjson(results, limits.max_answer), media_type=NDJSON)
    values = {
        "index": coordinator.how.name,
        "results": results,
        "partial": any(row["partial"] for row in results),
        "milliseconds": milliseconds(spent),
    }
    return Response(checked_size(as_json(values), limits.max_answer), media_type=JSON)


async def colbert(coordinator: Coordinator, request: Request) -> Response:
    """Answer ``/api/search`` as Stanford's ColBERT server does; DSPy asks so."""
    limits = coordinator.config
    asked: Mapping[str, Any] = request.query_params
    if request.method == "POST":
        asked = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    query = text_of(asked, "query", longest=limits.max_characters)
    k = whole_number(asked.get("k", 10), "k", least=1, most=min(100, limits.max_k))
    check_index(coordinator, asked)
    watch = Stopwatch(limits.deadline)
    request_id = request.scope["colmodern.request_id"]
    question = AskedOfAll(query, None, SearchRequest(k=k), request_id)
    found = await waited_for(request, search_together(coordinator, question, watch), watch)
    coordinator.check_missing(found.missing, is_strict=coordinator.how.strict)
    rows = [_colbert_row(hit) for hit in found.values["hits"]]
    values = {"query": query, "topk": rows, **_of_missing(found.missing)}
    return Response(checked_size(as_json(values), limits.max_answer), media_type=JSON)


def shown(
    coordinator: Coordinator, found: FoundTogether, *, is_precise: bool = False
) -> ShownTogether:
    """Return what a client is told of hits, and what stands for the states they come from."""
    if not is_precise:
        for hit in found.values["hits"]:
            hit["score"] = round(hit["score"], 6)
    generations = found.together.generations
    states = sorted(found.together.states.items())
    digest = hashlib.sha256(repr(states).encode()).hexdigest()[:16]
    values = {
        "index": coordinator.how.name,
        "generation": min(generations.values()) if len({*generations.values()}) == 1 else None,
        "generations": dict(generations),
        **found.values,
        **_of_missing(found.missing),
    }
    return ShownTogether(values, None if found.missing else digest)


def check_index(coordinator: Coordinator, asked: Mapping[str, Any]) -> None:
    """Refuse a request for an index that is not all shards together.

    Raises:
        RequestRefusedError: It names another.
    """
    name = index_of(asked)
    if name is not None and name != coordinator.how.name:
        raise RequestRefusedError(
            f"No index {name!r} is served here; there is {coordinator.how.name}.",
            code="index_not_served",
            option="index",
            value=name,
        )


def _of_missing(missing: Sequence[MissingShard]) -> dict[str, Any]:
    return {"partial": bool(missing), "missing": [one.to_dict() for one in missing]}


def _colbert_row(hit: Mapping[str, Any]) -> dict[str, Any]:
    passage = hit["passage"]
    text = hit["title"] if passage is None else passage["text"]
    told = f"{hit['title']} | {text}" if hit["title"] and passage else text
    return {
        "text": told,
        "long_text": told,
        "pid": hit["id"],
        "rank": hit["rank"],
        "score": round(hit["score"], 6),
    }
