"""Who encodes the parts of a shard set, as the user typed it?"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from colmodern.cli.encoder import EncoderArguments
from colmodern.errors import ConfigError

if TYPE_CHECKING:
    from colmodern.indexer.shards.runner import PartRunner


class RunnerKind(StrEnum):
    """What encodes the parts of a set."""

    HERE = "here"
    RAY = "ray"


def runner_of(
    runner: RunnerKind,
    encoding: EncoderArguments,
    *,
    address: str | None,
    encoders: int | None,
    gpus_each: float,
    is_set: bool,
) -> PartRunner | None:
    """Return what encodes parts; None: this process.

    Raises:
        ConfigError: Options of Ray are given without it, or Ray without shards.
        MissingExtraError: Ray is not installed.
    """
    if runner is RunnerKind.HERE:
        for option, value in (
            ("--ray-address", address),
            ("--encoders", encoders),
            ("--gpus-each", gpus_each or None),
        ):
            if value is not None:
                message = f"{option} needs --runner ray."
                raise ConfigError(message, code="option_conflict", option=option, value=value)
        return None
    if not is_set:
        raise ConfigError(
            "--runner ray is for shard sets: say how many shards, as --shards 4.",
            code="option_conflict",
            option="--runner",
            value=runner.value,
        )
    from colmodern.cluster import RayRunner

    return RayRunner(address, encoders=encoders, gpus_each=gpus_each, load=encoding.load_for_plan)
