"""Which words of a text are compared with those of a query, to choose a passage?

Runs of letters, digits and underscores, folded to lower case where an alphabet has two. Scripts
that put no blanks between words (Chinese, Japanese, Korean, Thai and their neighbours) have
overlapping pairs of characters instead, and ideographs by themselves too, as the index has. All
this is coarser than the words of the index (``text.words``) and needs no table of Unicode, so that
native code does the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_IDEOGRAPHS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED = (
    f"{_IDEOGRAPHS}\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff"
    "\u3040-\u30fa\u30fc-\u30ff\u3130-\u318f\u31f0-\u31ff\uac00-\ud7ff\uff66-\uff9f"
)
_SPACED = (
    "0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0dff\u0f00-\u0fff\u10a0-\u10ff"
    "\u1200-\u177f\u1800-\u1fff\u2070-\u218f\u2c00-\u2e7f\u2fe0-\u2fff\u3100-\u312f\u3190-\u31ef"
    "\u3200-\u33ff\u4dc0-\u4dff\ua000-\uabff\ud800-\uf8ff\ufb00-\ufe0f\ufe70-\ufeff"
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uffa0-\U0001ffff\U00040000-\U0010ffff"
)
_ASCII_RUN = re.compile("([0-9A-Za-z_]+)")
_FOLDED = str.maketrans(
    {
        **{code: code + 32 for code in range(0x41, 0x5B)},
        **{code: code + 32 for code in range(0xC0, 0xDF) if code != 0xD7},
        **{code: code + 32 for code in range(0x391, 0x3AA)},
        **{code: code + 32 for code in range(0x410, 0x430)},
        **{code: code + 80 for code in range(0x400, 0x410)},
    }
)
_MOST_CHARACTERS = 64


@cache  # not at import: a class of so many characters is slow to compile, and few queries need it
def _run() -> re.Pattern[str]:
    return re.compile(f"([{_SPACED}]+)|[{_UNSPACED}]+")


@cache
def _ideograph() -> re.Pattern[str]:
    return re.compile(f"[{_IDEOGRAPHS}]")


def word_runs(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a text, folded, with their first character and the one past their last.

    In the order of their first characters; those of a script without blanks overlap. A longer run
    than 64 characters of any other script is an encoded picture or a key, and no word.
    """
    return list(_words(text))


def query_words(query: str) -> list[str]:
    """Return the words of a query, folded, none twice."""
    return list(dict.fromkeys(word for word, _, _ in _words(query)))


def tokens_of_words(text: str) -> list[tuple[int, int]]:
    """Return the characters of each token of a text that has words only.

    A token is a word, or two characters of a script without blanks; none overlaps another.
    """
    tokens: list[tuple[int, int]] = []
    for match in _runs(text):
        start, end = match.span()
        if match[1] is None:
            tokens.extend((at, min(at + 2, end)) for at in range(start, end, 2))
        elif end - start <= _MOST_CHARACTERS:
            tokens.append((start, end))
    return tokens


def _runs(text: str) -> Iterator[re.Match[str]]:
    return (_ASCII_RUN if text.isascii() else _run()).finditer(text)


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _runs(text):
        run, start, end = match[0], match.start(), match.end()
        if match[1] is None:
            yield from _pairs(run, start)
        elif end - start <= _MOST_CHARACTERS:
            yield run.translate(_FOLDED), start, end


def _pairs(run: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Yield the pairs of a run without blanks, and its ideographs; one character is a word."""
    for i, character in enumerate(run):
        at = start + i
        if len(run) == 1 or _ideograph().match(character):
            yield character, at, at + 1
        if i + 1 < len(run):
            yield run[i : i + 2], at, at + 2
