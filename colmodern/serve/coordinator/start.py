"""How does a coordinator start? It learns what the shards are, and loads the encoder they name."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

from colmodern.encoder import load_encoder
from colmodern.errors import ConfigError, EncoderMismatchError, RequestRefusedError
from colmodern.indexer.agreement import UNNAMED
from colmodern.serve.access import Access, Rates
from colmodern.serve.admission import Admission
from colmodern.serve.config import ServeConfig
from colmodern.serve.coordinator.coordinator import Coordinator
from colmodern.serve.coordinator.metrics import CoordinatorMetrics
from colmodern.serve.coordinator.shard import Shard, served_twice
from colmodern.serve.coordinator.shards_file import STEPS, ShardsFile
from colmodern.serve.encoding import NoEncoder, SharedEncoder
from colmodern.storage import EncoderInfo
from colmodern.types import QueryEncoder

logger = logging.getLogger(__name__)

_PAUSE = 0.2


def make_coordinator(
    file: ShardsFile, config: ServeConfig, *, encoder: QueryEncoder | None = None
) -> Coordinator:
    """Ask all shards what they are, and return what the routes of a coordinator share.

    Shards that start at the same time are waited for, as long as the deadline of a request.

    Args:
        file: Which shards there are.
        config: How the coordinator itself serves.
        encoder: What encodes queries; None: what the file or the shards name.

    Raises:
        ConfigError: A shard has more time for its steps than a request has for all.
        EncoderError: The encoder cannot be loaded.
        EncoderMismatchError: It is another one than that of the shards.
        RequestRefusedError: No shard answers, or shards do not belong together.
    """
    if file.config.timeout is not None and STEPS * file.config.timeout > config.deadline:
        raise ConfigError(
            f"timeout is {file.config.timeout:g} seconds for each of {STEPS} steps, the deadline "
            f"of a request is {config.deadline:g}: lower one, or raise the other.",
            code="option_conflict",
            option="timeout",
            value=file.config.timeout,
        )
    metrics = CoordinatorMetrics()
    shards = [Shard(one, file.config, metrics, most_bytes=config.max_answer) for one in file.shards]
    metrics.watch(shards)
    asyncio.run(_meet(shards, config.deadline))
    info = agreed_encoder(shards)
    if encoder is None:
        encoder = _loaded(file.config.encoder, info)
    if encoder.fingerprint != info.fingerprint:
        raise EncoderMismatchError(
            index_encoder=f"{info.name} ({info.fingerprint[:12]})",
            given_encoder=f"{encoder.name} ({encoder.fingerprint[:12]})",
        )
    return Coordinator(
        config=config,
        access=Access(None if config.token_file is None else Path(config.token_file)),
        rates=Rates(config.rate),
        metrics=metrics,
        shards=shards,
        how=file.config,
        encoder=SharedEncoder(encoder),
        admission=Admission(threads=config.threads or os.cpu_count() or 1, queue=config.queue),
    )


async def _meet(shards: Sequence[Shard], seconds: float) -> None:
    """Look at all servers until one of each shard has answered, or the time is over.

    Raises:
        RequestRefusedError: None has answered.
    """
    until = time.monotonic() + seconds
    why: dict[str, str] = {}
    unknown = shards
    while True:
        looks = [(shard, server) for shard in unknown for server in shard.servers]
        left = max(0.0, until - time.monotonic())
        failures = await asyncio.gather(
            *(server.look(seconds=min(left, 1.0)) for _, server in looks)
        )
        for (shard, _), failure in zip(looks, failures, strict=True):
            if failure is not None:
                why[shard.name] = f"{shard.name}: {failure}"
        unknown = [shard for shard in shards if not shard.is_known]
        if not unknown or time.monotonic() + _PAUSE > until:
            break
        await asyncio.sleep(_PAUSE)
    for shard in shards:
        for server in shard.servers:
            server.close()  # its connections belong to this loop
    if len(unknown) == len(shards):
        first = next(iter(why.values()), "")
        message = f"No server of any shard answers ({first:.300}). Start them first."
        raise RequestRefusedError(message, code="shard_unavailable")
    for shard in unknown:
        logger.warning("shard %s", why.get(shard.name, shard.name))


def agreed_encoder(shards: Sequence[Shard]) -> EncoderInfo:
    """Return the encoder of all shards that are known, at least one.

    Raises:
        RequestRefusedError: They have different encoders or codecs, or the same documents.
    """
    known = [(shard.name, shard.told) for shard in shards if shard.is_known]
    (first, told), *others = known
    for name, other in others:
        for what in ("encoder", "codec"):
            if other[what] != told[what]:
                raise RequestRefusedError(
                    f"The shards {first!r} and {name!r} have different {what}s, so their scores do "
                    "not compare: index all documents as one set (--shards).",
                    code="shards_differ",
                    option=what,
                )
    twice = served_twice({shard.name: shard.told for shard in shards if shard.is_known})
    if twice:
        later, before = next(iter(twice.items()))
        raise RequestRefusedError(
            f"The shards {before!r} and {later!r} have the same documents, which would be found "
            "twice: serve another shard of the set (--shard), or name both servers in one shard.",
            code="shards_differ",
            option="shards",
        )
    made_with = told["encoder"]
    return EncoderInfo(made_with["name"], made_with["fingerprint"], made_with["dim"])


def _loaded(name: str | None, info: EncoderInfo) -> QueryEncoder:
    if name is None and info.name.startswith(f"{UNNAMED}:"):
        return NoEncoder(info)
    return load_encoder(name or info.name, precision="auto")
