"""How long does a search in N shards take, if servers queue, pause and are asked twice?

A simulation of events with a fixed seed. Searches come at random moments (Poisson). Each makes
three steps, and a step ends with the slowest of its shards. A shard has one server or more, each
with some cores that serve in the order of arrival; how long a request is worked on is drawn from
the measured quantiles. Servers pause now and then with all their cores. A second request goes to
another server of the shard after a delay (what 95 of 100 took), while those to this shard are
within their share.

What it leaves out: networks (a round trip within a data centre is .1 to .5 ms), that requests end
when another server has answered (they are worked on to the end here), and that a slow query is slow
in every shard (each shard draws for itself, so the slowest of many is overstated).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale import rates

Times = NDArray[np.float64]
_WARM = 0.1
_MOST_SAVED = 10.0  # as a coordinator saves them


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is simulated; times in milliseconds.

    Attributes:
        shards: How many.
        servers: Of each shard.
        cores: Of each server.
        load: Share of their time that cores are at work.
        hedge_share: How many second requests there may be; 0: none.
        pause_every: How far apart a server's pauses are on the mean.
        pause: How long one is.
        searches: How many are simulated.
    """

    shards: int
    servers: int = 1
    cores: int = 2
    load: float = 0.5
    hedge_share: float = 0.0
    pause_every: float = 60_000.0
    pause: float = 200.0
    searches: int = 10_000


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of it, in milliseconds.

    Attributes:
        p50: The median.
        p99: What 99 of 100 took at most.
        hedged: Second requests, as a share of all.
    """

    p50: float
    p99: float
    hedged: float


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A step of a search: when it began, which servers were asked, when they are done.

    ``slow`` are the shards that are asked again; None: it has not begun.
    """

    number: int
    step: int
    began: float = 0.0
    shards: Any = None
    servers: Any = None
    ends: Any = None
    slow: Any = None


class _Steps:
    """How long shards work for each step."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def draw(self, step: str, n: int) -> Times:
        """Return how long each of ``n`` shards works."""
        drawn = np.interp(self._rng.random(n), rates.QUANTILES, rates.STEP_MS[step])
        return drawn + rates.HTTP_MS


class _Servers:
    """All servers of all shards: when each core is free, when each pauses next."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        shape = (world.shards, world.servers)
        self._free = np.zeros((*shape, world.cores))
        self._pause = rng.exponential(world.pause_every, shape)
        self._world = world
        self._rng = rng
        self._rows = np.arange(world.shards)

    def least_busy(self, shards: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the server of each shard that is free first."""
        return self._free[shards].min(axis=2).argmin(axis=1)

    def serve(
        self, shards: NDArray[np.int64], servers: NDArray[np.int64], at: Times, work: Times
    ) -> Times:
        """Let servers work, and return when each is done."""
        due = self._pause[shards, servers] <= at
        if due.any():
            rows, columns = shards[due], servers[due]
            ends = self._pause[rows, columns] + self._world.pause
            self._free[rows, columns] = np.maximum(self._free[rows, columns], ends[:, None])
            later = self._rng.exponential(self._world.pause_every, len(rows))
            self._pause[rows, columns] = at[due] + later
        cores = self._free[shards, servers].argmin(axis=1)
        ends = np.maximum(at, self._free[shards, servers, cores]) + work
        self._free[shards, servers, cores] = ends
        return ends


def simulate(world: World, *, seed: int = 0, k: int = 10) -> Simulated:
    """Return how long searches take in a world.

    Args:
        world: What there is.
        seed: Of all that is drawn.
        k: How many hits a search has: so many shards at most choose passages.
    """
    return _Simulation(world, np.random.default_rng(seed), k).run()


class _Simulation:
    """Events in the order of time: a step begins, or second requests are sent."""

    def __init__(self, world: World, rng: np.random.Generator, k: int) -> None:
        self._world = world
        self._rng = rng
        self._steps = _Steps(rng)
        self._servers = _Servers(world, rng)
        self._owners = min(k, world.shards)
        self._names = tuple(rates.STEP_MS)
        self._delays = dict.fromkeys(self._names, np.inf)
        self._seen: dict[str, list[Times]] = {step: [] for step in self._names}
        self._saved = np.zeros(world.shards)
        self._n_asked = self._n_second = 0
        self._took = np.zeros(world.searches)
        self._events: list[tuple[float, int, _Asked]] = []

    def run(self) -> Simulated:
        """Let all searches happen."""
        world = self._world
        arrivals = np.cumsum(self._rng.exponential(self._gap(), world.searches)).tolist()
        for number, moment in enumerate(arrivals):
            self._push(moment, _Asked(number, 0))
        while self._events:
            moment, _, asked = heapq.heappop(self._events)
            if asked.slow is None:
                self._begin(moment, asked)
            else:
                self._ask_again(moment, asked)
        took = (self._took - arrivals)[int(_WARM * world.searches) :]
        return Simulated(
            float(np.quantile(took, 0.5)),
            float(np.quantile(took, 0.99)),
            self._n_second / self._n_asked,
        )

    def _gap(self) -> float:
        """Return how far apart searches are for the load that is wanted."""
        world = self._world
        means = {step: float(self._steps.draw(step, 10_000).mean()) for step in self._names}
        means["passages"] *= self._owners / world.shards
        return sum(means.values()) / (world.load * world.cores * world.servers)

    def _push(self, moment: float, asked: _Asked) -> None:
        # Equal moments come in the order in which they were pushed.
        heapq.heappush(self._events, (moment, self._n_asked + len(self._events), asked))

    def _begin(self, moment: float, asked: _Asked) -> None:
        world, step = self._world, self._names[asked.step]
        shards = np.arange(world.shards)
        if step == "passages":
            shards = self._rng.choice(world.shards, self._owners, replace=False)
        first = self._servers.least_busy(shards)
        at = np.full(len(shards), moment)
        ends = self._servers.serve(shards, first, at, self._steps.draw(step, len(shards)))
        self._n_asked += len(shards)
        self._saved[shards] = np.minimum(_MOST_SAVED, self._saved[shards] + world.hedge_share)
        is_slow = ends > moment + self._delays[step]
        slow = np.flatnonzero(is_slow & (self._saved[shards] >= 1) & (world.servers > 1))
        self._saved[shards[slow]] -= 1
        asked = _Asked(asked.number, asked.step, moment, shards, first, ends, slow)
        if len(slow):
            self._n_second += len(slow)
            self._push(moment + self._delays[step], asked)
        else:
            self._end(asked)

    def _ask_again(self, moment: float, asked: _Asked) -> None:
        step, slow = self._names[asked.step], asked.slow
        others = (asked.servers[slow] + 1) % self._world.servers
        at = np.full(len(slow), moment)
        work = self._steps.draw(step, len(slow))
        second = self._servers.serve(asked.shards[slow], others, at, work)
        asked.ends[slow] = np.minimum(asked.ends[slow], second)
        self._end(asked)

    def _end(self, asked: _Asked) -> None:
        step, seen = self._names[asked.step], self._seen[self._names[asked.step]]
        seen.append(asked.ends - asked.began)
        if asked.number % 100 == 0:
            recent = np.concatenate(seen[-max(1, 500 // len(asked.ends)) :])
            self._delays[step] = float(np.quantile(recent, 0.95))
        end = float(asked.ends.max())
        if asked.step + 1 < len(self._names):
            self._push(end, _Asked(asked.number, asked.step + 1))
        else:
            self._took[asked.number] = end
