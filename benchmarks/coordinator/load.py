"""Requests at a steady rate, each kept with what it was answered and when."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.coordinator.truth import MODE, Truth
from colmodern.serve.coordinator.http_client import HttpClient, HttpError


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Attributes:
        query: What it asked.
        began: When it was due, of ``time.perf_counter``.
        seconds: How long it took, from when it was due.
        status: Of HTTP; 0: there was no answer.
        answer: What the answer says.
    """

    query: str
    began: float
    seconds: float
    status: int
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether nothing is missing."""
        return self.status == 200 and not self.answer["partial"]

    @property
    def missing(self) -> set[str]:
        """The codes of what is missing in an answer."""
        return {one["code"] for one in self.answer["missing"]} if self.status == 200 else set()


class Load:
    """Asks a coordinator at a steady rate until it is told to end."""

    def __init__(self, port: int, queries: Sequence[str], *, rate: float, k: int) -> None:
        """Ask for ``k`` hits of the queries in turn, ``rate`` times a second."""
        self.asked: list[Asked] = []
        self._client = HttpClient(f"http://127.0.0.1:{port}", most_bytes=1 << 25)
        self._queries = queries
        self._rate = rate
        self._k = k
        self._is_over = False

    async def run(self) -> None:
        """Ask, and wait for every answer in the end."""
        running: list[asyncio.Task[None]] = []
        due = time.perf_counter()
        while not self._is_over:
            query = self._queries[len(running) % len(self._queries)]
            running.append(asyncio.create_task(self._ask(query, due)))
            due += 1 / self._rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await asyncio.gather(*running)
        self._client.close()

    def end(self) -> None:
        """Send no more."""
        self._is_over = True

    async def _ask(self, query: str, due: float) -> None:
        body = json.dumps({"query": query, "k": self._k, **MODE}).encode()
        try:
            answer = await self._client.ask("POST", "/v1/search", body)
            status, values = answer.status, json.loads(answer.body)
        except HttpError:
            status, values = 0, {}
        self.asked.append(Asked(query, due, time.perf_counter() - due, status, values))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a load.

    Attributes:
        n: How many requests there were.
        wrong: What was wrong with answers.
        n_partial: Answers that said that a shard is missing.
        codes: Why shards were missing, and how often.
        statuses: How often each status came.
        p50: The median of the seconds.
        p99: What 99 of 100 took at most.
        longest: The longest.
    """

    n: int
    wrong: Sequence[str]
    n_partial: int
    codes: Counter[str]
    statuses: Counter[int]
    p50: float
    p99: float
    longest: float


def judged(asked: Sequence[Asked], truth: Truth) -> Verdict:
    """Compare every answer with the truth."""
    answered = [one for one in asked if one.status == 200]
    faults = [truth.fault(one.query, one.answer) for one in answered]
    seconds = np.array([one.seconds for one in asked])
    return Verdict(
        n=len(asked),
        wrong=[one for one in faults if one is not None],
        n_partial=sum(one.answer["partial"] for one in answered),
        codes=Counter(m["code"] for one in answered for m in one.answer["missing"]),
        statuses=Counter(one.status for one in asked),
        p50=float(np.quantile(seconds, 0.5)),
        p99=float(np.quantile(seconds, 0.99)),
        longest=float(seconds.max()),
    )


def seconds_until_full(asked: Sequence[Asked], since: float) -> float:
    """Return how long after a moment a request was sent last whose answer was not full."""
    late = [one.began - since for one in asked if not one.is_full and one.began > since]
    return max(late, default=0.0)
