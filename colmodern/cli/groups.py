"""How is a group of commands shown, and when is one of them imported? When it is named.

Help lists all of them, and waits for none.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from colmodern.cli.log_format import with_log_format

__all__ = ["Commands", "Group", "Home"]

_WHOLE = 1_000  # characters of a line of help: more than any has


class Home(NamedTuple):
    """What a command, or a group of them, does, and where in ``cli`` it lives.

    Attributes:
        help: The first line of its own help.
        module: The module; by default it is called as what is typed.
        name: The name there; by default that of the module.
    """

    help: str
    module: str = ""
    name: str = ""

    def command(self, typed: str) -> Any:
        """Import it, to be a command that is called as what is typed."""
        module = self.module or typed
        found = getattr(importlib.import_module(f"colmodern.cli.{module}"), self.name or module)
        if isinstance(found, typer.Typer):
            group = found
        else:
            group = typer.Typer(add_completion=False, rich_markup_mode=None)
            group.command(typed)(with_log_format(found))
        command = typer.main.get_command(group)
        command.name = typed
        return command


class Commands(Mapping[str, Any]):
    """Commands by what is typed, each imported when it is taken."""

    def __init__(self, homes: Mapping[str, Home]) -> None:
        """Know where they live."""
        self._homes = homes
        self._taken: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return the command of a name."""
        if name not in self._taken:
            self._taken[name] = self._homes[name].command(name)
        return self._taken[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names, as they were given."""
        return iter(self._homes)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._homes)

    def help_of(self, name: str) -> str:
        """Return the line of a command, which is not imported for it."""
        return self._homes[name].help


class Group(TyperGroup):
    """A group whose help has the whole line of each command, and takes none to know their names."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  the parser gives it
        """Return the names in their order."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands with what each does."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._line(name)) for name in self.list_commands(ctx)])

    def _line(self, name: str) -> str:
        if isinstance(self.commands, Commands):
            return self.commands.help_of(name)
        return str(self.commands[name].get_short_help_str(_WHOLE))
