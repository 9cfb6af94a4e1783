"""How much processor time does a coordinator need for a search, by the number of shards?

Servers that answer at once, always the same, run in a process of their own; the coordinator's code
runs here, and its time is that of this process.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from colmodern import HashEncoder, Indexer
from colmodern.request import SearchRequest
from colmodern.serve import ServeConfig
from colmodern.serve.coordinator.search import AskedOfAll, search_together
from colmodern.serve.coordinator.shards_file import (
    CoordinatorConfig,
    ServerEntry,
    ShardEntry,
    ShardsFile,
)
from colmodern.serve.coordinator.start import make_coordinator
from colmodern.serve.stopwatch import Stopwatch

_QUERY = "amber number7 ovens that bake bread"
_REQUEST = SearchRequest(k=10)
_ROUNDS = 7


def coordinator_cost(n_shards: int, *, requests: int) -> float:
    """Return the median seconds of processor time of a search in so many shards."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        port = ours.recv()
        shards = [
            ShardEntry(str(n), [ServerEntry(url=f"http://127.0.0.1:{port}/{n}")])
            for n in range(n_shards)
        ]
        file = ShardsFile(CoordinatorConfig(timeout=60.0), shards)
        config = ServeConfig(deadline=600.0)
        coordinator = make_coordinator(file, config, encoder=HashEncoder())
        return asyncio.run(_measure(coordinator, requests))
    finally:
        process.kill()
        process.join()


async def _measure(coordinator: object, requests: int) -> float:
    asked = AskedOfAll(_QUERY, None, _REQUEST, "bench")
    found = []
    for number in range(_ROUNDS + 1):
        started = time.process_time()
        for _ in range(requests):
            hits = await search_together(coordinator, asked, Stopwatch(600.0))  # type: ignore[arg-type]
            assert not hits.missing
        if number:  # the first opens connections
            found.append((time.process_time() - started) / requests)
    return median(found)


def _serve(pipe: Connection) -> None:
    answers = _answers()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.split("content-length:")[1].split("\r\n", 1)[0])
                asked = json.loads(await reader.readexactly(length))
                step = "statistics" if "/v1/statistics" in head else "search"
                body = answers["passages" if "ids" in asked else step]
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def _answers() -> dict[str, bytes]:
    """Return what a real server of a shard says in each step."""
    from starlette.testclient import TestClient

    from colmodern.serve.http.app import make_app
    from colmodern.serve.run import make_server

    encoder = HashEncoder()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "i"
        Indexer(path, encoder).build([(f"d{n}", f"amber number{n} ovens") for n in range(40)])
        server = make_server({"i": path}, ServeConfig(), encoder=encoder)
        with TestClient(make_app(server), base_url="http://127.0.0.1:8765") as client:
            search = {"query": _QUERY, "precise": True}
            return {
                "statistics": client.post("/v1/statistics", json={"query": _QUERY}).content,
                "search": client.post("/v1/search", json={**search, "passages": False}).content,
                "passages": client.post("/v1/search", json=search).content,
            }
