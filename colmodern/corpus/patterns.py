"""Does a pattern of a ``.gitignore`` match this path?

The patterns mean what git's documentation says they mean (gitignore(5)), and a path is judged by
itself: that a folder above it matches is for the walk to know, which does not enter such a folder.
Libraries that judge a path together with its parents cannot tell ``logs/**`` (what lies in the
folder, of which some may be taken back) from ``logs/`` (the folder, of which nothing may).

Paths are relative, with forward slashes; that of a folder ends in a slash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Patterns", "compile_patterns"]


@dataclass(frozen=True, slots=True)
class _Pattern:
    regex: re.Pattern[str]
    is_negated: bool
    only_folders: bool


@dataclass(frozen=True, slots=True)
class Patterns:
    """A list of patterns, of which the last that matches decides."""

    patterns: tuple[_Pattern, ...] = ()

    def __len__(self) -> int:
        """Return the number of patterns."""
        return len(self.patterns)

    def verdict(self, path: str) -> bool | None:
        """Return True if the path is matched, False if a ``!`` takes it back, else None."""
        is_folder = path.endswith("/")
        name = path.removesuffix("/")
        for pattern in reversed(self.patterns):
            if pattern.only_folders and not is_folder:
                continue
            if pattern.regex.fullmatch(name):
                return not pattern.is_negated
        return None

    def match_below(self, path: str) -> bool:
        """Say whether the path or a folder above it is matched."""
        ends = [i + 1 for i, letter in enumerate(path[:-1]) if letter == "/"] + [len(path)]
        return any(self.verdict(path[:end]) for end in ends)


def compile_patterns(lines: Iterable[str]) -> tuple[Patterns, list[int]]:
    """Return the patterns on these lines and the numbers (from 1) of the lines that are wrong.

    Blank lines and comments are no patterns, and not wrong.
    """
    patterns: list[_Pattern] = []
    wrong: list[int] = []
    for number, line in enumerate(lines, start=1):
        body = _without_trailing_spaces(line)
        if not body or body.startswith("#"):
            continue
        try:
            patterns.append(_compile(body))
        except ValueError:
            wrong.append(number)
    return Patterns(tuple(patterns)), wrong


def _without_trailing_spaces(line: str) -> str:
    r"""Return the line without the spaces at its end; one that is escaped (``\ ``) stays."""
    body = line.rstrip("\r\n")
    stripped = body.rstrip(" ")
    n_backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return stripped + " " if n_backslashes % 2 and len(stripped) < len(body) else stripped


def _compile(body: str) -> _Pattern:
    is_negated = body.startswith("!")
    body = body.removeprefix("!")
    only_folders = body.endswith("/")
    body = body.removesuffix("/")
    if not body:
        raise ValueError("a pattern without a name")
    is_anchored = "/" in body
    try:
        regex = re.compile(("" if is_anchored else "(?:.*/)?") + _regex(body.removeprefix("/")))
    except re.error as error:
        raise ValueError(str(error)) from error
    return _Pattern(regex, is_negated, only_folders)


# The pieces of a pattern, longest first; ``**`` only means more than ``*`` beside slashes.
_PIECES = re.compile(
    r"""
      (?P<leading>\A\*\*/)
    | (?P<inner>/(?:\*\*/)+)
    | (?P<trailing>/\*\*\Z)
    | (?P<stars>\*+)
    | (?P<any>\?)
    | (?P<range>\[(?P<negation>[!^]?)(?P<members>\]?(?:\\.|[^\]\\])*)\])
    | \\(?P<escaped>.)
    | (?P<plain>[^\\\[])
    """,
    re.VERBOSE | re.DOTALL,
)

_FIXED = {
    "leading": "(?:.*/)?",
    "inner": "/(?:.*/)?",
    "trailing": "/.+",
    "any": "[^/]",
}


def _regex(pattern: str) -> str:
    """Translate a pattern; a lone ``**`` is ``*``, as in git."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        piece = _PIECES.match(pattern, position)
        if piece is None:
            raise ValueError(f"{pattern!r} ends in the middle of a range or an escape")
        parts.append(_regex_of_piece(piece))
        position = piece.end()
    return "".join(parts)


def _regex_of_piece(piece: re.Match[str]) -> str:
    kind = str(piece.lastgroup)
    if kind in _FIXED:
        return _FIXED[kind]
    if kind == "stars":
        return "[^/]*"
    if piece["range"] is not None:
        return _regex_of_range(piece["negation"], piece["members"])
    return re.escape(piece["escaped"] or piece["plain"])


def _regex_of_range(negation: str, members: str) -> str:
    if "[:" in members:
        raise ValueError("named classes such as [:alpha:] are not supported")
    members = re.sub(r"\\(.)", r"\1", members)
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", members)
    return f"(?!/)[{'^' if negation else ''}{escaped}]"
