"""How does a command that changes an index wait its turn, and how does it end when told to?"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import typer

from colmodern.cli.arrow_start import leave_pandas_out
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.printing.terminal import note

T = TypeVar("T")

_ENDINGS = {signal.SIGTERM: ExitStatus.TERMINATED}
if hasattr(signal, "SIGHUP"):  # Windows has none
    _ENDINGS[signal.SIGHUP] = ExitStatus.HUNG_UP


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP was received: the same as Ctrl-C but for the exit status."""


def change(location: Path, work: Callable[[], T], *, wait: float = 0.0) -> T:
    """Return what a change of an index returns; see ``when_free`` and ``ends_well``."""
    from colmodern.indexer import when_free

    leave_pandas_out()
    with ends_well(partial(done_of_change, location)):
        return when_free(work, wait, waiting=note)


@contextmanager
def ends_well(what_is_done: Callable[[], str]) -> Iterator[None]:
    """Let SIGTERM, SIGHUP and Ctrl-C end a job in order, and say what is done and how to go on.

    A signal that is ignored stays so: ``nohup`` sees to it that SIGHUP is.

    Args:
        what_is_done: Says what is kept.

    Raises:
        typer.Exit: One of them came.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in _ENDINGS if is_main}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, _terminate)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        # What waits for files raises an interrupt of its own in place of ours.
        came = [number for number in heeded if signal.getsignal(number) is not _terminate]
        status = _ENDINGS[came[0]] if came else ExitStatus.INTERRUPTED
        how = "terminated" if came else "interrupted"
        with suppress(OSError):  # the terminal may be gone
            note(f"{how}: {what_is_done()}; the same command goes on from here")
        raise typer.Exit(status) from interrupt
    finally:
        for number in heeded:
            signal.signal(number, before[number])


def _terminate(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one ends it at once
    raise Terminated


def done_of_change(location: Path) -> str:
    """Say how much of the change of an index is done."""
    from colmodern.errors import ColModernError
    from colmodern.indexer.shards.commit import n_done
    from colmodern.storage import read_pending

    try:
        pending = read_pending(location)
    except ColModernError:
        pending = None
    n_documents = n_done(location) if pending is None else pending.n_documents
    if n_documents:
        return f"{n_documents:,} documents of the change are done"
    return "no part of the change is done yet"
