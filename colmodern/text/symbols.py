"""In which class or function does a line of source code stand? Told from the lines themselves."""

from __future__ import annotations

import re

__all__ = ["code_symbols"]

# A definition: words before it (public, static, export ...), a word that defines, a name.
_KEYWORDS = (
    "class|struct|enum|interface|trait|impl|module|namespace|object|record|protocol|contract"
    "|def|fn|func|fun|function|sub|proc|procedure|defmodule|defp?"
)
# What may be repeated is taken once and for all (``++``, ``*+``): no line is read again and again.
# The line break before a line is found much faster than its start.
_SYMBOL = re.compile(
    r"\n(?P<indent>[ \t]*+)(?:(?:"
    r"(?:[a-z]++(?:\([\w:]*+\))?+[ \t]++)*(?:" + _KEYWORDS + r")\b\*?+[ \t]*+"
    r"(?:<[^>\n]*+>[ \t]*+)?+(?:\([^)\n]*+\)[ \t]*+)?+"
    r"(?P<name>[A-Za-z_$][\w$]*+(?:(?:::|[.:])[\w$]++)*+)"
    r")|(?:(?:export[ \t]++)?+(?:const|let|var)[ \t]++(?P<arrow>[A-Za-z_$][\w$]*+)[ \t]*+=[ \t]*+"
    r"(?:async[ \t]*+)?(?:function\b|\([^)\n]*+\)[ \t]*+=>|\w++[ \t]*+=>)"
    r")|(?:(?P<head>[\w:<>,*&\[\]~][\w:<>,*&\[\]~ \t]*+)\((?P<inside>[^;{}\n]*+)\{))",
)
_INDENT = re.compile(r"(?:[ \t]*+\r?+\n)*+(?P<indent>[ \t]*+)(?=\S)")
_METHOD = re.compile(r"~?[A-Za-z_]\w*+(?:::~?\w++)*+")
_CALLS = (["return"], ["new"], ["else"], ["await"], ["throw"])
_NO_NAMES = frozenset({"if", "for", "while", "switch", "catch", "return", "else", "do", "try"})


def code_symbols(text: str, offset: int) -> tuple[str, ...]:
    """Return the names of the definitions around an offset of source code, outermost first.

    Definitions are told by common keywords, and nesting by indentation, so that one rule serves
    many languages; code that is not indented gives only the nearest definition.
    """
    line_start = text.rfind("\n", 0, offset) + 1
    line_end = text.find("\n", offset)
    lines = "\n" + (text if line_end < 0 else text[:line_end])
    stack: list[tuple[int, str]] = []
    for match in _SYMBOL.finditer(lines):
        name = _name_of(match)
        if not name or name in _NO_NAMES:
            continue
        depth = _depth(match["indent"])
        while stack and stack[-1][0] >= depth:
            stack.pop()
        stack.append((depth, name))
    here = _first_indented(text, line_start)
    line = _SYMBOL.match(lines, line_start)
    is_definition = line is not None and bool(_name_of(line))
    while stack and here is not None and not is_definition and stack[-1][0] >= here:
        if stack[-1][0] == here and text[line_start:].lstrip()[:1] in {"}", ")", "]", "{"}:
            break  # the end of the definition belongs to it
        stack.pop()
    return tuple(name for _, name in stack)


def _name_of(match: re.Match[str]) -> str:
    """Return what a line defines; nothing if it only looks like a method."""
    if match["head"] is None:
        return str(match["name"] or match["arrow"])
    _, parenthesis, result = match["inside"].rpartition(")")
    if not parenthesis or "=" in result:
        return ""
    head = match["head"].rstrip(" \t")
    start = max(map(head.rfind, " \t*&")) + 1  # types before the name, if there are any
    is_call = head[:start].split()[-1:] in _CALLS
    name = _METHOD.fullmatch(head, start)
    return "" if name is None or is_call or start == 1 else name[0]


def _first_indented(text: str, line_start: int) -> int | None:
    """Return the depth of the first line with text from here on; None at the end."""
    match = _INDENT.match(text, line_start)
    return None if match is None else _depth(match["indent"])


def _depth(indent: str) -> int:
    return len(indent.expandtabs(4))
