"""A server over a small index, asked in the same process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from colmodern import Indexer
from colmodern.serve import ServeConfig

pytest.importorskip("starlette")

from starlette.testclient import TestClient

from colmodern.serve.http.app import make_app
from colmodern.serve.run import agents_of, make_server

from .kit import ADMIN, DOCUMENTS, ENCODER, READ, WRITE


@pytest.fixture
def index(tmp_path):
    Indexer(tmp_path / "i", ENCODER).build(DOCUMENTS)
    return tmp_path / "i"


@pytest.fixture
def client_of(index) -> Callable[..., TestClient]:
    """Makes a client of a server with some options; more indexes by keyword ``more``."""
    running: list[TestClient] = []

    def make(more=None, encoder=ENCODER, **options) -> TestClient:
        server = make_server({"i": index, **(more or {})}, ServeConfig(**options), encoder=encoder)
        client = TestClient(make_app(server, agents_of(server)), base_url="http://127.0.0.1:8765")
        client.__enter__()
        client.server = server
        running.append(client)
        return client

    yield make
    for client in running:
        client.__exit__(None, None, None)


@pytest.fixture
def client(client_of) -> TestClient:
    return client_of()


@pytest.fixture
def tokens(tmp_path) -> str:
    """A file that lets a reader, a writer and an administrator in."""
    file = tmp_path / "tokens"
    file.write_text(f"read {READ}\nread,write {WRITE}\nread,write,admin {ADMIN}\n")
    return str(file)


@pytest.fixture
def writable(client_of, tokens) -> Callable[..., TestClient]:
    """Makes a client of a server that takes documents."""

    def make(**options) -> TestClient:
        client = client_of(token_file=tokens, writable=True, **options)
        client.headers["Authorization"] = f"Bearer {ADMIN}"
        return client

    return make
