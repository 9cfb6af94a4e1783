"""How does text reach a terminal, a pipe or a script, and what must it not do there?"""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from colmodern.text.visible import STEERING, visible

_ESCAPED = {code: f"\\u{code:04x}" for code in STEERING if code >= 0x7F}


class Format(StrEnum):
    """How results are printed."""

    HUMAN = "human"
    JSON = "json"
    JSONL = "jsonl"
    TSV = "tsv"


class LogFormat(StrEnum):
    """How what is said on standard error is written."""

    TEXT = "text"
    JSON = "json"


_log_format = LogFormat.TEXT


def use_log_format(form: LogFormat) -> None:
    """Write all that follows on standard error so: notes, errors, progress and what is logged."""
    global _log_format  # noqa: PLW0603  there is one standard error
    _log_format = form


def log_to_terminal(level: int = logging.WARNING) -> None:
    """Let what is logged appear on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_VisibleFormatter("%(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])


def log_of(room: str, level: int = logging.INFO) -> None:
    """Let what a room of the package logs appear from that level on."""
    logging.getLogger(room).setLevel(level)


class _VisibleFormatter(logging.Formatter):
    """Keeps names of files, and what others log, from steering the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines, of a record; one line of JSON if that is wanted."""
        if _log_format is LogFormat.JSON:
            failed = {"traceback": self.formatException(record.exc_info)} if record.exc_info else {}
            level, message = record.levelname.lower(), record.getMessage()
            fields = getattr(record, "fields", {})  # what whoever logs it gives as ``extra``
            return _json_line(level, message, logger=record.name, **fields, **failed)
        return visible(super().format(record))


def note(message: str, *, level: str = "info", **fields: Any) -> None:
    """Print a line for people on standard error, or the message and fields as JSON."""
    is_json = _log_format is LogFormat.JSON
    line = _json_line(level, message, **fields) if is_json else visible(message)
    print(line, file=sys.stderr, flush=True)


def _json_line(level: str, message: str, **fields: Any) -> str:
    from datetime import UTC, datetime

    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": now, "level": level, "message": message, **fields})


def print_json(values: Mapping[str, Any]) -> None:
    """Print one record as JSON on one line."""
    end_with_the_reader()
    print(as_json(values))


def print_text(text: str) -> None:
    """Print lines for people."""
    end_with_the_reader()
    print(visible(text))


def announce(line: str) -> None:
    """Print a line for whoever started a service.

    A pipe that is closed ends the line only: a service must not let the system end it for writing
    to a socket that is closed, as ``end_with_the_reader`` would.
    """
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)


def end_with_the_reader() -> None:
    """Let a closed pipe (``| head``) end the program quietly, as it ends any other."""
    if sys.platform != "win32":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def outlive_closed_pipes() -> None:
    """Let a closed pipe be an error again, as it is until something is printed."""
    if sys.platform != "win32":
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def as_json(values: Mapping[str, Any]) -> str:
    """Return one line of JSON that the encoding of standard output can show.

    What could steer a terminal is escaped, and is what it was to whoever reads the JSON.
    """
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(values, ensure_ascii=not is_unicode)
    return text if text.isascii() and "\x7f" not in text else text.translate(_ESCAPED)
