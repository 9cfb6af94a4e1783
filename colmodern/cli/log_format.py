"""``--log-format``, which every command takes: what is said on standard error, as text or JSON."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from colmodern.cli.printing.terminal import LogFormat, use_log_format

LogFormatOption = Annotated[
    LogFormat | None,
    typer.Option("--log-format", help="What is said on standard error: text, or JSON lines."),
]


def with_log_format(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with that option behind its own."""

    @functools.wraps(command)
    def run(*args: Any, log_format: LogFormat | None = None, **options: Any) -> None:
        if log_format is not None:
            use_log_format(log_format)
        command(*args, **options)

    own = inspect.signature(command, eval_str=True)
    more = inspect.Parameter(
        "log_format", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=LogFormatOption
    )
    run.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own.parameters.values(), more]
    )
    return run
