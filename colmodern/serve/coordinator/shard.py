"""How is a shard asked? The server that is free, another one where that is slow or fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from colmodern.errors import ColModernError
from colmodern.serve.coordinator.circuit import Circuit, CircuitState
from colmodern.serve.coordinator.fitting import is_of_shard
from colmodern.serve.coordinator.hedging import HedgeBudget, Latencies
from colmodern.serve.coordinator.http_client import HttpAnswer, HttpClient, HttpError
from colmodern.serve.coordinator.metrics import CoordinatorMetrics
from colmodern.serve.coordinator.question import ShardError, ShardQuestion, values_of
from colmodern.serve.coordinator.shards_file import CoordinatorConfig, ServerEntry, ShardEntry
from colmodern.serve.http.answers import JSON

logger = logging.getLogger(__name__)

# What a server says that is well and has no time, or another state.
_OF_THE_WELL = frozenset({"overloaded", "too_many_requests", "generation_changed"})
_ALSO_OF_THE_WELL = frozenset({"document_not_found"})


class ShardServer:
    """One server that has a shard."""

    def __init__(self, entry: ServerEntry, config: CoordinatorConfig, *, most_bytes: int) -> None:
        """Ask the server that ``entry`` names."""
        self.url = entry.url
        self.index = entry.index
        self.circuit = Circuit(failures=config.failures, recovery=config.recovery)
        self.n_asked = 0
        self.told: dict[str, Any] = {}
        self.seen: float | None = None
        self._client = HttpClient(entry.url, most_bytes=most_bytes)
        self._token_file = None if entry.token_file is None else Path(entry.token_file)
        self._most = config.most_at_once

    async def ask(self, question: ShardQuestion, request_id: str) -> HttpAnswer:
        """Return what the server answers.

        Raises:
            ShardError: It does not.
        """
        if self.n_asked >= self._most:
            raise ShardError("overloaded", f"its server has {self._most} requests to answer")
        self.n_asked += 1
        try:
            return await self._client.ask(
                question.method,
                question.target(self.index),
                question.body(self.index),
                {"X-Request-ID": request_id, **self._authorization()},
            )
        except HttpError as error:
            logger.debug("%s: %s", self.url, error)
            raise ShardError("shard_unavailable", "its server cannot be reached") from error
        finally:
            self.n_asked -= 1

    async def look(self, *, seconds: float) -> ShardError | None:
        """Learn what the server has; return why that cannot be learnt, if it cannot."""
        question = ShardQuestion("probe", "POST", "/v1/statistics")
        try:
            async with asyncio.timeout(seconds):
                told = values_of(await self.ask(question, "probe"))
        except TimeoutError:
            return ShardError("deadline_passed", "it did not answer in time")
        except ColModernError as error:
            return ShardError(error.code, str(error))
        except ShardError as failure:
            return failure
        if not is_of_shard(told):
            return ShardError("internal", "it is no server of a shard")
        self.told, self.seen = told, time.monotonic()
        return None

    def close(self) -> None:
        """Close what is open."""
        self._client.close()

    def _authorization(self) -> dict[str, str]:
        if self._token_file is None:
            return {}
        try:
            token = self._token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            logger.warning("the token file %s cannot be read: %s", self._token_file, error)
            message = "the file with the token for its server cannot be read"
            raise ShardError("token_missing", message) from error
        if not token.isascii() or not token.isprintable() or " " in token:
            message = "the file with the token for its server holds no token"
            raise ShardError("token_missing", message)
        return {"Authorization": f"Bearer {token}"}


class Shard:
    """A shard, by all servers that have it."""

    def __init__(
        self,
        entry: ShardEntry,
        config: CoordinatorConfig,
        metrics: CoordinatorMetrics,
        *,
        most_bytes: int,
    ) -> None:
        """Ask the servers that ``entry`` names; an answer has at most ``most_bytes``."""
        self.name = entry.name
        self.servers = [ShardServer(one, config, most_bytes=most_bytes) for one in entry.servers]
        self._config = config
        self._metrics = metrics
        self._latencies: dict[str, Latencies] = defaultdict(Latencies)
        self._budget = HedgeBudget(config.hedge_share)
        self._turn = 0

    @property
    def told(self) -> dict[str, Any]:
        """What the server that was looked at last has said of the shard; nothing if none was."""
        known = [one for one in self.servers if one.seen is not None]
        return max(known, key=lambda one: one.seen or 0.0).told if known else {}

    @property
    def is_known(self) -> bool:
        """Whether a server of it was ever looked at."""
        return any(one.seen is not None for one in self.servers)

    @property
    def can_be_asked(self) -> bool:
        """Whether a server of it is asked at present."""
        return any(one.circuit.state is CircuitState.CLOSED for one in self.servers)

    async def ask(
        self, question: ShardQuestion, *, seconds: float, request_id: str
    ) -> dict[str, Any]:
        """Return what the shard answers within so many seconds.

        Raises:
            ColModernError: The question cannot be answered by any server.
            ShardError: No server answers it.
        """
        answer, values = await self._answered(question, seconds, request_id)
        return values_of(answer) if values is None else values

    async def ask_raw(
        self, question: ShardQuestion, *, seconds: float, request_id: str
    ) -> HttpAnswer:
        """Return the answer as it came; see ``ask``."""
        answer, _ = await self._answered(question, seconds, request_id)
        return answer

    async def _answered(
        self, question: ShardQuestion, seconds: float, request_id: str
    ) -> _Answered:
        race = _Race(self, question, request_id)
        started = time.monotonic()
        try:
            answered = await race.run(
                self._in_turn(), started + seconds, self._delay(question.step)
            )
        finally:
            await race.cancel()
        took = time.monotonic() - started
        self._latencies[question.step].add(took)
        self._metrics.count_answer(self.name, question.step, took)
        return answered

    def may_hedge(self) -> bool:
        """Return whether a second request may be sent now, and count it."""
        return self._budget.spend()

    def count_error(self, server: ShardServer, failure: ShardError) -> None:
        """Take a failure of a server into account."""
        self._metrics.count_error(self.name, failure.code)
        if failure.code not in _OF_THE_WELL:
            server.circuit.failed()
            if server.circuit.state is CircuitState.OPEN:
                logger.debug("shard %s: %s is not asked: %s", self.name, server.url, failure)

    def count_hedge(self, *, is_won: bool) -> None:
        """Count a second request that has ended."""
        self._metrics.count_hedge(self.name, is_won=is_won)

    def _in_turn(self) -> Sequence[ShardServer]:
        """Return the servers that are asked, the one with the least to do first."""
        self._turn += 1
        self._budget.earn()
        n = len(self.servers)
        order = [self.servers[(self._turn + i) % n] for i in range(n)]
        asked = [one for one in order if one.circuit.state is CircuitState.CLOSED]
        return sorted(asked, key=lambda one: one.n_asked)

    def _delay(self, step: str) -> float | None:
        """Return after how many seconds a second server is asked; None: it is not."""
        if not self._config.hedge_share:
            return None
        if self._config.hedge_after is not None:
            return self._config.hedge_after
        return self._latencies[step].slow


def served_twice(told: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the shards that have the documents of one before them, each with the name of that.

    Args:
        told: What each shard says of itself, by name.
    """
    first: dict[str, str] = {}
    twice = {}
    for name, said in told.items():
        if said["statistics"]["documents"]:
            known = first.setdefault(said["state"], name)
            if known != name:
                twice[name] = known
    return twice


