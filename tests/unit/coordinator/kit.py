"""Servers of shards in threads of this process, and a coordinator before them."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import uvicorn
from starlette.testclient import TestClient

from colmodern import HashEncoder
from colmodern.serve import ServeConfig
from colmodern.serve.coordinator.app import make_coordinator_app
from colmodern.serve.coordinator.shards_file import read_shards_file
from colmodern.serve.coordinator.start import make_coordinator
from colmodern.serve.http.app import make_app
from colmodern.serve.run import make_server

ENCODER = HashEncoder(dim=32)


class Running:
    """An ASGI application on a port of its own, until it is closed."""

    def __init__(self, app, port=0):
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            app, log_config=None, lifespan="on", ws="none", http="h11", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self.socket]}, daemon=True
        )
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            pass

    def close(self):
        self._server.should_exit = True
        self._thread.join()
        self.socket.close()


@contextlib.contextmanager
def running(app, port=0):
    server = Running(app, port)
    try:
        yield server
    finally:
        server.close()


def app_of(path, encoder=ENCODER, **options):
    """The application of a server of one index; its library is at ``app.state.library``."""
    server = make_server({"i": path}, ServeConfig(**options), encoder=encoder)
    app = make_app(server)
    app.state.library = server.library
    return app


def file_of(folder, urls, **options):
    """A file of shards: for each shard a list of URLs, or of tables."""
    lines = [f"{name} = {_toml(value)}" for name, value in options.items()]
    for name, servers in urls.items():
        lines += ["[[shards]]", f'name = "{name}"', f"servers = {_toml(servers)}"]
    file = folder / "shards.toml"
    file.write_text("\n".join(lines))
    return read_shards_file(file)


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@contextlib.contextmanager
def coordinating(file, encoder=ENCODER, **options):
    """A client of a coordinator; a busy machine has time enough unless a test says less."""
    config = ServeConfig(**{"deadline": 100.0, **options})
    coordinator = make_coordinator(file, config, encoder=encoder)
    app = make_coordinator_app(coordinator)
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        client.coordinator = coordinator
        yield client


class Lying:
    """An application whose answers are changed: ``lie`` gets their values, and returns others.

    What it returns may be bytes, which are sent as they are; ``path`` is the address that it
    concerns, ``kind`` the type of what is sent.
    """

    def __init__(self, app):
        self.app = app
        self.lie = None
        self.path = None
        self.kind = b"application/json"

    async def __call__(self, scope, receive, send):
        is_probe = dict(scope.get("headers", ())).get(b"x-request-id") == b"probe"
        if self.lie is None or scope["path"] != self.path or is_probe:
            await self.app(scope, receive, send)
            return
        told = []

        async def keep(message):
            told.append(message)

        await self.app(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in told[1:])
        if told[0]["status"] == 200:
            said = self.lie(json.loads(body))
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
        headers = [(b"content-type", self.kind), (b"content-length", b"%d" % len(body))]
        await send({**told[0], "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Faulty:
    """An application that fails on demand, before it passes requests on.

    ``fault`` is None, ``hang`` (no answer while it is so), ``break`` (a closed connection),
    ``fail`` (500), ``garbage`` or ``differ`` (another state than asked for); ``only`` names the
    path that it concerns, or ``passages``; None all. ``n_asked`` counts requests, but for probes.
    """

    def __init__(self, app):
        self.app = app
        self.fault = None
        self.only = None
        self.n_asked = 0
        self.n_gone = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.only == "passages":
            body, receive = await _read_ahead(receive)
            if b'"ids"' not in body:
                await self.app(scope, receive, send)
                return
        is_probe = dict(scope["headers"]).get(b"x-request-id") == b"probe"
        self.n_asked += not is_probe
        if self.fault is None or self.only not in (None, "passages", scope["path"]):
            await self.app(scope, receive, send)
        elif self.fault == "hang":
            await self._hang(receive)
        elif self.fault == "break":
            headers = [(b"content-length", b"100")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            raise ConnectionError("broken on purpose")
        else:
            await _answer(send, self.fault)

    async def _hang(self, receive):
        while self.fault == "hang":
            message = await receive()
            if message["type"] == "http.disconnect":
                self.n_gone += 1
                return


async def _read_ahead(receive):
    """The body of a request, and what gives it again."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    body = b"".join(message.get("body", b"") for message in messages)

    async def again():
        return messages.pop(0) if messages else await receive()

    return body, again


async def _answer(send, fault):
    error = {"error": {"code": "generation_changed", "message": "changed"}, "request_id": "x"}
    status, body = {
        "fail": (500, b'{"error": {"code": "internal", "message": "no"}}'),
        "garbage": (200, b"<html>"),
        "empty": (200, b"{}"),
        "refuse": (401, b'{"error": {"code": "token_missing", "message": "no token"}}'),
        "busy": (503, b'{"error": {"code": "overloaded", "message": "busy"}}'),
        "differ": (409, json.dumps(error).encode()),
    }[fault]
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
