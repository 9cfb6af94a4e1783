"""How is another server asked over HTTP? Connections are kept; one nobody waits for is closed."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

_CHUNK = 1 << 16
# A server of ours closes a connection that is idle for five seconds.
_KEPT_SECONDS = 4.0


class HttpAnswer(NamedTuple):
    """What a server has answered.

    Attributes:
        status: Of HTTP.
        headers: Names in lower case.
        body: All of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpError(Exception):
    """There is no answer: the server cannot be reached, or does not speak HTTP."""


class HttpClient:
    """Asks one server. A request that is cancelled closes its connection, which the server sees."""

    def __init__(self, url: str, *, most_bytes: int) -> None:
        """Ask the server at ``url``, below its path; an answer has at most ``most_bytes``."""
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._authority = parts.netloc
        self._prefix = parts.path.rstrip("/")
        self._most_bytes = most_bytes
        self._idle: list[_Link] = []

    async def ask(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Return the answer to a request, which must be one that may be sent twice.

        Raises:
            HttpError: There is none.
        """
        lines = {"Host": self._authority, "Content-Length": str(len(body)), **(headers or {})}
        request = h11.Request(
            method=method, target=self._prefix + target, headers=list(lines.items())
        )
        try:
            link = self._take_idle()
            if link is not None:
                try:
                    return await self._exchange(link, request, body)
                except (
                    HttpError,
                    OSError,
                    h11.ProtocolError,
                ):  # closed by the server while it was idle
                    if link.has_heard:
                        raise
            return await self._exchange(await self._connect(), request, body)
        except (OSError, h11.ProtocolError) as error:
            raise HttpError(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Close what is idle."""
        for link in self._idle:
            link.abort()
        self._idle.clear()

    def _take_idle(self) -> _Link | None:
        oldest = time.monotonic() - _KEPT_SECONDS
        while self._idle:
            link = self._idle.pop()
            if link.since > oldest and not link.reader.at_eof():
                return link
            link.abort()
        return None

    async def _connect(self) -> _Link:
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        return _Link(reader, writer)

    async def _exchange(self, link: _Link, request: h11.Request, body: bytes) -> HttpAnswer:
        try:
            answer = await link.exchange(request, body, self._most_bytes)
        except BaseException:
            link.abort()
            raise
        if link.is_reusable():
            self._idle.append(link)
        else:
            link.abort()
        return answer


class _Link:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.since = 0.0
        self.has_heard = False
        self._writer = writer
        self._state = h11.Connection(our_role=h11.CLIENT)

    async def exchange(self, request: h11.Request, body: bytes, most_bytes: int) -> HttpAnswer:
        """Send a request, and return its answer."""
        self.has_heard = False
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        self._writer.write(b"".join(self._state.send(event) or b"" for event in events))
        await self._writer.drain()
        head: h11.Response | None = None
        received = bytearray()
        while True:
            event = self._state.next_event()
            if event is h11.NEED_DATA:
                data = await self.reader.read(_CHUNK)
                self.has_heard = self.has_heard or bool(data)
                self._state.receive_data(data)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                received += event.data
                if len(received) > most_bytes:
                    raise HttpError(f"the answer has more than {most_bytes:,} bytes")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                names = {name.decode(): value.decode("latin-1") for name, value in head.headers}
                return HttpAnswer(head.status_code, names, bytes(received))
            elif not isinstance(event, h11.InformationalResponse):
                raise HttpError("the connection was closed")

    def is_reusable(self) -> bool:
        """Make ready for another request, if the server keeps the connection."""
        state = self._state
        if state.our_state is not h11.DONE or state.their_state is not h11.DONE:
            return False
        state.start_next_cycle()
        self.since = time.monotonic()
        return True

    def abort(self) -> None:
        self._writer.transport.abort()
