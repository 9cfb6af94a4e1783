"""How is a mistake in what was typed told? With a code; where JSON lines are wanted, as one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import typer

from colmodern.cli.groups import Group
from colmodern.cli.printing.terminal import LogFormat, note, use_log_format

__all__ = ["Program"]

_OPTION = "--log-format"

# What the parser raises for a mistake; its own name differs between releases of Typer.
_UsageError = cast("type[Any]", typer.BadParameter.__base__)

_CODES = {
    "NoSuchOption": "option_unknown",
    "MissingParameter": "option_missing",
}


class Program(Group):
    """All commands. A mistake is shown with the usage, or as a line of JSON if that is wanted."""

    _is_told_here = False

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Take the words before the command apart, as the parser does."""
        with self._with_codes():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named, as the parser does."""
        with self._with_codes():
            return super().invoke(ctx)

    @contextmanager
    def _with_codes(self) -> Iterator[None]:
        """Let a mistake that the parser shows have its code behind what it says."""
        try:
            yield
        except _UsageError as error:
            # Nothing was typed, so there is nothing wrong to be told.
            is_help = type(error).__name__ == "NoArgsIsHelpError"
            if not (self._is_told_here or is_help or hasattr(error, "code")):
                error.code = _code_of(error)
                said = f"{error.format_message()} [{error.code}]"
                error.format_message = lambda: said
            raise

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process, as the parser does."""
        words = sys.argv[1:] if args is None else list(args)
        self._is_told_here = is_told_here = standalone_mode and _wants_json(words)
        if is_told_here:
            use_log_format(LogFormat.JSON)
        try:
            status = super().main(
                args,
                prog_name,
                complete_var,
                standalone_mode=standalone_mode and not is_told_here,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except _UsageError as error:
            if not is_told_here:
                raise
            note(error.format_message(), level="error", code=_code_of(error))
            sys.exit(error.exit_code)
        if is_told_here:
            sys.exit(status if isinstance(status, int) else 0)
        return status


def _code_of(error: Any) -> str:
    return _CODES.get(type(error).__name__, "option_invalid")


def _wants_json(words: Sequence[str]) -> bool:
    """Say whether JSON lines are asked for, also where other words cannot be understood."""
    own = words[: words.index("--")] if "--" in words else words
    form = ""
    for word, following in zip(own, [*own[1:], ""], strict=False):
        if word == _OPTION:
            form = following
        elif word.startswith(f"{_OPTION}="):
            form = word.partition("=")[2]
    return form == LogFormat.JSON
