"""What is an option? A field with a default, what is allowed, and one line of help.

A dataclass of options says each of them once. It is checked where it is made, and every door (the
command line, Python keywords, evaluation specs, JSON) is derived from its fields.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import field, fields
from enum import Flag, StrEnum, auto
from types import NoneType
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints

from colmodern.errors import ConfigError
from colmodern.frozen import frozen

_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}


class Door(Flag):
    """Where an option can be given besides Python and JSON, which take all of them."""

    NONE = 0
    COMMAND_LINE = auto()
    SPEC = auto()


EVERYWHERE = Door.COMMAND_LINE | Door.SPEC


def option(
    default: Any,
    *,
    help: str,  # noqa: A002
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[int, ...] = (),
    doors: Door = EVERYWHERE,
    flag: str | None = None,
    unset: str | None = None,
    only: tuple[str, ...] = (),
    label: str | None = None,
) -> Any:
    """Return a dataclass field that is an option.

    Args:
        default: Its value if nobody says one.
        help: One line: what it means.
        minimum: The least value, if there is one.
        maximum: The greatest.
        choices: The values that are allowed, if they are few numbers; those of an enum are known.
        doors: Where it can be given.
        flag: Its name on the command line; by default ``--`` and the field's name.
        unset: What None means, in a few words.
        only: Another option and the values, at least one, of which it must have one where this
            option is not the default; the first is the one that messages name.
        label: What stands in front of its value in the name of a measured system; by default the
            field's name.
    """
    limits = {"minimum": minimum, "maximum": maximum, "choices": choices, "only": only}
    shown = {"help": help, "doors": doors, "flag": flag, "unset": unset, "label": label}
    return field(default=default, metadata={**limits, **shown})


@frozen(kw_only=True)
class Option:
    """An option as its field describes it; see ``option``.

    Attributes:
        kind: The type of its values: bool, int, float, str, or an enum of words.
        is_optional: Whether None is a value too.
        is_many: Whether it takes a tuple of such values; given again on a command line for each.
    """

    name: str
    kind: type
    is_optional: bool
    is_many: bool
    default: Any
    help: str
    minimum: float | None
    maximum: float | None
    choices: tuple[int, ...]
    doors: Door
    flag: str | None
    unset: str | None
    only: tuple[str, ...]
    label: str | None

    @property
    def typed(self) -> str:
        """What is typed on a command line to give it."""
        switch_off = "no-" if self.kind is bool and self.default else ""
        return self.flag or f"--{switch_off}{self.name.replace('_', '-')}"

    @property
    def words(self) -> tuple[str, ...]:
        """The words that are allowed, if it takes one of some."""
        return tuple(self.kind) if issubclass(self.kind, StrEnum) else ()

    def parsed(self, word: str) -> Any:
        """Return the value that a word stands for, checked.

        Raises:
            ConfigError: It stands for none.
        """
        if self.kind is bool:
            if word in ("true", "false"):
                return word == "true"
            raise self._wrong_kind(word)
        if self.kind not in (int, float):
            return self.checked(word)
        try:
            return self.checked(self.kind(word))
        except ConfigError:
            raise
        except ValueError:
            raise self._wrong_kind(word) from None

    def checked(self, value: Any) -> Any:
        """Return a value as its kind has it: an enum for a word, a plain number for a number.

        Raises:
            ConfigError: The value is not allowed.
        """
        if value is None and self.is_optional:
            return None
        if self.is_many:
            return tuple(self._checked_one(each) for each in self._many(value))
        return self._checked_one(value)

    def _many(self, values: Any) -> tuple[Any, ...]:
        # A single text is a sequence of texts too: one for each letter.
        if isinstance(values, tuple | list):
            return tuple(values)
        what = f"be a tuple, as in ({values!r},)"
        raise self._error("option_wrong_kind", what, values)

    def _checked_one(self, value: Any) -> Any:
        found = self._converted(value)
        if self.choices and found not in self.choices:
            raise self._error("option_not_allowed", f"be one of {self.choices}", value)
        low, high = self.minimum, self.maximum
        if (low is None or low <= found) and (high is None or found <= high):
            return found
        allowed = f"lie in {low}..{high}" if high is not None else f"be at least {low}"
        raise self._error("option_out_of_range", allowed, value)

    def schema(self) -> dict[str, Any]:
        """Return what JSON Schema says of its values."""
        kind: Any = _JSON_TYPES.get(self.kind, "string")
        allowed: list[Any] = [*self.choices, *map(str, self.words)]
        limits = {"minimum": self.minimum, "maximum": self.maximum}
        if self.is_many:
            plain = list(self.default)
            items = {"type": kind}
            what = {"default": plain, "description": self.help}
            return {"type": "array", "items": items, **what}
        return {
            "type": [kind, "null"] if self.is_optional else kind,
            **({"enum": allowed + [None] * self.is_optional} if allowed else {}),
            **{name: limit for name, limit in limits.items() if limit is not None},
            "default": _plain(self.default),
            "description": self.help,
        }

    def _converted(self, value: Any) -> Any:
        if self.words:
            if value in self.words:
                return self.kind(value)
            raise self._error("option_not_allowed", f"be one of {', '.join(self.words)}", value)
        is_plain = isinstance(value, bool | str)
        if self.kind in (bool, str):
            if isinstance(value, self.kind):
                return value
        elif not is_plain:
            try:
                return operator.index(value) if self.kind is int else float(value)
            except (OverflowError, TypeError, ValueError):
                pass
        raise self._wrong_kind(value)

    def _wrong_kind(self, value: Any) -> ConfigError:
        return self._error("option_wrong_kind", f"be {_WORDS[self.kind]}", value)

    def _error(self, code: str, allowed: str, value: Any) -> ConfigError:
        message = f"{self.name} must {allowed}, not {value!r}."
        return ConfigError(message, code=code, option=self.name, value=value)


def options_of(kind: type) -> tuple[Option, ...]:
    """Return the options that a dataclass has, in their order."""
    if kind not in _FOUND:
        _FOUND[kind] = tuple(_read(kind))
    return _FOUND[kind]


def _read(kind: type) -> Iterator[Option]:
    hints = get_type_hints(kind)
    for one in fields(kind):
        is_many = get_origin(hints[one.name]) is tuple
        types = get_args(hints[one.name]) or (hints[one.name],)
        yield Option(
            name=one.name,
            kind=next(each for each in types if each is not NoneType),
            is_optional=NoneType in types,
            is_many=is_many,
            default=one.default,
            **one.metadata,
        )


_FOUND: dict[type, tuple[Option, ...]] = {}


class Options:
    """The base of a dataclass of options: checked where it is made, and never changed."""

    __slots__ = ()
    WHAT: ClassVar[str]
    """What its options are called in a message."""

    def __post_init__(self) -> None:
        """Refuse values that cannot work; keep the others as their kinds have them."""
        changed = [
            one for one in options_of(type(self)) if getattr(self, one.name) is not one.default
        ]
        for one in changed:
            object.__setattr__(self, one.name, one.checked(getattr(self, one.name)))
        for one in changed:
            if one.only and getattr(self, one.name) != one.default:
                other, *wanted = one.only
                if getattr(self, other) not in wanted:
                    why = f"works in {other} {wanted[0]} only, not in {getattr(self, other)}"
                    raise self.conflict(one.name, why)
        self.check_together()

    def check_together(self) -> None:
        """Refuse values that are allowed alone and do not go together."""

    def conflict(self, name: str, why: str) -> ConfigError:
        """Return the error of an option that does not go together with another."""
        value = getattr(self, name)
        return ConfigError(f"{name} {why}.", code="option_conflict", option=name, value=value)

    @classmethod
    def of(cls, base: Self | None, options: Mapping[str, Any]) -> Self:
        """Return the options of a call: an object, keywords, or an object and what differs.

        Raises:
            ConfigError: A value is not allowed.
            TypeError: There is no such option, or the object is another.
        """
        unknown = options.keys() - {one.name for one in options_of(cls)}
        if unknown:
            raise TypeError(f"there is no {cls.WHAT} {_advice(cls, min(unknown))}")
        if base is None:
            return cls(**options)
        if not isinstance(base, cls):
            raise TypeError(f"expected a {cls.__name__}, not {type(base).__name__}")
        return cls(**{**base.to_dict(), **options}) if options else base

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {one.name: _plain(getattr(self, one.name)) for one in options_of(type(self))}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the options that ``to_dict`` returned; unknown names are refused.

        Raises:
            ConfigError: A name is unknown, or a value is not allowed.
        """
        unknown = values.keys() - {one.name for one in options_of(cls)}
        if unknown:
            name = min(unknown)
            raise ConfigError(
                f"There is no {cls.WHAT} {_advice(cls, name)}.",
                code="option_unknown",
                option=name,
                value=values[name],
            )
        return cls(**values)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of what ``from_dict`` takes."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": cls.__name__,
            "description": (cls.__doc__ or "").partition("\n")[0],
            "type": "object",
            "properties": {one.name: one.schema() for one in options_of(cls)},
            "additionalProperties": False,
        }


def _advice(kind: type, name: str) -> str:
    """Return an unknown name with the nearest and all that are known."""
    from difflib import get_close_matches

    known = [one.name for one in options_of(kind)]
    near = get_close_matches(name, known, 1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    return f"{name!r}{meant}; there are {', '.join(known)}"


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, StrEnum) else value
