"""Is the server there, is it ready, what does it serve, what has it counted?"""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response

from colmodern.serve.config import ServeConfig
from colmodern.serve.http.answers import JSON, as_json
from colmodern.serve.http.server import Front, Server
from colmodern.serve.metrics import CONTENT_TYPE
from colmodern.serve.stopwatch import Stopwatch


async def livez(_server: Front, _request: Request) -> Response:
    """Say that the process answers; touches nothing."""
    return Response(b"ok\n", media_type="text/plain")


async def readyz(server: Server, _request: Request) -> Response:
    """Say that every index is open and its encoder loaded: a server listens only then."""
    generations = {one.name: one.generation for one in server.library}
    return Response(as_json({"ready": True, "generations": generations}), media_type=JSON)


async def metrics(server: Front, _request: Request) -> Response:
    """Answer Prometheus."""
    return Response(server.metrics.page(), headers={"Content-Type": CONTENT_TYPE})


async def status(server: Server, request: Request) -> Response:
    """Say what is served: each index with its counts, sizes, encoder and generation."""

    def work(_watch: Stopwatch, _threads: int) -> bytes:
        from colmodern import __version__

        indexes = []
        for one in server.library:
            with one.use() as snapshot:
                told = snapshot.searcher.describe()
                age = round(max(0.0, time.time() - snapshot.opened), 1)
                indexes.append({"name": one.name, **told, "seconds_since_opened": age})
        limits = limits_of(server.config)
        return as_json({"version": __version__, "indexes": indexes, "limits": limits})

    return Response(await server.run(request, work, threads=1), media_type=JSON)


def limits_of(config: ServeConfig) -> dict[str, float]:
    """Return how much a request may ask for."""
    return {
        "k": config.max_k,
        "queries": config.max_queries,
        "query_characters": config.max_characters,
        "query_tokens": config.max_tokens,
        "text_characters": config.max_text,
        "body_bytes": config.max_body,
        "answer_bytes": config.max_answer,
        "deadline_seconds": config.deadline,
    }
