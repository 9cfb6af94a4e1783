"""How far is the work? A bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from colmodern.cli.printing.terminal import note
from colmodern.types import Progress

EVERY_SECONDS = 30.0


class ProgressLines:
    """Says how far the work is, every thirty seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start now, by a clock in seconds."""
        self._clock = clock
        self._said = clock()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Print a line if it is time for one."""
        now = self._clock()
        if now - self._said >= EVERY_SECONDS:
            self._said = now
            share = f" ({done / total:.0%})" if total else ""
            text = f"{stage}: {done:,} of {total:,}{share}"
            note(text, stage=stage, done=done, total=total)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a callback that draws bars on standard error, or prints lines: it may be no terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield ProgressLines()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield report
