"""What becomes of clients that send nothing, or read nothing, and of too many?"""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from unittest.mock import Mock

import pytest

pytest.importorskip("uvicorn")

import uvicorn
from uvicorn.server import ServerState

from colmodern.serve.http.connection import TOO_MANY, BoundedConnection, ConnectionLimits

from .kit import refused

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
LARGE = b"x" * (32 << 20)


async def answer(scope, _receive, send):
    """Answer at once, without a look at the body: whether the connection is one too many."""
    body = LARGE if scope["path"] == "/large" else str(TOO_MANY in scope["state"]).encode()
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def listening(**limits):
    """A server with such limits: its port, and the connections that it has."""
    config = uvicorn.Config(answer, log_config=None, lifespan="off", ws="none")
    config.timeout_keep_alive = 0.05
    state = ServerState()
    made = partial(
        BoundedConnection,
        config=config,
        server_state=state,
        app_state={},
        limits=ConnectionLimits(**{"most": 100, "seconds": 0.05, **limits}),
    )
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    async with server, asyncio.timeout(120):
        yield server.sockets[0].getsockname()[1], state.connections


@asynccontextmanager
async def connected(port):
    """A connection of a client."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("first", "then"),
    [(b"", b""), (b"POST / HT", b"T"), (b"", b"G"), (HEAD, b"x")],
    ids=["nothing", "a head byte by byte", "a method without end", "a body that nobody reads"],
)
def test_who_is_slow_to_ask_is_let_go(first, then):
    async def story():
        async with listening() as (port, connections), connected(port) as (_, writer):
            writer.write(first)
            await until(lambda: connections)
            while connections:
                writer.write(then)
                await asyncio.sleep(0.001)

    asyncio.run(story())


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01 hello\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /" + b"x" * 20_000,
    ],
    ids=["TLS", "no host", "two hosts", "two lengths", "a coding", "a space", "a long head"],
)
def test_what_is_no_request_is_refused_with_a_code(raw):
    async def story():
        async with listening() as (port, _), connected(port) as (reader, writer):
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert head.startswith("HTTP/1.1 400 ")
            length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
            told = json.loads(await reader.readexactly(length))
            assert told["error"]["code"] == "request_invalid"

    asyncio.run(story())


def test_who_takes_no_answer_is_let_go():
    async def story():
        limits = {"stalled_seconds": 0.05}
        async with listening(**limits) as (port, connections), connected(port) as (_, writer):
            writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await until(lambda: connections)
            await until(lambda: not connections)

    asyncio.run(story())


class SlowTransport(asyncio.Transport):
    """Has some bytes left to send."""

    left, is_aborted = 100_000, False

    def get_write_buffer_size(self):
        return self.left

    def abort(self):
        self.is_aborted = True


class Moments:
    """Stands for a loop whose time passes when the test says so."""

    def __init__(self):
        self.waiting = []

    def call_later(self, _seconds, function, *arguments):
        self.waiting.append(partial(function, *arguments))
        return Mock()


def test_who_takes_it_slowly_goes_on_and_who_takes_too_little_does_not():
    config = uvicorn.Config(answer, log_config=None, ws="none")
    limits = ConnectionLimits(most=1, least=1_000)
    moments, transport = Moments(), SlowTransport()
    connection = BoundedConnection(
        config, server_state=ServerState(), app_state={}, _loop=moments, limits=limits
    )
    connection.connection_made(transport)
    moments.waiting.clear()
    connection.pause_writing()
    for taken, is_aborted in ((1_000, False), (50_000, False), (999, True)):
        transport.left -= taken
        moments.waiting.pop()()
        assert transport.is_aborted is is_aborted
    assert not moments.waiting


def test_who_is_one_too_many_is_told_and_one_more_is_not_let_in():
    async def story():
        async with listening(most=1, seconds=60) as (port, connections), AsyncExitStack() as stack:
            kept = []
            for n, told in enumerate((b"False", b"True"), 1):
                kept.append((*await stack.enter_async_context(connected(port)), told))
                await until(lambda n=n: len(connections) == n)
            more, _ = await stack.enter_async_context(connected(port))
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await more.readexactly(1)
            for reader, writer, told in kept:
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                assert (await reader.read()).endswith(told)

    asyncio.run(story())


def test_what_a_client_too_many_is_told(client):
    client.app_state[TOO_MANY] = True
    answer = client.get("/v1/status")
    refused(answer, "overloaded", 503)
    assert (answer.headers["connection"], answer.headers["retry-after"]) == ("close", "1")
    assert client.get("/livez").status_code == 200
