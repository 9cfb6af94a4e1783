"""Which addresses does a coordinator have? Those of a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from colmodern.serve.access import Scope
from colmodern.serve.coordinator import description, documents, others, routes
from colmodern.serve.coordinator.coordinator import Coordinator
from colmodern.serve.coordinator.watching import watch_servers
from colmodern.serve.http import health, page
from colmodern.serve.http.app import REFRESH_SECONDS, guarded, made_address

_ADDRESSES: tuple[
    tuple[str, str, Scope | None, Callable[[Coordinator, Request], Awaitable[Response]]], ...
] = (
    ("POST", "/v1/search", Scope.READ, routes.search),
    ("POST", "/v1/explain", Scope.READ, documents.explain),
    ("GET", "/v1/documents", Scope.READ, documents.document),
    ("GET", "/v1/documents/{id:id}", Scope.READ, documents.document),
    ("GET", "/v1/status", Scope.READ, others.status),
    ("POST", "/v1/rerank", Scope.READ, others.forward),
    ("POST", "/v1/embeddings", Scope.READ, others.forward),
    ("GET,POST", "/api/search", Scope.READ, routes.colbert),
    ("PUT,DELETE", "/v1/documents", Scope.WRITE, others.refuse_writing),
    ("DELETE", "/v1/documents/{id:id}", Scope.WRITE, others.refuse_writing),
    ("POST", "/v1/compact", Scope.ADMIN, others.refuse_writing),
    ("GET", "/v1/jobs/{id:id}", Scope.WRITE, others.refuse_writing),
    ("POST", "/v1/statistics", Scope.READ, others.refuse_statistics),
    ("POST", "/mcp", Scope.READ, others.refuse_agents),
    ("GET", "/metrics", Scope.READ, health.metrics),
    ("GET", "/openapi.json", None, description.openapi),
    ("GET", "/docs", None, description.docs),
    ("GET", "/livez", None, health.livez),
    ("GET", "/readyz", None, others.readyz),
    ("GET", "/", None, page.page),
    ("GET", "/page/{name}", None, page.page),
)
"""As those of a server; see ``http/app.py``."""


def make_coordinator_app(coordinator: Coordinator) -> Starlette:
    """Return the application; it looks at the servers of its shards while it runs."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        seconds = coordinator.step_seconds
        tasks = [
            asyncio.create_task(watch_servers(coordinator.shards, coordinator.how, seconds)),
            asyncio.create_task(_reread(coordinator)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(coordinator.admission.close)
            for shard in coordinator.shards:
                for server in shard.servers:
                    server.close()

    addresses = [made_address(coordinator, *one) for one in _ADDRESSES]
    return guarded(coordinator, addresses, lifespan)


async def _reread(coordinator: Coordinator) -> None:
    """Read the tokens of clients again when they change."""
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        coordinator.access.reread()
