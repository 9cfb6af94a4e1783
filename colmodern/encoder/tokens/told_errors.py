"""How does what goes wrong inside the tokenizers library become an error of ours?

It raises bare exceptions, and where its code gives up altogether, one that is no ``Exception`` and
comes with a trace on the standard error of the process. A tokenizer is tried when it is read, and
then the trace, which is of no use to anyone who has a broken file, is held back.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from colmodern.errors import EncoderError

__all__ = ["told_errors", "without_traces"]

_STDERR = 2
_one_at_a_time = threading.Lock()


@contextmanager
def told_errors(path: Path) -> Iterator[None]:
    """Turn whatever the library raises into an error that names the file of the tokenizer.

    Raises:
        EncoderError: The library raised something.
    """
    try:
        yield
    except Exception as err:
        raise _failed(path, err) from err
    except BaseException as err:
        if type(err).__name__ != "PanicException":
            raise
        raise _failed(path, err) from None


@contextmanager
def without_traces() -> Iterator[None]:
    """Hold back what is written to standard error, and write it after all if nothing fails."""
    with _one_at_a_time, _file_without_name() as held:
        sys.stderr.flush()
        terminal = os.dup(_STDERR)
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(terminal, _STDERR)
            os.close(terminal)
        held.seek(0)
        if written := held.read():
            os.write(_STDERR, written)


def _file_without_name() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        with suppress(OSError):  # a container may forbid it
            return os.fdopen(os.memfd_create("held"), "w+b")
    import tempfile  # elsewhere: takes 4 ms, which every search would pay for

    return tempfile.TemporaryFile()


def _failed(path: Path, err: BaseException) -> EncoderError:
    return EncoderError(
        f"{path} is no tokenizer that can be run: {str(err).rstrip('.')}.",
        code="encoder_unreadable",
    )
