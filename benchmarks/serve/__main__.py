"""What does `colmodern serve` answer a second, how long does it take, and what beyond that?

    python -m benchmarks.serve ../shared/data/scifact [--seconds 10] [--workers 2]

Indexes a judged collection (about 5,000 documents), starts the server as a program, and asks it
from this process over loopback: as many clients as it can serve (closed loop) beside
``search_many`` in process; at 70 % of that, at random moments and evenly, and at twice that (open
loop); the same while documents are put each second, and while a hundred commits are made and opened
as fast as they go. Beside 70 % stands what a queue alone would make of it, if each request took
the same time. Every loop is bounded in requests and time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.serve.client import (
    Tally,
    bodies_of,
    closed_loop,
    moments_of,
    open_loop,
    queued,
)
from colmodern import Encoder, Indexer, Searcher
from colmodern.eval import Dataset

CLIENTS = 8
COMMITS = 100
ROUNDS = 5

# Whoever waits for a job asks so often; each time costs the server a millisecond or two.
_POLL_SECONDS = 0.05


def main() -> None:
    """Print a line for each load."""
    options = _options()
    dataset = Dataset.load(options.collection)
    queries = list(dataset.queries.values())
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "i"
        Indexer(index, Encoder.load()).build(dataset.documents)
        (Path(folder) / "tokens").write_text(f"read,write,admin {secrets.token_hex(16)} bench\n")
        with serving(index, Path(folder) / "tokens", workers=options.workers) as server:
            run(server, index, queries, options)


def run(server: Server, index: Path, queries: list[str], options: argparse.Namespace) -> None:
    """Measure the server under each load."""
    bodies = bodies_of(queries, k=options.k)
    asyncio.run(closed_loop(server.port, bodies, clients=2, requests=200, token=server.token))
    capacity = of_in_process(server, index, queries, bodies, options)
    show(
        "closed loop, one client",
        asyncio.run(
            closed_loop(server.port, bodies, clients=1, requests=len(bodies), token=server.token)
        ),
    )

    def loaded(share: float, *, times: int = 1, is_even: bool = False) -> Tally:
        return asyncio.run(
            open_loop(
                server.port,
                bodies,
                rate=share * capacity,
                seconds=times * options.seconds,
                is_even=is_even,
                token=server.token,
            )
        )

    show("open loop, .7 of that", loaded(0.7))
    cores = os.cpu_count() or 1
    queue = queued(moments_of(0.7 * capacity, options.seconds), cores / capacity, cores)
    show(f"    what a queue before {cores} processors makes of the same moments", queue)
    show("open loop, .7, evenly", loaded(0.7, is_even=True))
    show("open loop, twice that", loaded(2.0))
    with repeating(lambda number: server.put(f"b{number}"), seconds=1.0):
        show(".7, a document put each second", loaded(0.7))
    before = server.generation()
    with repeating(lambda number: server.put(f"c{number}"), seconds=0.02, most=COMMITS):
        show(f".7, {COMMITS} commits", loaded(0.7, times=4))
    print(f"    {server.generation() - before} generations were opened meanwhile")
    for pid in (server.pid, *children_of(server.pid)):
        own, all_ = (bytes_of(pid, name) / 2**20 for name in ("RssAnon", "VmRSS"))
        what = "the server" if pid == server.pid else "a process of it"
        print(f"memory of {what}: {own:.0f} MiB of its own, {all_:.0f} with pages of files")


def of_in_process(
    server: Server,
    index: Path,
    queries: list[str],
    bodies: list[bytes],
    options: argparse.Namespace,
) -> float:
    """Return how many answers a second it gives; shown beside ``search_many``, in turn."""
    inside, outside = [], []
    seconds = options.seconds / ROUNDS
    for _ in range(ROUNDS):
        inside.append(in_process(index, queries, options.k, seconds))
        n = round(inside[-1] * seconds)
        most = asyncio.run(
            closed_loop(server.port, bodies, clients=CLIENTS, requests=n, token=server.token)
        )
        outside.append(len(most.seconds) / most.wall)
        show(f"closed loop, {CLIENTS} clients", most)
    shares = [out / own for out, own in zip(outside, inside, strict=True)]
    print(
        f"    {median(outside):.0f} answers a second, search_many in process "
        f"{median(inside):.0f}, median share {median(shares):.2f} of {ROUNDS} in turn"
    )
    return median(outside)


def show(what: str, tally: Tally) -> None:
    """Print what became of the requests of one load."""
    p50, p99 = tally.quantile(0.5), tally.quantile(0.99)
    statuses = ", ".join(f"{n} x {status}" for status, n in sorted(tally.statuses.items()))
    print(
        f"{what}: p50 {1000 * p50:.1f} ms, p99 {1000 * p99:.1f} ms ({p99 / p50:.1f} x); "
        f"{statuses}; {tally.lost} lost",
        flush=True,
    )


def in_process(index: Path, queries: list[str], k: int, seconds: float) -> float:
    """Return how many queries a second ``search_many`` answers, in so many seconds at least."""
    n = 0
    with Searcher.open(index) as searcher:
        searcher.search_many(queries, k=k)
        started = time.perf_counter()
        while time.perf_counter() < started + seconds:
            searcher.search_many(queries, k=k)
            n += len(queries)
        return n / (time.perf_counter() - started)


class Server:
    """A running server."""

    def __init__(self, told: dict[str, Any], token: str) -> None:
        """Know its address and a token."""
        self.url = told["url"]
        self.port = int(self.url.rpartition(":")[2])
        self.pid = told["pid"]
        self.token = token

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON that an address answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def put(self, name: str) -> None:
        """Put a document, and wait until it is committed."""
        body = {"documents": [{"id": name, "text": f"A note of its own, called {name}."}]}
        job = self.ask("PUT", "/v1/documents", body)["job"]
        while self.ask("GET", f"/v1/jobs/{job}")["state"] not in ("done", "failed"):
            time.sleep(_POLL_SECONDS)

    def generation(self) -> int:
        """Return the generation that is served."""
        (generation,) = self.ask("GET", "/readyz")["generations"].values()
        return int(generation)

    def resident(self) -> int:
        """Return the bytes of memory of its process; pages of files count, too."""
        return bytes_of(self.pid, "VmRSS")


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started and that have not ended."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text().split()]


def bytes_of(pid: int, field: str) -> int:
    """Return the bytes of memory of a process that a field of its status gives (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return 1024 * int(line.split()[1])
    return 0


@contextmanager
def serving(
    index: Path, tokens: Path, program: Sequence[str] = ("-m", "colmodern"), *, workers: int = 1
) -> Iterator[Server]:
    """Run the server as a program, with so many processes that search."""
    command = [sys.executable, *program, "serve", str(index), "--port", "0"]
    command += ["--token-file", str(tokens), "--writable", "--format", "json", "--no-access-log"]
    command += ["--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            yield Server(told, tokens.read_text().split()[1])
        finally:
            if process.poll() is not None:
                print(f"the server has ended with status {process.returncode}")
            process.terminate()


@contextmanager
def repeating(work: Any, *, seconds: float, most: int = 1_000_000) -> Iterator[None]:
    """Do something again and again beside the block, so many seconds apart at least."""
    stop = threading.Event()

    def loop() -> None:
        for number in range(most):
            if stop.wait(seconds):
                break
            work(number)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1, help="processes that search")
    return parser.parse_args()


if __name__ == "__main__":
    main()
