"""The lines of a roff file, as they are when its conditions, strings and own macros are done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from colmodern.corpus.extraction.man.escapes import arguments_of

__all__ = ["Roff"]

_CONTROL = re.compile(r"[.'][ \t]{0,40}(?P<name>[^ \t\\]{1,40})(?P<rest>.*)", re.DOTALL)
_COMMENT = re.compile(r"\\[\"#]")
_ARGUMENT = re.compile(r"\\\$(?P<which>[1-9*@])")
_CONDITION = re.compile(
    r"[ \t]*(?P<not>!?)(?P<what>[nteo](?![a-zA-Z(])|[dr][ ]?[^ \t]{1,20}|[^ \t]{1,200})"
)
# Macros that call themselves or each other give no more characters than this for each of the file.
_GROWTH = 20
_FREE = 200_000
_LONGEST_LINE = 2_000
_LONGEST_ARGUMENTS = 1_000


class Roff:
    """Reads a file line by line.

    Attributes:
        strings: What the file has defined so far.
    """

    def __init__(self, text: str) -> None:
        """Start at the first line."""
        lines = text.split("\n")
        self.strings: dict[str, str] = {}
        self._macros: dict[str, list[str]] = {}
        # The file, and on top of it the bodies of conditions and macros that are being done.
        self._bodies: list[Iterator[str]] = [iter(lines)]
        self._n_left = _FREE + _GROWTH * len(text)
        self._is_else = False

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield each line: the name of its request and the rest; text has no request."""
        for raw in iter(self._next, None):
            line = raw.replace("\\{", "").replace("\\}", "") if "\\" in raw else raw
            match = _CONTROL.match(line)
            if match is None:
                if line not in {".", "'"} and (line or not raw):
                    yield "", line
                continue
            name, rest = match["name"], match["rest"]
            if name in {"if", "ie", "el"}:
                self._decide(name, _CONTROL.match(raw))
            elif name in {"de", "de1", "am", "ig"}:
                self._define(name, rest)
            elif name in {"ds", "as", "rm"}:
                self._set_string(name, rest)
            elif name in self._macros:
                self._expand(name, rest)
            else:
                yield name, rest.strip(" \t")

    def following(self) -> Iterator[str]:
        """Yield the lines that follow as they are, for a part with a language of its own."""
        yield from iter(self._next, None)

    def _next(self) -> str | None:
        """Return the next line without its comment, joined with the next one if it goes on."""
        parts: list[str] = []
        while (raw := self._raw()) is not None:
            line = _without_comment(raw.rstrip("\r"))
            if line is None:
                continue
            n_marks = len(line) - len(line.rstrip("\\"))
            if n_marks % 2 == 0:
                return "".join((*parts, line))
            parts.append(line[:-1])
        return "".join(parts) if parts else None

    def _raw(self) -> str | None:
        """Return the next line as it stands in the file or in a body; None at the end."""
        while self._bodies and self._n_left > 0:
            line = next(self._bodies[-1], None)
            if line is not None:
                self._n_left -= len(line) + 1
                return line
            self._bodies.pop()
        return None

    def _decide(self, name: str, match: re.Match[str] | None) -> None:
        rest = match["rest"] if match else ""
        if name == "el":
            is_true, body = self._is_else, rest
        else:
            found = _CONDITION.match(rest)
            is_true = found is not None and (self._holds(found["what"]) != bool(found["not"]))
            body = rest[found.end() :] if found else ""
            self._is_else = not is_true
        if is_true:
            body = body.strip(" \t").removeprefix("\\{").strip(" \t")
            if body:
                self._bodies.append(iter([body]))
            return
        depth = body.count("\\{") - body.count("\\}")
        while depth > 0 and (line := self._next()) is not None:
            depth += line.count("\\{") - line.count("\\}")

    def _holds(self, what: str) -> bool:
        """Say whether a condition holds on a terminal; numbers are not known, and hold not."""
        if what == "n":
            return True
        if what[0] in "dr" and len(what) > 1:
            return what[1:].strip() in self._macros | self.strings
        if what[0] in "'\"" and what.count(what[0]) >= 3:
            _, one, other, *_ = what.split(what[0])
            return one == other
        return what.strip("()") in {"1", "\\n(.g", "\\n[.g]"}

    def _define(self, name: str, rest: str) -> None:
        words = rest.split()
        end = f".{words[1]}" if len(words) > 1 else ".."
        if name == "ig":
            end = f".{words[0]}" if words else ".."
        body: list[str] = []
        while (line := self._raw()) is not None:
            if f".{line[1:].strip()}" == end and line.startswith((".", "'")):
                break
            body.append(line.replace("\\\\", "\\"))
        if name != "ig" and words:
            before = self._macros.get(words[0], []) if name == "am" else []
            self._macros[words[0]] = before + body

    def _set_string(self, name: str, rest: str) -> None:
        key, _, value = rest.strip(" \t").partition(" ")
        if name == "rm":
            self.strings.pop(key, None)
            self._macros.pop(key, None)
            return
        value = value.lstrip(" \t").removeprefix('"')
        before = self.strings.get(key, "") if name == "as" else ""
        self.strings[key] = (before + value)[:10_000]

    def _expand(self, name: str, rest: str) -> None:
        arguments = arguments_of(rest)
        n = len(arguments)
        whole = " ".join(arguments)[:_LONGEST_ARGUMENTS]

        def given(match: re.Match[str]) -> str:
            which = match["which"]
            if which in "*@":
                return whole
            return arguments[int(which) - 1][:_LONGEST_ARGUMENTS] if int(which) <= n else ""

        lines = (line[:_LONGEST_LINE] for line in self._macros[name])
        self._bodies.append(_ARGUMENT.sub(given, line) for line in lines)


def _without_comment(line: str) -> str | None:
    """Return a line without its comment; None if it is nothing else."""
    if "\\" not in line:
        return line
    for match in _COMMENT.finditer(line):
        start = match.start()
        n_marks = start - len(line[:start].rstrip("\\"))
        if n_marks % 2 == 0:
            rest = line[:start]
            return None if rest.strip(" \t") in {"", ".", "'"} else rest.rstrip(" \t")
    return line
