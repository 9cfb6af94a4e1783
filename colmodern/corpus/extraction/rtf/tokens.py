"""The tokens of RTF: control words, characters, groups, and data that is skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["RtfToken", "tokens_of"]

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,10})? ?"
    r"|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<symbol>[^a-zA-Z])|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]++)",
    re.DOTALL,
)


class RtfToken(NamedTuple):
    """A token: what it is (word, hex, symbol, brace, text), its characters, its number."""

    kind: str
    text: str
    number: int | None = None


def tokens_of(data: bytes) -> Iterator[RtfToken]:
    """Yield the tokens of a file; its bytes are characters here."""
    text = data.decode("latin-1")
    at = 0
    while (match := _TOKEN.search(text, at)) is not None:
        at = match.end()
        if (word := match["word"]) is None:
            kind = match.lastgroup or ""
            yield RtfToken(kind, match[kind])
            continue
        number = None if match["number"] is None else int(match["number"])
        if word == "bin":  # so many bytes that are no text
            at += max(number or 0, 0)
        else:
            yield RtfToken("word", word, number)
