"""What does a coordinator not do itself? Any shard's server encodes; nobody writes through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import RequestRefusedError
from colmodern.serve.coordinator.coordinator import Coordinator, MissingShard, unavailable
from colmodern.serve.coordinator.question import ShardError, ShardQuestion
from colmodern.serve.coordinator.routes import check_index
from colmodern.serve.http.answers import JSON, as_json
from colmodern.serve.http.body import read_json
from colmodern.serve.http.health import limits_of
from colmodern.serve.http.server import waited_for
from colmodern.serve.stopwatch import Stopwatch


async def forward(coordinator: Coordinator, request: Request) -> Response:
    """Answer ``rerank`` and ``embeddings`` by a shard, each in its turn: they ask no index."""
    limits = coordinator.config
    body = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    check_index(coordinator, body)
    values = {name: value for name, value in body.items() if name != "index"}
    question = ShardQuestion(request.url.path.rpartition("/")[2], "POST", request.url.path, values)
    watch = Stopwatch(limits.deadline)
    request_id = request.scope["colmodern.request_id"]

    async def work() -> Response:
        missing = []
        for shard in coordinator.in_turn():
            try:
                seconds = min(coordinator.step_seconds, watch.left)
                answer = await shard.ask_raw(question, seconds=seconds, request_id=request_id)
            except ShardError as failure:
                missing.append(MissingShard(shard.name, question.step, failure.code, str(failure)))
            else:
                return Response(answer.body, status_code=answer.status, media_type=JSON)
        raise unavailable(missing)

    return await waited_for(request, work(), watch)


def _refusing(
    message: str, **why: Any
) -> Callable[[Coordinator, Request], Coroutine[Any, Any, Response]]:
    """Return a route that refuses every request with this message."""

    async def refuse(_coordinator: Coordinator, _request: Request) -> Response:
        raise RequestRefusedError(message, **why)

    return refuse


refuse_writing = _refusing(
    "A coordinator does not write. Change the shard set itself (colmodern index), or ask the "
    "servers of its shards.",
    code="not_writable",
    option="writable",
    value=False,
)
refuse_statistics = _refusing(
    "A coordinator is no shard of another: name the servers of the shards themselves.",
    code="coordinator_unsupported",
)
refuse_agents = _refusing(
    "A coordinator has no tools for agents; /v1/search answers the same.",
    code="coordinator_unsupported",
)


async def readyz(coordinator: Coordinator, _request: Request) -> Response:
    """Say whether searches are answered: by a shard at least, or by all where that is asked for."""
    shards = {one.name: one.can_be_asked and one.is_known for one in coordinator.shards}
    is_ready = all(shards.values()) if coordinator.how.strict else any(shards.values())
    values = {"ready": is_ready, "complete": all(shards.values()), "shards": shards}
    return Response(as_json(values), status_code=200 if is_ready else 503, media_type=JSON)


async def status(coordinator: Coordinator, _request: Request) -> Response:
    """Say what the shards were when they were looked at last, and how their servers are."""
    from colmodern import __version__

    shards = [
        {
            "name": shard.name,
            **_counts(shard.told),
            "servers": [
                {
                    "url": server.url,
                    "circuit": str(server.circuit.state),
                    "seconds_since_seen": (
                        None if server.seen is None else round(time.monotonic() - server.seen, 1)
                    ),
                    **_counts(server.told),
                }
                for server in shard.servers
            ],
        }
        for shard in coordinator.shards
    ]
    known = [one for one in shards if one["documents"] is not None]
    whole = {
        "name": coordinator.how.name,
        "documents": sum(one["documents"] for one in known),
        "tokens": sum(one["tokens"] for one in known),
        "shards": len(shards),
        "dim": coordinator.encoder.dim,
        "encoder": coordinator.encoder.name,
        "fingerprint": coordinator.encoder.fingerprint,
    }
    values = {
        "version": __version__,
        "indexes": [whole],
        "shards": shards,
        "limits": limits_of(coordinator.config),
    }
    return Response(as_json(values), media_type=JSON)


def _counts(told: Mapping[str, Any]) -> dict[str, Any]:
    statistics = told.get("statistics", {})
    return {
        "documents": statistics.get("documents"),
        "tokens": statistics.get("tokens"),
        "generation": told.get("generation"),
        "state": told.get("state"),
    }
