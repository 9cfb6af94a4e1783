"""Which addresses are there?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Address

from colmodern.errors import ColModernError, RequestRefusedError
from colmodern.serve.http import documents, health, openapi, others, search
from colmodern.serve.http.guard import Guard
from colmodern.serve.http.server import Route, Server
from colmodern.serve.served import ServedIndex

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0

_ADDRESSES: tuple[tuple[str, str, Route], ...] = (
    ("POST", "/v1/search", search.search),
    ("POST", "/v1/explain", documents.explain),
    ("GET", "/v1/documents/{id:path}", documents.document),
    ("GET", "/v1/status", health.status),
    ("POST", "/v1/rerank", others.rerank),
    ("POST", "/v1/embeddings", others.embeddings),
    ("GET,POST", "/api/search", others.colbert),
    ("GET", "/openapi.json", openapi.openapi),
    ("GET", "/livez", health.livez),
    ("GET", "/readyz", health.readyz),
    ("GET", "/metrics", health.metrics),
)


def make_app(server: Server) -> Starlette:
    """Return the application; it keeps its indexes fresh while it runs, and closes them."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        refreshing = asyncio.create_task(_keep_fresh(server))
        try:
            yield
        finally:
            refreshing.cancel()
            await asyncio.to_thread(server.admission.close)
            server.library.close()

    return Starlette(
        routes=[_address(server, *one) for one in _ADDRESSES],
        middleware=[Middleware(Guard, server=server)],
        exception_handlers={404: _no_such_address, 405: _no_such_method},
        lifespan=lifespan,
    )


def _address(server: Server, methods: str, path: str, route: Route) -> Address:
    async def endpoint(request: Request) -> Response:
        return await route(server, request)

    return Address(path, endpoint, methods=methods.split(","), name=path)


async def _keep_fresh(server: Server) -> None:
    """Look for commits and changed tokens each second; nothing that fails ends it."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        server.access.reread()
        for index in server.library:
            await loop.run_in_executor(None, partial(_refresh, server, index))


def _refresh(server: Server, index: ServedIndex) -> None:
    try:
        if index.refresh():
            logger.info("index %s: generation %d is served", index.name, index.generation)
    except (ColModernError, OSError, ValueError) as error:
        server.metrics.count_refresh_failure(index.name)
        logger.error(  # noqa: TRY400
            "index %s: generation %d is served on: %s", index.name, index.generation, error
        )


async def _no_such_address(request: Request, _error: Exception) -> Response:
    message = f"There is no address {request.url.path!r:.200}; /openapi.json lists them."
    raise RequestRefusedError(message, code="route_not_found")


async def _no_such_method(request: Request, error: Exception) -> Response:
    allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
    message = f"{request.url.path} takes {allowed}, not {request.method}."
    raise RequestRefusedError(message, code="method_not_allowed")
