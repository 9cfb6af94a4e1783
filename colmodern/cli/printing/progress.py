"""How far is the work? A bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from colmodern.cli.printing.terminal import note

if TYPE_CHECKING:
    from colmodern.types import Progress

EVERY_SECONDS = 30.0
_LEAST_SECONDS = 2.0  # of which a rate can be told


class ProgressLines:
    """Says how long a stage will take, once its rate is known, and every thirty seconds how far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start now, by a clock in seconds."""
        self._clock = clock
        self._said = clock()
        self._started: dict[str, tuple[float, int]] = {}
        self._told: set[str] = set()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Print a line if it is time for one."""
        now = self._clock()
        # What was done before the first report took a time that nobody knows.
        began, done_then = self._started.setdefault(stage, (now, done))
        left = _seconds_left(now - began, done - done_then, total - done)
        if left is not None and stage not in self._told:
            self._told.add(stage)
            if left >= EVERY_SECONDS:
                rate = (done - done_then) / (now - began)
                note(
                    f"{stage}: {total:,} in all, {rate:,.0f} a second; about {_duration(left)}",
                    stage=stage,
                    done=done,
                    total=total,
                    seconds_left=round(left),
                )
        if now - self._said >= EVERY_SECONDS:
            self._said = now
            share = f" ({done / total:.0%})" if total else ""
            rest = "" if left is None else f", about {_duration(left)} left"
            text = f"{stage}: {done:,} of {total:,}{share}{rest}"
            fields: dict[str, Any] = {} if left is None else {"seconds_left": round(left)}
            note(text, stage=stage, done=done, total=total, **fields)


def _seconds_left(seconds: float, done: int, left: int) -> float | None:
    """Return how long the rest takes at the rate so far; None where that says nothing yet."""
    if seconds < _LEAST_SECONDS or done <= 0 or left <= 0:
        return None
    return seconds / done * left


def _duration(seconds: float) -> str:
    """Return a time for a person: seconds, minutes, or hours and minutes."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


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
