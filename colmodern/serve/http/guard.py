"""What holds for every request? Who asks, from where, how often; what is logged and counted."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Iterable
from typing import Any, TypeAlias

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colmodern.errors import ColModernError, RequestRefusedError
from colmodern.serve.access import Bearer
from colmodern.serve.http.answers import failure
from colmodern.serve.http.connection import TOO_MANY
from colmodern.serve.http.page import is_of_page
from colmodern.serve.http.server import Front

logger = logging.getLogger("colmodern.serve.requests")

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]
"""Names in small letters, as ASGI has them."""

PUBLIC = frozenset({"/livez", "/readyz", "/openapi.json", "/docs"})
"""What answers without a token, as the page does: it tells nothing of any document."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEALTH = frozenset({"/livez", "/readyz"})

_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
"""The policy of an answer that is no page, should a browser show it as one."""
_CORS_HEADERS = (
    "Authorization, Content-Type, If-None-Match, X-Request-ID, MCP-Protocol-Version, Mcp-Method, "
    "Mcp-Name"
)


class Guard:
    """Stands in front of all routes; a plain ASGI application."""

    def __init__(self, app: ASGIApp, server: Front) -> None:
        """Let requests through to ``app`` as the configuration of ``server`` says."""
        self._app = app
        self._server = server
        own = ("localhost", "127.0.0.1", "[::1]", server.config.host)
        self._hosts = {_in_a_request(name) for name in (*own, *server.config.allow_host)}
        self._is_any_host = server.config.insecure and not server.config.is_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get("x-request-id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = uuid.uuid4().hex
        scope["colmodern.request_id"] = request_id
        record = _RequestRecord(self._server, scope, request_id)
        carried = self._headers(headers, request_id)
        if _is_one_too_many(scope) or _has_two_lengths(headers):
            carried.append((b"connection", b"close"))
        sending = record.sending(send, carried)
        try:
            response = self._preflight(scope, headers)
            if response is None:
                self._check(scope, headers, record)
                await self._app(scope, receive, sending)
            else:
                await response(scope, receive, sending)
        except ColModernError as error:
            await record.fail(error, scope, receive, sending)
        except asyncio.CancelledError:  # by the server's end, whose time is over
            message = "The server ends before this is answered; ask again when it is back."
            ends = RequestRefusedError(message, code="overloaded")
            await record.fail(ends, scope, receive, sending)
        except Exception:
            logger.exception("request %s failed", request_id)
            await record.fail(failed(request_id), scope, receive, sending)
        finally:
            record.finish()

    def _headers(self, headers: Headers, request_id: str) -> RawHeaders:
        """Return what every answer carries."""
        origin = headers.get("origin")
        added = [(b"x-request-id", request_id.encode("ascii")), *_SAFE]
        if origin is None or origin not in self._server.config.cors:
            return [*added, (b"cross-origin-resource-policy", b"same-origin")]
        return [
            *added,
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"vary", b"Origin"),
            (b"access-control-expose-headers", b"ETag, X-Request-ID, Retry-After"),
        ]

    def _preflight(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a browser that asks whether a page of another origin may ask."""
        asks = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        if not asks or headers.get("origin") not in self._server.config.cors:
            return None
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
                "Access-Control-Allow-Headers": _CORS_HEADERS,
                "Access-Control-Max-Age": "600",
            },
        )

    def _check(self, scope: Scope, headers: Headers, record: _RequestRecord) -> None:
        """Refuse who must not ask.

        Raises:
            RequestRefusedError: The host, the origin, the token or the rate is not allowed, too
                many clients are connected, or nobody can say where the request ends.
        """
        if _has_two_lengths(headers):
            message = "Send Content-Length or Transfer-Encoding, not both."
            raise RequestRefusedError(message, code="request_invalid")
        if _is_one_too_many(scope):
            raise _too_many_connections(self._server.config.connections)
        self._check_host(scope["path"], headers)
        self._check_origin(headers)
        if scope["path"] in PUBLIC or is_of_page(scope["path"]):
            return
        bearer = self._server.access.bearer(headers.get("authorization"))
        record.bearer = bearer
        scope["colmodern.bearer"] = bearer
        self._server.rates.take(bearer)

    def _check_host(self, path: str, headers: Headers) -> None:
        """Refuse a request that reached this server under a name that is not its own.

        A page may have its own name resolve to 127.0.0.1 (DNS rebinding): what it then asks has
        that name as its host. Where tokens are asked for, health is told to any host: the probes of
        an orchestrator name the address of the container.
        """
        host = _without_port(headers.get("host", ""))
        if self._is_any_host or host in self._hosts:
            return
        if path in _HEALTH and not self._server.access.is_open:
            return
        raise RequestRefusedError(
            f"This server does not answer to the host {host!r:.80}; --allow-host adds a name.",
            code="host_refused",
            value=host,
        )

    def _check_origin(self, headers: Headers) -> None:
        """Refuse what pages of other origins ask, and what they embed.

        A browser names the page's origin where its answer could be read or something be changed; of
        a picture, a script or a frame it says only that another site wants it.
        """
        origin = headers.get("origin")
        if origin is None:
            is_other = headers.get("sec-fetch-site", "") in ("cross-site", "same-site")
            is_link = (
                headers.get("sec-fetch-mode") == "navigate"
                and headers.get("sec-fetch-dest") == "document"
            )
            if is_other and not is_link:
                message = "Pages of other sites may not ask; --cors allows an origin."
                raise RequestRefusedError(message, code="origin_refused")
            return
        if origin in self._server.config.cors:
            return
        _, mark, name = origin.partition("://")
        if mark and name.lower() == headers.get("host", "").lower():
            return
        raise RequestRefusedError(
            f"Pages of {origin:.80} may not ask; --cors allows an origin.",
            code="origin_refused",
            value=origin,
        )


def _is_one_too_many(scope: Scope) -> bool:
    return TOO_MANY in scope.get("state", ()) and scope["path"] != "/livez"


def _has_two_lengths(headers: Headers) -> bool:
    """Whether a proxy may take another part of what was sent for the request (RFC 9112, 6.1)."""
    return "content-length" in headers and "transfer-encoding" in headers


def _too_many_connections(most: int) -> RequestRefusedError:
    message = f"More than {most:,} clients are connected; ask again in a second."
    return RequestRefusedError(message, code="overloaded", option="connections", value=most)


def failed(request_id: str) -> RequestRefusedError:
    """Return what a client is told of a failure that is the server's own."""
    message = f"The server failed; its log says how, under request {request_id}."
    return RequestRefusedError(message, code="internal")


def _in_a_request(name: str) -> str:
    """Return a name as requests have it as their host: without a port, IPv6 in brackets."""
    is_bare = name.count(":") > 1 and not name.startswith("[")
    return f"[{name}]".lower() if is_bare else _without_port(name)


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


def _with(headers: Iterable[tuple[bytes, bytes]], carried: RawHeaders) -> RawHeaders:
    """Return the headers of an answer, those that all have in the place of its own."""
    ours = {name for name, _ in carried}
    kept = [one for one in headers if one[0] not in ours]
    policy = () if any(name == _NO_PAGE[0] for name, _ in kept) else (_NO_PAGE,)
    return [*kept, *carried, *policy]


class _RequestRecord:
    """What is told of one request when it is over: never its query, nor any text."""

    def __init__(self, server: Front, scope: Scope, request_id: str) -> None:
        self.bearer: Bearer | None = None
        self._server = server
        self._scope = scope
        self._request_id = request_id
        self._started = time.perf_counter()
        self._status = 0
        self._code = ""

    def sending(self, send: Send, carried: RawHeaders) -> Send:
        """Return what sends an answer with the headers that all have."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                message["headers"] = _with(message.get("headers", ()), carried)
            await send(message)

        return sending

    async def fail(self, error: ColModernError, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with an error, unless an answer has begun."""
        self._code = error.code
        self._server.metrics.count_refusal(error.code)
        if not self._status:
            await failure(error, self._request_id)(scope, receive, send)

    def finish(self) -> None:
        """Count the request, and log it."""
        seconds = time.perf_counter() - self._started
        route: Any = self._scope.get("route")
        name = getattr(route, "path", "none")
        self._server.metrics.count_request(name, self._status, seconds)
        if not logger.isEnabledFor(logging.INFO):
            return
        told = {
            "method": self._scope["method"],
            "route": name,
            "status": self._status,
            "milliseconds": round(1000 * seconds, 1),
            "request_id": self._request_id,
            "bearer": self.bearer.name if self.bearer else None,
            "code": self._code or None,
            "insecure": self._server.config.insecure,
        }
        logger.info(
            "%s %s %d %.1f ms %s%s%s%s",
            told["method"],
            name,
            self._status,
            told["milliseconds"],
            self._request_id,
            f" by {told['bearer']}" if self.bearer else "",
            f" {self._code}" if self._code else "",
            " insecure" if told["insecure"] else "",
            extra={"fields": told},
        )
