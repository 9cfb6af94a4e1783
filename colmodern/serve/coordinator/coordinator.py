"""What do the routes of a coordinator share? The shards, the encoder, and how long all may take."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from colmodern.errors import RequestRefusedError
from colmodern.serve.admission import Admission
from colmodern.serve.coordinator.metrics import CoordinatorMetrics
from colmodern.serve.coordinator.question import ShardError, ShardQuestion
from colmodern.serve.coordinator.shard import Shard
from colmodern.serve.coordinator.shards_file import STEPS, CoordinatorConfig
from colmodern.serve.encoding import SharedEncoder
from colmodern.serve.http.server import Front
from colmodern.serve.stopwatch import Stopwatch

# What is left of the deadline for merging and sending.
_TO_SPARE = 0.9


@dataclass(frozen=True, slots=True)
class MissingShard:
    """A shard that an answer lacks.

    Attributes:
        shard: Its name.
        step: What it was asked for.
        code: Why it has not answered, in a word of ``CODES``.
        message: The same in words.
    """

    shard: str
    step: str
    code: str
    message: str

    def to_dict(self) -> dict[str, str]:
        """Return plain values, fit for JSON."""
        return {
            "shard": self.shard,
            "step": self.step,
            "code": self.code,
            "message": self.message[:300],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the shards have said to a question, by name, in their order.

    Attributes:
        said: The answers.
        missing: Those that did not answer.
    """

    said: Mapping[str, dict[str, Any]]
    missing: Sequence[MissingShard] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Coordinator(Front):
    """What every route of a coordinator is given."""

    metrics: CoordinatorMetrics
    shards: Sequence[Shard]
    how: CoordinatorConfig
    encoder: SharedEncoder
    admission: Admission
    turns: Iterator[int] = field(default_factory=itertools.count)

    @property
    def step_seconds(self) -> float:
        """How long a shard has for one step."""
        if self.how.timeout is not None:
            return self.how.timeout
        return _TO_SPARE * self.config.deadline / STEPS

    def in_turn(self) -> Sequence[Shard]:
        """Return the shards in an order that begins with another one each time."""
        start = next(self.turns) % len(self.shards)
        return [*self.shards[start:], *self.shards[:start]]

    def unasked(self, names: Sequence[str]) -> Sequence[MissingShard]:
        """Return the shards that are not among some, as missing."""
        return [
            MissingShard(one.name, "statistics", "shard_unavailable", "it was not asked")
            for one in self.shards
            if one.name not in names
        ]

    async def ask_all(
        self,
        question: Callable[[str], ShardQuestion],
        watch: Stopwatch,
        request_id: str,
        *,
        names: Sequence[str] | None = None,
    ) -> Answers:
        """Return what the shards answer to a question each, all asked at the same time.

        Args:
            question: Returns the question for the shard of a name.
            watch: Knows the deadline.
            request_id: What the logs of all servers call the request.
            names: Which shards are asked; None: all.

        Raises:
            RequestRefusedError: The question cannot be answered.
        """
        wanted = None if names is None else frozenset(names)
        asked = [one for one in self.shards if wanted is None or one.name in wanted]
        seconds = min(self.step_seconds, _TO_SPARE * watch.left)

        async def ask(shard: Shard) -> dict[str, Any] | MissingShard:
            one = question(shard.name)
            try:
                return await shard.ask(one, seconds=seconds, request_id=request_id)
            except ShardError as failure:
                return MissingShard(shard.name, one.step, failure.code, str(failure))

        found = await _all_or_none([ask(shard) for shard in asked])
        return Answers(
            {
                shard.name: answer
                for shard, answer in zip(asked, found, strict=True)
                if not isinstance(answer, MissingShard)
            },
            [answer for answer in found if isinstance(answer, MissingShard)],
        )

    def check_missing(self, missing: Sequence[MissingShard], *, is_strict: bool) -> None:
        """Count that shards are missing from an answer, or refuse to give it without them.

        Raises:
            RequestRefusedError: Some are missing, and none may be.
        """
        if missing:
            self.metrics.count_missing([(one.shard, one.code) for one in missing])
            if is_strict:
                raise unavailable(missing)
            self.metrics.count_partial()


def unavailable(missing: Sequence[MissingShard]) -> RequestRefusedError:
    """Return the error of an answer that cannot be given without some shards."""
    first = "; ".join(f"{one.shard} ({one.code}, {one.step})" for one in missing[:10])
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    return RequestRefusedError(
        f"Shards do not answer: {first}{more}. Ask again in a second.",
        code="shard_unavailable",
        value=len(missing),
    )


async def _all_or_none(work: Sequence[Any]) -> list[Any]:
    """Return the results of all; if one fails, the others are cancelled."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
