"""How are the servers of shards? Each is looked at now and then, and asked again when well."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from colmodern.serve.coordinator.circuit import CircuitState
from colmodern.serve.coordinator.question import ShardError
from colmodern.serve.coordinator.shard import Shard, ShardServer
from colmodern.serve.coordinator.shards_file import CoordinatorConfig

logger = logging.getLogger(__name__)

SECONDS = 1.0
"""How long a server has to say how it is."""
# A server that is well is looked at so often, one that is not after the seconds of its circuit.
_WELL_SECONDS = 5.0
# A server that says so is there.
_BUSY = frozenset({"overloaded", "too_many_requests"})


async def watch_servers(shards: Sequence[Shard], how: CoordinatorConfig, seconds: float) -> None:
    """Look at every server again and again, each by itself, until this is cancelled.

    Args:
        shards: The shards.
        how: How soon a server that is asked no more is tried again.
        seconds: How long a server has for its answer.
    """
    pause = min(SECONDS, how.recovery)
    servers = [(shard, server) for shard in shards for server in shard.servers]
    async with asyncio.TaskGroup() as group:
        for shard, server in servers:
            group.create_task(_watch(shard, server, pause, min(SECONDS, seconds)))


async def _watch(shard: Shard, server: ShardServer, pause: float, seconds: float) -> None:
    looked, failed = 0.0, False
    while True:
        await asyncio.sleep(pause)
        is_well = server.circuit.state is CircuitState.CLOSED and not failed
        if is_well and time.monotonic() < looked + _WELL_SECONDS:
            continue
        looked = time.monotonic()
        try:
            failed = await look_at(shard, server, seconds=seconds) is not None
        except Exception:
            logger.exception("shard %s: %s could not be looked at", shard.name, server.url)


async def look_at(shard: Shard, server: ShardServer, *, seconds: float) -> ShardError | None:
    """Look at a server once, and let its circuit know; return what is wrong with it, if anything.

    A server that is asked no more is left alone until it is time to try it.
    """
    is_probe = server.circuit.take_probe()
    if not is_probe and server.circuit.state is not CircuitState.CLOSED:
        return None
    failure = await server.look(seconds=seconds)
    is_well = failure is None or failure.code in _BUSY
    before = server.circuit.state
    if is_probe:
        server.circuit.probed(is_well=is_well)
    elif failure is not None:
        shard.count_error(server, failure)
    if server.circuit.state is not before:
        if is_well:
            logger.info("shard %s: %s is asked again", shard.name, server.url)
        elif not is_probe:
            logger.warning("shard %s: %s is not asked: %s", shard.name, server.url, failure)
    return failure
