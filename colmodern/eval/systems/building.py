"""How is something slow built once, and its cost remembered for the next run?"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from colmodern.eval.run.memory import forget_peak, peak_bytes


def build_once(
    folder: Path, is_there: Callable[[], bool], build: Callable[[], object]
) -> tuple[float | None, int | None]:
    """Build what is to lie in ``folder`` unless it is there; return seconds and peak memory.

    The cost is kept in ``FOLDER.json`` beside it; None, if nobody wrote it down.
    """
    note = folder.with_name(folder.name + ".json")
    if is_there():
        return _read(note)
    forget_peak()
    started = time.perf_counter()
    build()
    cost = round(time.perf_counter() - started, 6), peak_bytes()
    scratch = note.with_name(f"{note.name}.{os.getpid()}.partial")
    scratch.write_text(json.dumps({"build_s": cost[0], "build_peak_bytes": cost[1]}))
    scratch.replace(note)
    return cost


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _read(note: Path) -> tuple[float | None, int | None]:
    try:
        values = json.loads(note.read_text())
        return values["build_s"], values["build_peak_bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None, None
