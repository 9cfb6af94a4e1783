"""What does a plain ``colmodern search`` ask for, read without the parser of all commands?

Starting that parser takes longer than a search. Everything that is not put plainly, mistakes
included, goes to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from colmodern.cli.encoder import EncoderArguments
from colmodern.cli.printing.terminal import Format
from colmodern.cli.run_search import SearchArguments
from colmodern.options import Door, Option, options_of
from colmodern.request import SearchRequest


def plain_arguments(words: Sequence[str]) -> SearchArguments | None:
    """Return the arguments of a plain ``search``, or None where the parser must have a look.

    Plain is: one query, options by their full name, each once, its value a word of its own.
    """
    if not words or words[0] != "search":
        return None
    own: dict[str, Any] = {}
    asked: dict[str, Any] = {}
    rest = iter(words[1:])
    for word in rest:
        typed, name, value = _read(word, rest, own, asked)
        if value is None or name in typed:
            return None
        typed[name] = value
    if "query" not in own:
        return None
    return SearchArguments(request=SearchRequest(**asked), **own)


def _read(
    word: str, rest: Iterator[str], own: dict[str, Any], asked: dict[str, Any]
) -> tuple[dict[str, Any], str, Any]:
    """Return what a word gives, and its value; None where the parser must have a look."""
    if word in _ASKED:
        one = _ASKED[word]
        value = not one.default if one.kind is bool else _value(_reader(one), next(rest, ""))
        return asked, one.name, value
    if word in _OWN:
        name, read = _OWN[word]
        return own, name, _value(read, next(rest, ""))
    return own, "query", None if word.startswith("-") else word


def _value(read: Callable[[str], Any], word: str) -> Any:
    if not word or word.startswith("-"):
        return None
    try:
        return read(word)
    except ValueError:
        return None


def _reader(one: Option) -> Callable[[str], Any]:
    return one.parsed if one.kind is not int else lambda word: one.parsed(_digits(word))


def _digits(word: str) -> str:
    if not (word.isascii() and word.isdigit()):
        raise ValueError(word)
    return word


_ASKED = {one.typed: one for one in options_of(SearchRequest) if Door.COMMAND_LINE in one.doors}
_OWN: dict[str, tuple[str, Callable[[str], Any]]] = {
    "--index": ("index", Path),
    "--format": ("form", Format),
    "--precision": ("encoding", lambda word: EncoderArguments(precision=word)),
    "--links": ("links", str),
}
