"""How is an agent served over HTTP? ``POST /mcp``: each request by itself, answered in JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from colmodern.errors import ColModernError
from colmodern.serve.access import Scope as TokenScope
from colmodern.serve.access import allow
from colmodern.serve.config import ServeConfig
from colmodern.serve.http.answers import JSON
from colmodern.serve.http.body import read_bytes
from colmodern.serve.http.server import Server
from colmodern.serve.mcp.desk import Caller
from colmodern.serve.mcp.protocol import make_protocol
from colmodern.serve.mcp.wire import whole
from colmodern.serve.served import Work

T = TypeVar("T")

PATH = "/mcp"


class ServerDesk:
    """Lets a server's own threads do the work of tools, within its limits."""

    def __init__(self, server: Server) -> None:
        """Work with the indexes of ``server``."""
        self.is_local = False
        self._server = server

    @property
    def config(self) -> ServeConfig:
        """The limits of the server."""
        return self._server.config

    async def run(
        self, caller: Caller, work: Work[T], *, is_change: bool = False, is_apart: bool = False
    ) -> T:
        """Return what ``work`` returns; see ``Desk.run``. Nothing is changed from afar."""
        assert not is_change
        threads = max(index.n_useful_threads for index in self._server.library)
        try:
            return await self._server.ask(caller.request, work, threads=threads, is_apart=is_apart)
        except ColModernError as error:
            self._server.metrics.count_refusal(error.code)
            raise


class AgentAddress:
    """Answers one message a request: no session, nothing kept, no stream held open."""

    def __init__(self, server: Server) -> None:
        """Serve the tools of ``server``; ``running`` must be entered first."""
        self._limits = server.config
        # Hosts, origins, tokens and rates are the business of the guard in front.
        self._manager = StreamableHTTPSessionManager(
            make_protocol(ServerDesk(server)),
            json_response=True,
            stateless=True,
            max_request_body_size=2 * server.config.max_body + 1,  # checked in ``read_bytes``
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be ready as long as this is entered."""
        async with self._manager.run():
            yield

    @property
    def route(self) -> Route:
        """Where it is found."""
        return Route(PATH, self, methods=["POST"])

    @property
    def paths(self) -> Mapping[str, Any]:
        """What ``/openapi.json`` says of it."""
        anything = {JSON: {"schema": {"type": "object"}}}
        message = {
            "type": "object",
            "required": ["jsonrpc", "method"],
            "properties": {
                "jsonrpc": {"const": "2.0"},
                "id": {"type": ["string", "integer"], "description": "Left out: no answer."},
                "method": {"type": "string"},
                "params": {"type": "object"},
            },
        }
        told = {
            "operationId": "mcp",
            "summary": "Answer a message of the Model Context Protocol, as agents send it.",
            "requestBody": {"required": True, "content": {JSON: {"schema": message}}},
            "responses": {
                "200": {"description": "The answer to the message.", "content": anything},
                "202": {"description": "Taken; there is no answer to such a message."},
                "4XX": {"description": "The message is refused."},
                "5XX": {"description": "It cannot be answered now."},
            },
        }
        return {PATH: {"post": told}}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            RequestRefusedError: The token does not allow it, or the body is too large or too slow.
        """
        allow(scope["colmodern.bearer"], TokenScope.READ)
        limits = self._limits
        request = Request(scope, receive)
        body = await read_bytes(request, limit=limits.max_body, seconds=limits.deadline)
        body = whole(body).encode()
        is_read = False

        async def again() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._manager.handle_request(scope, again, send)
