"""What does a command of the program say? It is run in this process, as the program runs it."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from dataclasses import dataclass
from typing import Any

import typer.main

import colmodern.cli.app as commands
from colmodern import __main__ as program
from colmodern.cli.exit_status import ExitStatus

__all__ = ["Outcome", "prepare", "run"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended and what it printed; ``trace`` is what nobody should see."""

    status: int
    out: str
    err: str
    trace: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether it ended with a typed error."""
        return self.status == ExitStatus.ERROR and "error [" in self.err

    def wrong(self) -> str:
        """Return what is wrong with how it ended, if it is neither done nor a typed error."""
        if self.trace:
            return self.trace
        if self.status in {ExitStatus.DONE, ExitStatus.NOTHING, ExitStatus.PARTLY}:
            return ""
        return "" if self.is_refused else f"status {self.status}: {self.err[-1000:]}"


def prepare() -> None:
    """Build the parser once, not for each command."""
    if isinstance(commands.app, typer.Typer):
        parser: Any = typer.main.get_command(commands.app)
        commands.app = parser


def run(*words: str) -> Outcome:
    """Run a command; both streams go to files meanwhile, what libraries write to them, too."""
    sys.argv = ["colmodern", *words]
    kept = os.dup(1), os.dup(2)
    status, trace = 0, ""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        _redirect(out.fileno(), err.fileno())
        try:
            program.main()
        except SystemExit as leave:
            status = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        except BaseException:  # noqa: BLE001 - this is what is looked for
            trace = traceback.format_exc()
        _redirect(*kept)
        shown = []
        for stream in (out, err):
            stream.seek(0)
            shown.append(stream.read().decode("utf-8", "replace"))
    for descriptor in kept:
        os.close(descriptor)
    return Outcome(status, shown[0], shown[1], trace)


def _redirect(out: int, err: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(out, 1)
    os.dup2(err, 2)
