"""How does text reach a terminal, a pipe or a script, and what must it not do there?"""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

# What a document says must not steer the terminal: colours, titles, bells.
_CONTROLS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n")}, "\ufffd")


class Format(StrEnum):
    """How results are printed."""

    HUMAN = "human"
    JSON = "json"
    JSONL = "jsonl"
    TSV = "tsv"


def log_to_terminal(level: int = logging.WARNING) -> None:
    """Let what is logged appear on standard error."""
    logging.basicConfig(level=level, format="%(levelname)s %(message)s", stream=sys.stderr)


def note(message: str) -> None:
    """Print a line for people on standard error."""
    print(visible(message), file=sys.stderr)


def print_json(values: Mapping[str, Any]) -> None:
    """Print one record as JSON on one line."""
    end_with_the_reader()
    print(as_json(values))


def print_text(text: str) -> None:
    """Print lines for people."""
    end_with_the_reader()
    print(visible(text))


def end_with_the_reader() -> None:
    """Let a closed pipe (``| head``) end the program quietly, as it ends any other."""
    if sys.platform != "win32":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def as_json(values: Mapping[str, Any]) -> str:
    """Return one line of JSON that the encoding of standard output can show."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(values, ensure_ascii=not is_unicode)


def visible(text: str) -> str:
    """Return a text that cannot steer a terminal: control characters become U+FFFD, one each."""
    return text.translate(_CONTROLS)


def flat(text: str) -> str:
    """Return a text on one line that cannot steer a terminal."""
    return visible(" ".join(text.split()))
