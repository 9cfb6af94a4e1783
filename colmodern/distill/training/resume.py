"""Where did an interrupted training stop? Checkpoints of transformers' trainer."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

logger = logging.getLogger(__name__)


def checkpoints_in(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder that were written to the end, by their steps.

    The trainer writes ``trainer_state.json`` last.
    """
    found = [
        path
        for path in folder.glob("checkpoint-*")
        if path.name.removeprefix("checkpoint-").isdecimal() and _is_whole(path)
    ]
    return sorted(found, key=step_of)


def last_checkpoint(folder: Path) -> str | None:
    """Return the last whole checkpoint, or None; those that were cut short are removed."""
    whole = checkpoints_in(folder)
    for path in folder.glob("checkpoint-*"):
        if path not in whole:
            logger.warning("%s was cut short and is dropped", path)
            shutil.rmtree(path)
    if whole:
        logger.info("going on from %s", whole[-1])
    return str(whole[-1]) if whole else None


def step_of(checkpoint: Path) -> int:
    """Return the step of a checkpoint, by its name."""
    return int(checkpoint.name.rpartition("-")[2])


def _is_whole(path: Path) -> bool:
    try:
        json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
