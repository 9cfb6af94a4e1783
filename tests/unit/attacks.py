"""Texts made to slow a pattern down: what it matches nearly, with one part of it many times."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from re import _constants as sre  # isort: skip
from re import _parser as parser  # isort: skip

__all__ = ["Attack", "attacks_on"]

_OF_CATEGORY = {
    sre.CATEGORY_DIGIT: "17",
    sre.CATEGORY_SPACE: " \n",
    sre.CATEGORY_WORD: "aZ_",
    sre.CATEGORY_NOT_DIGIT: "a-",
    sre.CATEGORY_NOT_SPACE: "a#",
    sre.CATEGORY_NOT_WORD: " -",
}
_ANY = "a <\"'=(#:-"
_BROKEN_BY = ("", "\x01", "x", "\n", " ", "<", '"')
_SPELLED = 40
_LONGEST_PUMP = 8


class Attack(NamedTuple):
    """A text with a part that is repeated."""

    start: str
    pump: str
    end: str
    is_bytes: bool = False

    def made(self, size: int) -> Any:
        """Return the text, about so many characters long."""
        text = self.start + self.pump * (size // len(self.pump) + 1) + self.end
        return text.encode("latin-1", "replace") if self.is_bytes else text


def attacks_on(pattern: re.Pattern[Any], n: int, seed: int = 0) -> Iterator[Attack]:
    """Yield ``n`` attacks on a pattern, the same ones each time."""
    source = pattern.pattern
    is_bytes = isinstance(source, bytes)
    tree = parser.parse(source, pattern.flags & ~re.DEBUG)
    rng = random.Random(f"{source!r} {seed}")
    spelled = sorted({_spell(tree, rng) for _ in range(_SPELLED)} - {""})
    for _ in range(n):
        text = rng.choice(spelled or [" "])
        end = rng.randint(1, len(text))
        start = max(0, end - rng.randint(1, _LONGEST_PUMP))
        is_whole = rng.random() < 0.15
        before, pump = ("", text) if is_whole else (text[:start], text[start:end])
        if rng.random() < 0.3:
            pump = rng.choice(pump)
        after = text[end:] if rng.random() < 0.2 else rng.choice(_BROKEN_BY)
        yield Attack(before, pump, after, is_bytes)


def _spell(tree: Any, rng: random.Random) -> str:
    """Return a text that a pattern matches, or nearly: what it looks ahead for is spelled too."""
    return "".join(_spelled(op, argument, rng) for op, argument in tree)


def _spelled(op: Any, argument: Any, rng: random.Random) -> str:
    spell = _SPELL.get(op)  # of what is not there, nothing is read: the start of a line, say
    return "" if spell is None else spell(argument, rng)


def _repeated(argument: Any, rng: random.Random) -> str:
    low, high, body = argument
    times = min(rng.choice([low, low + 1, low + 2]), int(high))
    return "".join(_spell(body, rng) for _ in range(times))


def _ahead(argument: Any, rng: random.Random) -> str:
    return _spell(argument[1], rng) if rng.random() < 0.5 else ""


def _of_set(items: Any, rng: random.Random) -> str:
    if items[0][0] is sre.NEGATE:
        return rng.choice(
            [c for c in _ANY if not any(_holds(item, c) for item in items[1:])] or "z"
        )
    op, argument = rng.choice(items)
    if op is sre.LITERAL:
        return chr(argument)
    if op is sre.RANGE:
        return chr(rng.choice(argument))
    return rng.choice(_OF_CATEGORY[argument])


def _holds(item: Any, character: str) -> bool:
    op, argument = item
    if op is sre.LITERAL:
        return ord(character) == argument
    if op is sre.RANGE:
        return argument[0] <= ord(character) <= argument[1]
    return bool(character in _OF_CATEGORY[argument] or character.isspace())


_SPELL = {
    sre.LITERAL: lambda argument, _: chr(argument),
    sre.NOT_LITERAL: lambda argument, rng: rng.choice([c for c in _ANY if ord(c) != argument]),
    sre.ANY: lambda _, rng: rng.choice(_ANY),
    sre.IN: _of_set,
    sre.BRANCH: lambda argument, rng: _spell(rng.choice(argument[1]), rng),
    sre.SUBPATTERN: lambda argument, rng: _spell(argument[3], rng),
    sre.ATOMIC_GROUP: _spell,
    sre.MAX_REPEAT: _repeated,
    sre.MIN_REPEAT: _repeated,
    sre.POSSESSIVE_REPEAT: _repeated,
    sre.ASSERT: _ahead,
    sre.ASSERT_NOT: _ahead,
    sre.GROUPREF: lambda _, rng: rng.choice("=-\"'"),
}
