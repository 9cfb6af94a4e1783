"""Is the server there, is it ready, what does it serve, what has it counted?"""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response

from colmodern.serve.http.answers import JSON, as_json
from colmodern.serve.http.server import Server
from colmodern.serve.metrics import CONTENT_TYPE
from colmodern.serve.stopwatch import Stopwatch


async def livez(_server: Server, _request: Request) -> Response:
    """Say that the process answers; touches nothing."""
    return Response(b"ok\n", media_type="text/plain")


async def readyz(server: Server, _request: Request) -> Response:
    """Say that every index is open and its encoder loaded: a server listens only then."""
    generations = {one.name: one.generation for one in server.library}
    return Response(as_json({"ready": True, "generations": generations}), media_type=JSON)


async def metrics(server: Server, _request: Request) -> Response:
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
        limits = server.config
        told_limits = {
            "k": limits.max_k,
            "queries": limits.max_queries,
            "query_characters": limits.max_characters,
            "query_tokens": limits.max_tokens,
            "text_characters": limits.max_text,
            "body_bytes": limits.max_body,
            "answer_bytes": limits.max_answer,
            "deadline_seconds": limits.deadline,
        }
        return as_json({"version": __version__, "indexes": indexes, "limits": told_limits})

    return Response(await server.run(request, work, threads=1), media_type=JSON)
