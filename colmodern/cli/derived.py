"""How do the fields of a request become the options of a command?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from colmodern.options import Door, Option, Options, options_of

Command = TypeVar("Command", bound=Callable[..., None])
OptionsKind = TypeVar("OptionsKind", bound=Options)


def shown(kind: type[Options], *names: str) -> tuple[Option, ...]:
    """Return the options of a dataclass that the command line shows: those named, or all."""
    return tuple(
        one
        for one in options_of(kind)
        if Door.COMMAND_LINE in one.doors and (not names or one.name in names)
    )


def taken(kind: type[OptionsKind], options: dict[str, Any]) -> OptionsKind:
    """Take the options of a dataclass out of all that a command was given."""
    names = {one.name for one in options_of(kind)} & options.keys()
    return kind(**{name: options.pop(name) for name in names})


def takes(*options: Option, after: str) -> Callable[[Command], Command]:
    """Let the ``**options`` of a command be these, listed after the parameter of that name."""

    def decorate(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
        place = [one.name for one in own].index(after) + 1
        more = map(_parameter, options)
        command.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*own[:place], *more, *own[place:]]
        )
        return command

    return decorate


def _parameter(one: Option) -> inspect.Parameter:
    how: dict[str, Any] = {"help": one.help, "show_default": one.unset or True}
    if one.kind in (int, float):
        how |= {"min": one.minimum, "max": one.maximum}
    kind: Any = one.kind | None if one.is_optional else one.kind
    default = one.default
    if one.is_many:
        kind, default = list[one.kind], list(one.default)  # type: ignore[name-defined]
        how["show_default"] = False
    # What stands behind a slash turns a switch off; without one, all that is typed turns it on.
    flag = f" /{one.typed}" if one.kind is bool and one.default else one.typed
    return inspect.Parameter(
        one.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, typer.Option(flag, **how)],
    )
