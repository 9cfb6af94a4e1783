"""In which class or function does a line of source code stand? Told from the lines themselves."""

from __future__ import annotations

import re

__all__ = ["code_symbols"]

# A definition: words before it (public, static, export ...), a word that defines, a name.
_KEYWORDS = (
    "class|struct|enum|interface|trait|impl|module|namespace|object|record|protocol|contract"
    "|def|fn|func|fun|function|sub|proc|procedure|defmodule|defp?"
)
_SYMBOL = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?:"
    r"(?:[a-z]+(?:\([\w:]*\))?[ \t]+)*(?:" + _KEYWORDS + r")\b\*?[ \t]*"
    r"(?:<[^>\n]*>[ \t]*)?(?:\([^)\n]*\)[ \t]*)?(?P<name>[A-Za-z_$][\w$]*(?:(?:::|[.:])[\w$]+)*)"
    r")|(?:(?:export[ \t]+)?(?:const|let|var)[ \t]+(?P<arrow>[A-Za-z_$][\w$]*)[ \t]*=[ \t]*"
    r"(?:async[ \t]*)?(?:function\b|\([^)\n]*\)[ \t]*=>|\w+[ \t]*=>)"
    r")|(?:(?P<before>(?:[\w:<>,*&\[\]~][\w:<>,*&\[\]~ \t]*[ \t*&])?)"
    r"(?P<method>~?[A-Za-z_]\w*(?:::~?\w+)*)[ \t]*\([^;{}\n]*\)[^;{}\n=]*\{[^\n]*))",
    re.MULTILINE,
)
_NO_NAMES = frozenset({"if", "for", "while", "switch", "catch", "return", "else", "do", "try"})


def code_symbols(text: str, offset: int) -> tuple[str, ...]:
    """Return the names of the definitions around an offset of source code, outermost first.

    Definitions are told by common keywords, and nesting by indentation, so that one rule serves
    many languages; code that is not indented gives only the nearest definition.
    """
    line_start = text.rfind("\n", 0, offset) + 1
    line_end = text.find("\n", offset)
    stack: list[tuple[int, str]] = []
    for match in _SYMBOL.finditer(text, 0, line_end if line_end >= 0 else len(text)):
        name = match["name"] or match["arrow"] or match["method"]
        if name in _NO_NAMES or (match["before"] is not None and _is_call(match["before"])):
            continue
        depth = _depth(match["indent"])
        while stack and stack[-1][0] >= depth:
            stack.pop()
        stack.append((depth, name))
    here = _first_indented(text, line_start)
    is_definition = _SYMBOL.match(text, line_start) is not None
    while stack and here is not None and not is_definition and stack[-1][0] >= here:
        if stack[-1][0] == here and text[line_start:].lstrip()[:1] in {"}", ")", "]", "{"}:
            break  # the end of the definition belongs to it
        stack.pop()
    return tuple(name for _, name in stack)


def _is_call(before: str) -> bool:
    words = before.split()
    return bool(words) and words[-1] in {"return", "new", "else", "await", "throw"}


def _first_indented(text: str, line_start: int) -> int | None:
    """Return the depth of the first line with text from here on; None at the end."""
    match = re.compile(r"(?:[ \t]*\r?\n)*(?P<indent>[ \t]*)(?=\S)").match(text, line_start)
    return None if match is None else _depth(match["indent"])


def _depth(indent: str) -> int:
    return len(indent.expandtabs(4))
