"""``python -m colmodern``, and the program ``colmodern``: from what was typed to an exit code.

A search from the shell is mostly the start and the end of Python. So nothing is imported here that
a search does not need, the parser of all commands only where one is needed, and a search leaves
what it holds to the system.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable

from colmodern.cli.exit_status import ExitStatus
from colmodern.errors import CODES, ColModernError


def program() -> None:
    """Run the command line as a process of its own; the entry point of the program."""
    main(leave=_leave_at_once)


def main(*, leave: Callable[[int], object] = sys.exit) -> None:
    """Run the command line; a plain search ends with ``leave``, all else with ``SystemExit``."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            if sys.argv[1:2] == ["search"]:
                _search_at_once(sys.argv[1:], leave)
            from colmodern.cli.app import app

            app()
        finally:
            sys.stdout.flush()  # a full disk is told below, not by Python when it ends
    except ColModernError as err:
        _fail(f"error [{err.code}]: {err}", CODES[err.code].exit_status, code=err.code)
    except OSError as err:
        if _has_no_folder():
            where = "The working folder was removed; change to one that is there."
            _fail(f"error [file_not_found]: {where}", code="file_not_found")
        _fail(f"error: {err.strerror or err}" + (f": {err.filename}" if err.filename else ""))
    except MemoryError:
        _fail("error: there is not enough memory for this; what was committed before is as it was")
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)


def _has_no_folder() -> bool:
    from pathlib import Path

    try:
        Path.cwd()
    except OSError:
        return True
    return False


def _open_what_is_closed() -> None:
    """Let nobody read a standard stream that was closed before the program began.

    The next file to be opened, one of an index perhaps, would get its number otherwise, and with it
    what any library prints there.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_WRONLY)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, io.TextIOWrapper(io.FileIO(number, "w", closefd=False)))


def _leave_at_once(status: int) -> None:
    """End the process with all that was printed, but without taking Python and libraries apart.

    That takes a tenth of a search. There is nothing that it would save: a search has no thread
    that is not done and writes no file that is still open.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _search_at_once(words: list[str], leave: Callable[[int], object]) -> None:
    """Search and leave, if the words are a plain search."""
    # One query has no matrix product worth a thread; starting them costs NumPy a third of its
    # import. What this short process allocates it keeps: looking for garbage costs more.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()
    from colmodern.cli.printing.terminal import log_to_terminal
    from colmodern.cli.quick import plain_arguments
    from colmodern.cli.run_search import run_search

    arguments = plain_arguments(words)
    if arguments is not None:
        log_to_terminal()
        leave(run_search(arguments))
    gc.enable()


def _fail(message: str, status: int = ExitStatus.ERROR, **fields: str) -> None:
    from colmodern.cli.printing.terminal import note

    note(message, level="error", **fields)
    try:
        sys.stdout.flush()
    except OSError:  # Python would try again, and end with a status of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


if __name__ == "__main__":
    program()
