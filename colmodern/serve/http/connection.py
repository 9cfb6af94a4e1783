"""Which connections are kept? Those whose clients send and take something, and not too many."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from colmodern.errors import RequestRefusedError
from colmodern.serve.http.answers import JSON, as_json, described

LONGEST_HEAD = 128 << 10
"""Bytes of the head of a request: an id or a query of 10,000 characters has room in its address."""

TOO_MANY = "colmodern.too_many"
"""Under this name the state of a request's scope says that its connection is one too many."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many clients may be connected, and how slow they may be.

    Attributes:
        most: Connections whose requests are answered; those of more are refused, and above twice
            as many a connection is closed as it comes.
        seconds: How long the head of a request may take to arrive, and the rest of a body that
            nobody reads.
        stalled_seconds: How long a client may take to read ``least`` bytes of an answer.
        least: Bytes.
    """

    most: int
    seconds: float = 10.0
    stalled_seconds: float = 10.0
    least: int = 16 << 10


class BoundedConnection(H11Protocol):
    """One connection to the server.

    uvicorn lets a client wait as long as it likes with the head of a request, with a body that
    nobody reads, and with reading an answer; enough of them keep everybody else out.
    """

    def __init__(self, *args: Any, limits: ConnectionLimits, **options: Any) -> None:
        """Keep to limits; the rest is uvicorn's."""
        super().__init__(*args, **options)
        self._limits = limits
        self._silent: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        n = len(self.connections)
        if n > 2 * self._limits.most:
            transport.abort()
            return
        if n > self._limits.most:
            self.app_state = {**self.app_state, TOO_MANY: True}
        self._watch_silence()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._hear()
        self._see_read()

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        super().data_received(data)
        self._watch_silence()

    def on_response_complete(self) -> None:
        """End a request."""
        super().on_response_complete()
        self._watch_silence()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's own says less
        """Refuse what cannot be read, as all else is refused."""
        error = RequestRefusedError(
            f"The request is no HTTP/1.1, or its head has more than {LONGEST_HEAD:,} bytes.",
            code="request_invalid",
        )
        body = as_json({"error": described(error), "request_id": uuid.uuid4().hex})
        headers = [
            ("Content-Type", JSON),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        head = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self._let_go()

    def pause_writing(self) -> None:
        """Begin to look whether the client reads its answer."""
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        """The client has read most of it."""
        super().resume_writing()
        self._see_read()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, also if its client never takes the end of an answer."""
        super().timeout_keep_alive_handler()
        self._watch_reading()

    def _watch_silence(self) -> None:
        """Have a timer while a head is awaited, or a body that nobody reads."""
        theirs, ours = self.conn.their_state, self.conn.our_state
        is_unread = theirs is h11.SEND_BODY and ours is not h11.SEND_RESPONSE
        if theirs is not h11.IDLE and not is_unread:
            self._hear()
        elif self._silent is None and self.timeout_keep_alive_task is None:
            self._silent = self.loop.call_later(self._limits.seconds, self._let_go)

    def _let_go(self) -> None:
        self.transport.close()
        self._watch_reading()

    def _watch_reading(self) -> None:
        """Have a timer while something waits to be read."""
        waiting = self.transport.get_write_buffer_size()
        if waiting and self._stalled is None:
            seconds = self._limits.stalled_seconds
            self._stalled = self.loop.call_later(seconds, self._look_again, waiting)

    def _look_again(self, before: int) -> None:
        self._stalled = None
        left = self.transport.get_write_buffer_size()
        if left > before - min(before, self._limits.least):
            self.transport.abort()
        else:
            self._watch_reading()

    def _hear(self) -> None:
        if self._silent is not None:
            self._silent.cancel()
            self._silent = None

    def _see_read(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
