"""A client that keeps connections open and sends a bounded number of requests, timed each."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Tally:
    """What became of the requests.

    Attributes:
        seconds: How long each answer with status 200 took; of an open loop from the moment it was
            due.
        statuses: How many answers had each status.
        lost: How many requests got no answer.
        wall: Seconds from the first request to the last answer.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    wall: float = 0.0

    def quantile(self, share: float) -> float:
        """Return a quantile of the seconds of answers with status 200."""
        return float(np.quantile(self.seconds, share)) if self.seconds else float("nan")


class Connection:
    """One connection to the server, opened again when it is closed."""

    def __init__(self, port: int, token: str | None) -> None:
        """Connect to a port of this machine when it is first needed."""
        self._port = port
        self._token = token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes) -> int:
        """Send a search and read the answer; return its status.

        A connection that was idle may be closed as the request is sent; then it is sent again on
        another, as clients of HTTP do (RFC 9110, section 9.2.2: a search changes nothing).

        Raises:
            OSError: There was no answer.
        """
        if self._streams is not None:
            with contextlib.suppress(OSError):
                return await self._ask(body)
        return await self._ask(body)

    async def _ask(self, body: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        try:
            token = f"Authorization: Bearer {self._token}\r\n" if self._token else ""
            head = (
                f"POST /v1/search HTTP/1.1\r\nHost: localhost\r\n{token}"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(answer.split("content-length:")[1].split("\r\n", 1)[0])
            await reader.readexactly(length)
            if "connection: close" in answer:
                self.close()
            return int(answer.split(" ", 2)[1])
        except (asyncio.IncompleteReadError, OSError) as error:
            self.close()
            raise OSError("no answer") from error

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def closed_loop(
    port: int, bodies: Sequence[bytes], *, clients: int, requests: int, token: str | None = None
) -> Tally:
    """Let so many clients ask one after the other, each as soon as it has its answer."""
    tally, numbers = Tally(), iter(range(requests))
    started = time.perf_counter()

    async def client() -> None:
        connection = Connection(port, token)
        for number in numbers:
            began = time.perf_counter()
            await _ask(connection, bodies[number % len(bodies)], began, tally)
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    tally.wall = time.perf_counter() - started
    return tally


async def open_loop(
    port: int,
    bodies: Sequence[bytes],
    *,
    rate: float,
    seconds: float,
    is_even: bool = False,
    token: str | None = None,
) -> Tally:
    """Ask ``rate`` times a second, whether or not there are answers; see ``moments_of``."""
    tally = Tally()
    moments = moments_of(rate, seconds, is_even=is_even)
    free: list[Connection] = []
    running: list[asyncio.Task[None]] = []
    started = time.perf_counter()

    async def one(body: bytes, due: float) -> None:
        connection = free.pop() if free else Connection(port, token)
        await _ask(connection, body, due, tally)
        free.append(connection)

    async for number, due in _moments(started + moments):
        running.append(asyncio.create_task(one(bodies[number % len(bodies)], due)))
    await asyncio.gather(*running)
    tally.wall = time.perf_counter() - started
    for connection in free:
        connection.close()
    return tally


def moments_of(rate: float, seconds: float, *, is_even: bool = False) -> np.ndarray:
    """Return when to ask: at random moments, always the same, or at even distances."""
    n = max(1, round(rate * seconds))
    gaps = np.full(n, 1 / rate) if is_even else np.random.default_rng(0).exponential(1 / rate, n)
    return np.cumsum(gaps)


def queued(moments: np.ndarray, service: float, n_servers: int) -> Tally:
    """Return what requests would wait that are served one by one, in the order they come.

    Args:
        moments: When they come, in seconds.
        service: How long each is served.
        n_servers: By how many at a time.
    """
    tally = Tally()
    free = [0.0] * n_servers
    for moment in moments.tolist():
        ends = max(moment, heapq.heappop(free)) + service
        heapq.heappush(free, ends)
        tally.seconds.append(ends - moment)
    return tally


async def _moments(due: np.ndarray) -> AsyncIterator[tuple[int, float]]:
    for number, moment in enumerate(due.tolist()):
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        yield number, moment


async def _ask(connection: Connection, body: bytes, since: float, tally: Tally) -> None:
    try:
        status = await connection.ask(body)
    except OSError:
        tally.lost += 1
        return
    tally.statuses[status] += 1
    if status == 200:
        tally.seconds.append(time.perf_counter() - since)


def bodies_of(queries: Sequence[str], **options: object) -> list[bytes]:
    """Return the bodies of searches for queries."""
    return [json.dumps({"query": query, **options}).encode() for query in queries]
