"""Which addresses are there?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as Address

from colmodern.errors import ColModernError, RequestRefusedError
from colmodern.serve.access import Scope, allow
from colmodern.serve.http import (
    api_page,
    documents,
    health,
    openapi,
    others,
    page,
    part,
    search,
    writing,
)
from colmodern.serve.http.guard import Guard
from colmodern.serve.http.server import Front, Route, Server
from colmodern.serve.served import ServedIndex

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0

AnyFront = TypeVar("AnyFront", bound=Front)

_ADDRESSES: tuple[tuple[str, str, Scope | None, Route], ...] = (
    ("POST", "/v1/search", Scope.READ, search.search),
    ("POST", "/v1/statistics", Scope.READ, part.statistics),
    ("POST", "/v1/explain", Scope.READ, documents.explain),
    ("GET", "/v1/documents", Scope.READ, documents.document),
    ("GET", "/v1/documents/{id:id}", Scope.READ, documents.document),
    ("GET", "/v1/status", Scope.READ, health.status),
    ("POST", "/v1/rerank", Scope.READ, others.rerank),
    ("POST", "/v1/embeddings", Scope.READ, others.embeddings),
    ("GET,POST", "/api/search", Scope.READ, others.colbert),
    ("PUT", "/v1/documents", Scope.WRITE, writing.put_documents),
    ("DELETE", "/v1/documents", Scope.WRITE, writing.delete_document),
    ("DELETE", "/v1/documents/{id:id}", Scope.WRITE, writing.delete_document),
    ("POST", "/v1/compact", Scope.ADMIN, writing.compact),
    ("GET", "/v1/jobs/{id:id}", Scope.WRITE, writing.job),
    ("GET", "/metrics", Scope.READ, health.metrics),
    ("GET", "/openapi.json", None, openapi.openapi),
    ("GET", "/docs", None, api_page.docs),
    ("GET", "/livez", None, health.livez),
    ("GET", "/readyz", None, health.readyz),
    ("GET", "/", None, page.page),
    ("GET", "/page/{name}", None, page.page),
)
"""Methods, path, the scope that a token needs (None: no token), and what answers."""


class _AnyText(PathConvertor):
    """An id may hold whatever a text may: slashes, which a path of Starlette takes, and lines."""

    regex = r"[\s\S]*"


register_url_convertor("id", _AnyText())


class Mounted(Protocol):
    """An address of another room, ready as long as ``running`` is entered."""

    @property
    def route(self) -> Address:
        """Where it is found."""
        ...

    @property
    def paths(self) -> Mapping[str, Any]:
        """What ``/openapi.json`` says of it, as ``paths`` of OpenAPI has it."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """Be ready."""
        ...


def make_app(server: Server, mounted: Sequence[Mounted] = ()) -> Starlette:
    """Return the application; it keeps its indexes fresh while it runs, and closes them."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        refreshing = asyncio.create_task(_keep_fresh(server))
        try:
            async with AsyncExitStack() as stack:
                for one in mounted:
                    await stack.enter_async_context(one.running())
                yield
        finally:
            refreshing.cancel()
            closing = (asyncio.to_thread(writer.close) for writer in server.writers.values())
            await asyncio.gather(*closing)
            if server.pool is not None:  # what is stuck there ends, and with it the thread it has
                await asyncio.to_thread(server.pool.close)
            await asyncio.to_thread(server.admission.close)
            server.library.close()

    addresses = [
        *(made_address(server, *one) for one in _ADDRESSES),
        *(one.route for one in mounted),
    ]
    app = guarded(server, addresses, lifespan)
    app.state.more_paths = {path: told for one in mounted for path, told in one.paths.items()}
    return app


def guarded(
    server: Front,
    addresses: Sequence[Address],
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
) -> Starlette:
    """Return an application of some addresses, with what holds for every request."""
    app = Starlette(
        routes=[*addresses],
        middleware=[Middleware(Guard, server=server)],
        exception_handlers={404: _no_such_address, 405: _no_such_method},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.more_paths = {}
    return app


def made_address(
    server: AnyFront,
    methods: str,
    path: str,
    scope: Scope | None,
    route: Callable[[AnyFront, Request], Awaitable[Response]],
) -> Address:
    """Return an address: methods, path, the scope that a token needs, and what answers."""

    async def endpoint(request: Request) -> Response:
        if scope is not None:
            allow(request.scope["colmodern.bearer"], scope)
        return await route(server, request)

    return Address(path, endpoint, methods=methods.split(","), name=path)


async def _keep_fresh(server: Server) -> None:
    """Look for commits and changed tokens each second; nothing that fails ends it."""
    loop = asyncio.get_running_loop()
    told: dict[str, str] = {}
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        server.access.reread()
        for index in server.library:
            await loop.run_in_executor(None, partial(_refresh, server, index, told))


def _refresh(server: Server, index: ServedIndex, told: MutableMapping[str, str]) -> None:
    """Serve what is new; what goes on failing in the same way is logged once."""
    try:
        if index.refresh(retry=False):
            logger.info("index %s: generation %d is served", index.name, index.generation)
        elif index.name in told:
            logger.info("index %s: can be read again", index.name)
        told.pop(index.name, None)
    except Exception as error:  # whatever it is, the next look may go well
        server.metrics.count_refresh_failure(index.name)
        if told.get(index.name) != str(error):
            told[index.name] = str(error)
            is_foreseen = isinstance(error, ColModernError | OSError | ValueError)
            logger.error(  # noqa: TRY400
                "index %s: generation %d is served on: %s",
                index.name,
                index.generation,
                error if is_foreseen else repr(error),
                exc_info=not is_foreseen,
            )


async def _no_such_address(request: Request, _error: Exception) -> Response:
    message = f"There is no address {request.url.path!r:.200}; /openapi.json lists them."
    raise RequestRefusedError(message, code="route_not_found")


async def _no_such_method(request: Request, _error: Exception) -> Response:
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods
    allowed = ", ".join(sorted(methods))
    message = f"{request.url.path} takes {allowed}, not {request.method}."
    raise RequestRefusedError(message, code="method_not_allowed", value=allowed)
