"""Does the server lose, leak or fail anything when it is killed, misused and asked nonsense?

    python -m benchmarks.serve.faults [--kills 100] [--requests 10000] [--seed 0] [--workers 2]

Kills: the processes that write and search, and a moment later the server, are killed at random
moments while documents are put and searched; a search is answered all the same, and at each next
start every job that was accepted is known, and is done in the end, with its document in the index.
Requests: random and mutated requests to every address, some over half-open and slow connections;
no status 500, every error has a code, memory and descriptors stay flat.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import secrets
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from benchmarks.serve.__main__ import Server, children_of, serving
from colmodern import Encoder, Indexer
from colmodern.errors import CODES

_WORDS = ("key", "tea", "oven", "train", "é", "鍵", "\U0001f511", "-", '"', "\x00", "\ud800")
_PATHS = (
    ("POST", "/v1/search"),
    ("POST", "/v1/explain"),
    ("GET", "/v1/documents/d1"),
    ("GET", "/v1/documents/{}"),
    ("GET", "/v1/status"),
    ("POST", "/v1/rerank"),
    ("POST", "/v1/embeddings"),
    ("GET", "/api/search?query={}&k={}"),
    ("POST", "/api/search"),
    ("GET", "/v1/documents?id={}&start={}"),
    ("DELETE", "/v1/documents?id={}"),
    ("POST", "/mcp"),
    ("PUT", "/v1/documents"),
    ("DELETE", "/v1/documents/{}"),
    ("GET", "/v1/jobs/i-{}"),
    ("POST", "/v1/compact"),
    ("GET", "/openapi.json"),
    ("GET", "/{}"),
)
_BODIES: tuple[dict[str, Any], ...] = (
    {"query": "key", "k": 3, "mode": "late", "where": "id = 'd1'", "effort": "low"},
    {"queries": ["key", "tea"], "k": 2, "mode": "hybrid", "word_weight": 0.3},
    {"vectors": [[0.1] * 96], "scoring": "maxsim"},
    {"query": "key", "id": "d1", "passages": 2},
    {"query": "key", "documents": ["key", {"text": "tea"}], "top_n": 1},
    {"input": ["key"], "input_type": "query", "encoding_format": "base64"},
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": "key", "k": 2}},
    },
    {"documents": [{"id": "n1", "text": "tea", "title": "t", "metadata": {"a": 1}}]},
)


def main() -> None:
    """Run both campaigns, and print what they found; status 1 if anything."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes that search")
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        index, tokens = Path(folder) / "i", Path(folder) / "tokens"
        tokens.write_text(f"read,write,admin {secrets.token_hex(16)} bench\n")
        rows = [(f"d{n}", f"A {word} and its story.") for n, word in enumerate(_WORDS[:7])]
        Indexer(index, Encoder.load()).build(rows)
        chance = random.Random(options.seed)
        found += kills(index, tokens, options.kills, chance, options.workers)
        chance = random.Random(options.seed)
        found += requests(index, tokens, options.requests, chance, options.workers)
    for one in found:
        print(f"FOUND: {one}")
    sys.exit(bool(found))


def kills(index: Path, tokens: Path, n: int, chance: random.Random, workers: int) -> list[str]:
    """Kill the server ``n`` times; return what went wrong."""
    accepted: dict[str, str] = {}  # the job of each document
    done: set[str] = set()
    problems: list[str] = []
    for number in range(n + 1):
        with serving(index, tokens, workers=workers) as server:
            problems += [
                f"start {number}: {name} was done and is not there"
                for name in sorted(done)[-20:]
                if not _is_there(server, name)
            ]
            if number == n:
                problems += _all_done(server, accepted)
                break
            threads = [
                threading.Thread(target=_put, args=(server, f"k{number}", accepted, done)),
                *(threading.Thread(target=_search, args=(server, problems)) for _ in range(2)),
            ]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0, 0.5))
            for pid in children_of(server.pid):
                os.kill(pid, signal.SIGKILL)
            time.sleep(chance.uniform(0, 0.5))
            os.kill(server.pid, signal.SIGKILL)
            for thread in threads:
                thread.join()
    print(f"{n} kills, {len(accepted)} jobs accepted, {len(done)} seen done before a kill")
    return problems


def _put(server: Server, prefix: str, accepted: dict[str, str], done: set[str]) -> None:
    """Put documents until the server is gone."""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        number = 0
        while True:
            name = f"{prefix}-{number}"
            body = {"documents": [{"id": name, "text": f"The note {name}."}]}
            accepted[name] = server.ask("PUT", "/v1/documents", body)["job"]
            if server.ask("GET", f"/v1/jobs/{accepted[name]}")["state"] == "done":
                done.add(name)
            number += 1


def _search(server: Server, problems: list[str]) -> None:
    """Search until the server is gone."""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        while True:
            try:
                server.ask("POST", "/v1/search", {"query": "the story of a key"})
            except HTTPError as error:
                problems.append(f"a search was answered with {error.code}")


