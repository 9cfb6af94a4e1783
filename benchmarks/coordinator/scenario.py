"""Four servers of shards under load: one is killed and started again, one is frozen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.coordinator.load import Asked, Load, seconds_until_full
from benchmarks.coordinator.processes import Program

_PATIENCE = 120.0  # seconds until what a fault must cause, or a repair must end, has to be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How it goes.

    Attributes:
        rate: Requests a second.
        calm: Seconds before, between and after the faults.
        fault: Seconds that a server is killed, or frozen, at least.
        deadline: Of the coordinator.
        timeout: Seconds that a shard has for a step.
        k: How many hits are asked for.
    """

    rate: float
    calm: float
    fault: float
    deadline: float = 2.0
    timeout: float = 0.4
    k: int = 10


@dataclass(frozen=True, slots=True)
class Course:
    """How it went.

    Attributes:
        asked: All requests.
        after_restart: Seconds from when the server that was killed takes requests again until all
            answers are full.
        after_thaw: Seconds from when the frozen server goes on until all answers are full.
    """

    asked: Sequence[Asked]
    after_restart: float
    after_thaw: float


def run_scenario(
    path: Path, folder: Path, n_shards: int, queries: Sequence[str], plan: Plan
) -> Course:
    """Serve the shard set at ``path`` by ``n_shards`` programs and a coordinator, and harm them.

    It does not end before an answer is full again, and the server that was killed does not come
    back before an answer has said that it is missing.

    Args:
        path: The set.
        folder: For logs, and for the file of shards.
        n_shards: How many shards it has, at least two.
        queries: What is asked in turn.
        plan: How long, how often.
    """
    with ExitStack() as stack:
        numbers = range(1, n_shards + 1)
        servers = [
            stack.enter_context(Program(str(path), "--shard", str(n), log=folder / f"{n}.log"))
            for n in numbers
        ]
        lines = [f"timeout = {plan.timeout}"]
        for number, server in zip(numbers, servers, strict=True):
            url = server.wait()["url"]
            lines += ["[[shards]]", f'name = "{number}"', f'servers = ["{url}"]']
        file = folder / "shards.toml"
        file.write_text("\n".join(lines))
        options = ("--shards", str(file), "--deadline", str(plan.deadline), "--queue", "1000")
        coordinator = stack.enter_context(Program(*options, log=folder / "coordinator.log"))
        coordinator.wait()
        load = Load(coordinator.port, queries, rate=plan.rate, k=plan.k)
        return asyncio.run(_harm(load, servers, plan))


async def _harm(load: Load, servers: Sequence[Program], plan: Plan) -> Course:
    loading = asyncio.create_task(load.run())
    await asyncio.sleep(plan.calm)
    servers[0].kill()
    await asyncio.sleep(plan.fault)
    async with asyncio.timeout(_PATIENCE):
        while not any("shard_unavailable" in one.missing for one in load.asked):
            await asyncio.sleep(0.1)
    restarted = await asyncio.to_thread(servers[0].restart)
    await asyncio.sleep(plan.calm)
    servers[-1].freeze()
    await asyncio.sleep(plan.fault)
    thawed = servers[-1].thaw()
    await asyncio.sleep(plan.calm)
    async with asyncio.timeout(_PATIENCE):
        while not (load.asked and load.asked[-1].is_full):
            await asyncio.sleep(0.1)
    load.end()
    await loading
    before_frozen = [one for one in load.asked if one.began < thawed - plan.fault]
    return Course(
        load.asked,
        seconds_until_full(before_frozen, restarted),
        seconds_until_full(load.asked, thawed),
    )
