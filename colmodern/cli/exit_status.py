"""How does a command end? One table for all of them; docs/reference/errors.md shows it."""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class ExitStatus(IntEnum):
    """What a script reads, with its meaning in a line."""

    meaning: str

    DONE = 0, "Done; `search` has hits."
    NOTHING = (
        1,
        (
            "The answer is no: no hit, nothing to index, no such document, a problem that `verify` "
            "or `doctor` found, a document that `repair` lost, another mean than `eval repeat` was "
            "to find."
        ),
    )
    ERROR = 2, "An error, named on standard error; nothing was changed."
    PARTLY = (
        3,
        (
            "Done, but documents stay as they were because their files cannot be read; `status`: "
            "`index` would end so, or would stop: it would delete very much, or has no encoder for "
            "this index."
        ),
    )
    HUNG_UP = 129, "Ended by SIGHUP, as where a terminal is closed; the same command goes on."
    INTERRUPTED = 130, "Interrupted (Ctrl-C, SIGINT); the same command goes on."
    UNREAD = 141, "Ended by SIGPIPE: whoever read the output has closed it, as `head` does."
    TERMINATED = 143, "Ended by SIGTERM; the same command goes on."

    def __new__(cls, value: int, meaning: str) -> Self:
        """Keep the meaning beside the number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member
