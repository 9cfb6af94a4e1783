"""Does a pattern of a ``.gitignore`` match this path?

The patterns mean what git's documentation says they mean (gitignore(5)), and a path is judged by
itself: that a folder above it matches is for the walk to know, which does not enter such a folder.
Libraries that judge a path together with its parents cannot tell ``logs/**`` (what lies in the
folder, of which some may be taken back) from ``logs/`` (the folder, of which nothing may).

Paths are relative, with forward slashes; that of a folder ends in a slash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from unicodedata import normalize

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
        path = normalize("NFC", path)
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
            patterns.append(_compile(normalize("NFC", body)))
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
        regex = re.compile(_regex(body.removeprefix("/"), is_anchored=is_anchored))
    except re.error as error:
        raise ValueError(str(error)) from error
    return _Pattern(regex, is_negated, only_folders)


# The pieces of a pattern, longest first; ``**`` only means more than ``*`` beside slashes.
_PIECES = re.compile(
    r"""
      (?P<leading>\A(?:\*\*/)+)
    | (?P<inner>/(?:\*\*/)+)
    | (?P<trailing>/\*\*\Z)
    | (?P<stars>\*+)
    | (?P<any>\?)
    | (?P<range>\[(?P<negation>[!^]?)(?P<members>\]?(?:\\.|[^\]\\])*+)\])
    | \\(?P<escaped>.)
    | (?P<plain>[^\\\[])
    """,
    re.VERBOSE | re.DOTALL,
)

_FOLDERS = "(?:[^/]*+/)*?"


def _regex(pattern: str, *, is_anchored: bool) -> str:
    """Translate a pattern; a lone ``**`` is ``*``, as in git.

    What stands between two stars, or between two double stars, is matched where it is met first,
    once and for all (``(?>``): an earlier place leaves more for the rest, so that no other has to
    be tried, and the work never multiplies.
    """
    groups: list[list[list[str]]] = [[[""]]]  # of names between slashes, of chunks between stars
    is_free, end = not is_anchored, ""
    for kind, regex in _pieces(pattern):
        if kind == "leading":
            is_free = True
        elif kind == "inner":
            groups.append([[""]])
        elif kind == "trailing":
            end = "/(?s:.+)"
        elif kind == "slash":
            groups[-1].append([""])
        elif kind == "stars":
            groups[-1][-1].append("")
        else:
            groups[-1][-1][-1] += regex
    first, *others = ["/".join(map(_regex_of_name, names)) for names in groups]
    parts = [_FOLDERS + first if is_free else first, *(_FOLDERS + other for other in others)]
    return "".join(f"(?>{part}/)" for part in parts[:-1]) + parts[-1] + end


def _pieces(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield the kinds of the pieces of a pattern, and what matches a letter as a regex."""
    position = 0
    while position < len(pattern):
        piece = _PIECES.match(pattern, position)
        if piece is None:
            raise ValueError(f"{pattern!r} ends in the middle of a range or an escape")
        position = piece.end()
        letter = piece["escaped"] or piece["plain"]
        if piece["range"] is not None:
            yield "range", _regex_of_range(piece["negation"], piece["members"])
        elif letter == "/":
            yield "slash", ""
        else:
            yield str(piece.lastgroup), re.escape(letter) if letter else "[^/]"


def _regex_of_name(chunks: list[str]) -> str:
    first, *others = chunks
    if not others:
        return first
    inner = "".join(f"(?>[^/]*?{chunk})" for chunk in others[:-1])
    return f"(?>{first}{inner}[^/]*{others[-1]}(?=/|\\Z))"


def _regex_of_range(negation: str, members: str) -> str:
    if "[:" in members:
        raise ValueError("named classes such as [:alpha:] are not supported")
    members = re.sub(r"\\(.)", r"\1", members)
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", members)
    return f"(?!/)[{'^' if negation else ''}{escaped}]"
