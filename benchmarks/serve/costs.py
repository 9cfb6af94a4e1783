"""What does a request, and a document that is put, cost of the processor?

    python -m benchmarks.serve.costs ../shared/data/scifact [--rounds 8]

Processor time, so that a busy machine matters little; servers take turns. A request: with the
server's threshold for garbage and with the interpreter's. A document: in the server and in the
process that writes (Linux).
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.serve.__main__ import CLIENTS, Server, children_of, serving
from benchmarks.serve.client import bodies_of, closed_loop
from colmodern import Encoder, Indexer
from colmodern.eval import Dataset

_REQUESTS, _DOCUMENTS = 160, 10
_INTERPRETERS_GARBAGE = (
    "import runpy, colmodern.serve.garbage as garbage; garbage._OBJECTS = 700; "
    "runpy.run_module('colmodern', run_name='__main__')"
)


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    dataset = Dataset.load(options.collection)
    bodies = bodies_of(list(dataset.queries.values())[: _REQUESTS // 2], k=10)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        tokens = Path(folder) / "tokens"
        tokens.write_text(f"read,write,admin {secrets.token_hex(16)} bench\n")
        servers = {}
        for name, program in (
            ("the server's threshold", ("-m", "colmodern")),
            ("the interpreter's", ("-c", _INTERPRETERS_GARBAGE)),
        ):
            index = Path(folder) / f"i{len(servers)}"
            Indexer(index, Encoder.load()).build(dataset.documents)
            servers[name] = stack.enter_context(serving(index, tokens, program))
        a_request(servers, bodies, options.rounds)
        a_document(servers["the server's threshold"], options.rounds)


def a_request(servers: dict[str, Server], bodies: list[bytes], rounds: int) -> None:
    """Print what a request costs in each server."""
    found: dict[str, list[float]] = {name: [] for name in servers}

    def ask(server: Server) -> None:
        asking = closed_loop(
            server.port, bodies, clients=CLIENTS, requests=_REQUESTS, token=server.token
        )
        asyncio.run(asking)

    for server in servers.values():
        ask(server)
    for number in range(rounds):
        for name in sorted(servers, reverse=number % 2 == 1):
            server = servers[name]
            found[name].append(spent(server.pid, lambda server=server: ask(server)) / _REQUESTS)
    for name, each in found.items():
        print(f"a request, {name}: median {1000 * median(each):.2f} ms of {rounds} turns")


def a_document(server: Server, rounds: int) -> None:
    """Print what a document costs."""
    server.put("first")
    (writing,) = children_of(server.pid)
    inside, beside = [], []
    for number in range(rounds):

        def put(number: int = number) -> None:
            for one in range(_DOCUMENTS):
                server.put(f"d{number}-{one}")

        before = seconds_of(writing)
        inside.append(spent(server.pid, put) / _DOCUMENTS)
        beside.append((seconds_of(writing) - before) / _DOCUMENTS)
    print(
        f"a document: median {1000 * median(inside):.1f} ms in the server (asked again and again "
        f"included), {1000 * median(beside):.1f} in the process that writes"
    )


def spent(pid: int, work: Callable[[], None]) -> float:
    """Return the processor seconds that a process takes during some work."""
    before = seconds_of(pid)
    work()
    return seconds_of(pid) - before


def seconds_of(pid: int) -> float:
    """Return the processor seconds that the threads of a process have taken."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9


if __name__ == "__main__":
    main()