def _all_done(server: Server, accepted: dict[str, str]) -> list[str]:
    problems = []
    end = time.monotonic() + 120
    for name, job in accepted.items():
        state = "unknown"
        while time.monotonic() < end:
            try:
                state = server.ask("GET", f"/v1/jobs/{job}")["state"]
            except HTTPError as error:
                state = f"unknown ({error})"
                break
            if state in ("done", "failed"):
                break
            time.sleep(0.05)
        # Of jobs that ended long ago only the document tells.
        if state != "done" and not (state.startswith("unknown") and _is_there(server, name)):
            problems.append(f"job {job} of {name} is {state}")
        elif not _is_there(server, name):
            problems.append(f"{name} is done and not there")
    return problems


def _is_there(server: Server, name: str) -> bool:
    try:
        return bool(server.ask("GET", f"/v1/documents/{name}")["id"] == name)
    except HTTPError:
        return False


def requests(index: Path, tokens: Path, n: int, chance: random.Random, workers: int) -> list[str]:
    """Send ``n`` random requests; return what went wrong."""
    statuses: Counter[int] = Counter()
    problems: list[str] = []
    with serving(index, tokens, workers=workers) as server:
        start = (0, 0)
        for number in range(n):
            if number == n // 5:
                start = (server.resident(), descriptors_of(server))
            if number % 50 == 0:
                _leave_half_open(server, chance)
            status, problem = _send(server, chance)
            statuses[status] += 1
            if problem:
                problems.append(problem)
            if not status:  # it may be gone
                break
        with contextlib.suppress(OSError, ValueError):
            server.ask("GET", "/v1/status")
        time.sleep(1)
        end = (server.resident(), descriptors_of(server))
    told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    print(f"{n} requests: {told}")
    print(
        f"memory {start[0] >> 20} -> {end[0] >> 20} MiB, descriptors {start[1]} -> {end[1]} from a "
        "fifth of them on"
    )
    if end[0] > start[0] * 1.2 + (32 << 20):
        problems.append("memory grows")
    if end[1] > start[1] + 50:
        problems.append("descriptors grow")
    return problems[:20]


def _send(server: Server, chance: random.Random) -> tuple[int, str | None]:
    """Send one random request; return its status, and what was wrong with the answer."""
    method, path = chance.choice(_PATHS)
    if chance.random() < 0.1:
        method = chance.choice(("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD"))
    filled = path.replace("{}", "".join(f"%{chance.randrange(256):02x}" for _ in range(4)))
    body = None if method in ("GET", "HEAD") else _body(chance)
    headers = {"Authorization": f"Bearer {server.token}"}
    if chance.random() < 0.1:
        headers = chance.choice(
            ({}, {"Authorization": "Bearer x"}, {**headers, "Origin": "http://evil"})
        )
    if chance.random() < 0.2:
        headers["Accept"] = headers["Content-Type"] = "application/x-ndjson"
    elif filled == "/mcp":
        headers |= {"Accept": "application/json", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, filled, body, headers)
        answer = connection.getresponse()
        raw = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{method} {filled} {body!r:.200}: {error!r}"
    finally:
        connection.close()
    if answer.status == 500:
        return answer.status, f"{method} {filled} {body!r:.300}: {raw!r:.300}"
    if answer.status >= 400 and method != "HEAD" and filled != "/mcp":
        try:
            is_told = json.loads(raw)["error"]["code"] in CODES
        except (ValueError, KeyError, TypeError):
            is_told = False
        if not is_told:
            return answer.status, f"{method} {filled}: an error without a code: {raw!r:.200}"
    return answer.status, None


def _body(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.05:
        return chance.randbytes(chance.randrange(200))
    raw = json.dumps(_mutated(chance.choice(_BODIES), chance)).encode()
    return raw[: chance.randrange(len(raw))] if kind < 0.1 else raw


def _mutated(value: Any, chance: random.Random) -> Any:
    """Return a value with some of its parts replaced by others."""
    if chance.random() < 0.08:
        return _anything(chance)
    if isinstance(value, dict):
        found = {key: _mutated(one, chance) for key, one in value.items()}
        if chance.random() < 0.1:
            found[chance.choice(("k", "mode", "where", "index", "threads", "probes", "x"))] = (
                _anything(chance)
            )
        return found
    if isinstance(value, list):
        return [_mutated(one, chance) for one in value] * chance.choice((1, 1, 1, 2, 0))
    return value


def _anything(chance: random.Random) -> Any:
    return chance.choice(
        (
            None,
            True,
            -1,
            0,
            10**30,
            1e308,
            0.5,
            "",
            "x" * chance.choice((1, 100, 20_000)),
            " ".join(chance.choices(_WORDS, k=5)),
            "id = 'd1' and (" * chance.choice((1, 200)),
            [],
            {},
            [[]],
            [[1.0, 2.0]],
            {"a": {"b": []}},
        )
    )


def _leave_half_open(server: Server, chance: random.Random) -> None:
    """Send the beginning of a request, and go."""
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", server.port)) as one:
        one.sendall(head[: chance.randrange(1, len(head))])


def descriptors_of(server: Server) -> int:
    """Return how many descriptors the process of a server has open."""
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


if __name__ == "__main__":
    main()