class _Answered(NamedTuple):
    """An answer that stands, and what it says; None: that is not read here, or is an error."""

    answer: HttpAnswer
    values: dict[str, Any] | None


class _Race:
    """One question to one or more servers of a shard: the first answer counts."""

    def __init__(self, shard: Shard, question: ShardQuestion, request_id: str) -> None:
        self._shard = shard
        self._question = question
        self._request_id = request_id
        self._asked: dict[asyncio.Task[HttpAnswer], ShardServer] = {}
        self._second: asyncio.Task[HttpAnswer] | None = None

    async def run(
        self, servers: Sequence[ShardServer], until: float, delay: float | None
    ) -> _Answered:
        """Return the first answer that can be used; see ``Shard.ask``."""
        left = list(servers)
        if not left:
            raise ShardError("shard_unavailable", "no server of it answered lately")
        self._start(left.pop(0))
        hedge_at = None if delay is None else time.monotonic() + delay
        failure = ShardError("shard_unavailable", "no server of it answers")
        while self._asked:
            wake_at = until if hedge_at is None or not left else min(until, hedge_at)
            done, _ = await asyncio.wait(
                self._asked,
                timeout=max(0.0, wake_at - time.monotonic()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                result = self._result(task)
                if isinstance(result, _Answered):
                    return result
                failure = result
            if not self._asked and left and time.monotonic() < until:
                self._start(left.pop(0))
            elif time.monotonic() >= until:
                break
            elif hedge_at is not None and time.monotonic() >= hedge_at and left:
                hedge_at = None
                if self._shard.may_hedge():
                    self._second = self._start(left.pop(0))
        late = ShardError("deadline_passed", "it did not answer in time")
        for server in self._asked.values():
            self._shard.count_error(server, late)
        raise late if self._asked else failure

    async def cancel(self) -> None:
        """Stop what is still asked: its connection is closed."""
        for task in self._asked:
            task.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)

    def _start(self, server: ShardServer) -> asyncio.Task[HttpAnswer]:
        task = asyncio.ensure_future(server.ask(self._question, self._request_id))
        self._asked[task] = server
        return task

    def _result(self, task: asyncio.Task[HttpAnswer]) -> _Answered | ShardError:
        """Return what a server has answered, or why it has not; its circuit learns of it."""
        server = self._asked.pop(task)
        try:
            answered = _read(task.result(), self._question)
        except ShardError as error:
            self._shard.count_error(server, error)
            return error
        server.circuit.succeeded()
        if self._second is not None:
            self._shard.count_hedge(is_won=task is self._second)
            if task is self._second:
                # Who loses again and again is not well, though others answer for it.
                for other in self._asked.values():
                    other.circuit.failed()
        return answered


def _read(answer: HttpAnswer, question: ShardQuestion) -> _Answered:
    """Return an answer that stands.

    Raises:
        ShardError: It is none, or not what was asked for: another server is asked instead.
    """
    if answer.status != 200:
        try:
            values_of(answer)
        except ShardError as error:
            if error.code not in _ALSO_OF_THE_WELL:
                raise
        except ColModernError:
            pass  # the question cannot be answered
        return _Answered(answer, None)
    if not answer.headers.get("content-type", "").startswith(JSON):
        raise ShardError("internal", "no JSON, status 200")
    if question.fits is None:
        return _Answered(answer, None)
    values = values_of(answer)
    if not question.fits(values):
        raise ShardError("internal", "its answer is not what was asked for")
    return _Answered(answer, values)
