"""What do the escapes of roff show? Signs by their names, and nothing for changes of the font."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["arguments_of", "shown"]

_SIGNS = {
    "bu": "\u2022", "em": "\u2014", "en": "\u2013", "hy": "-", "lq": "\u201c", "rq": "\u201d",
    "oq": "\u2018", "cq": "\u2019", "aq": "'", "dq": '"', "co": "\u00a9", "rg": "\u00ae",
    "tm": "\u2122", "mu": "\u00d7", "di": "\u00f7", "la": "\u27e8", "ra": "\u27e9", "ti": "~",
    "ha": "^", "ga": "`", "aa": "\u00b4", "rs": "\\", "sh": "#", "Do": "$", "at": "@", "lB": "[",
    "rB": "]", "lC": "{", "rC": "}", "ba": "|", "or": "|", "bv": "|", "br": "|", "sl": "/",
    "pl": "+", "mi": "\u2212", "eq": "=", "<=": "\u2264", ">=": "\u2265", "!=": "\u2260",
    "->": "\u2192", "<-": "\u2190", "de": "\u00b0", "sc": "\u00a7", "ss": "\u00df",
    "ps": "\u00b6", "if": "\u221e", "**": "*", "12": "\u00bd", "14": "\u00bc", "34": "\u00be",
    "dg": "\u2020", "dd": "\u2021", "Fo": "\u00ab", "Fc": "\u00bb", "ci": "\u25cb",
    "sq": "\u25a1", "OK": "\u2713", "+-": "\u00b1", "ff": "ff", "fi": "fi", "fl": "fl",
    "/o": "\u00f8", "/O": "\u00d8", "AE": "\u00c6", "ae": "\u00e6", "oA": "\u00c5",
    "oa": "\u00e5", "Cs": "\u00a4", "Po": "\u00a3", "Eu": "\u20ac", "Ye": "\u00a5",
    "*a": "\u03b1", "*b": "\u03b2", "*m": "\u03bc", "*p": "\u03c0", "lh": "\u261c",
    "rh": "\u261e", "ru": "_", "ul": "_", "bq": "\u201a", "Bq": "\u201e", "fm": "\u2032",
}  # fmt: skip
_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", ":": "\u0308",
            ",": "\u0327"}  # fmt: skip
_CHARACTERS = {
    "-": "-", "e": "\\", "\\": "\\", " ": "\xa0", "~": "\xa0", "0": "\xa0", "'": "'", "`": "`",
    ".": ".", "t": " ", "_": "_", "(": "", "[": "",
}  # fmt: skip
_NAME = r"(?:\[[^\[\]\n]{0,80}\]|\([^\n]{2}|[^\n\[(])"
_ESCAPE = re.compile(
    rf"\\(?:[fmMFYkg]{_NAME}|n[+-]?{_NAME}|s(?:[+-]?\d{{1,2}}|\[[^\[\]\n]{{0,9}}\]|'[^'\n]{{0,9}}')"
    r"|[hvwlLoDXZbARBHSNx]'[^'\n]{0,200}'"
    r"|\((?P<two>[^\n]{2})|\[(?P<name>[^\[\]\n]{1,80})\]|(?P<one>[^\n]))"
)
_STRING = re.compile(rf"\\\*(?P<name>{_NAME})")
_KNOWN_STRINGS = {"lq": "\u201c", "rq": "\u201d", "R": "\u00ae", "Tm": "\u2122"}
# A string may name others, and those others; a text of strings may not grow without end.
_DEPTH = 4
_LONGEST = 10_000


def shown(text: str, strings: dict[str, str]) -> str:
    """Return a line as a terminal shows it."""
    if "\\" not in text:
        return text
    for _ in range(_DEPTH):
        if "\\*" not in text or len(text) > _LONGEST:
            break
        text = _STRING.sub(lambda match: _string(match["name"], strings), text)
    return _ESCAPE.sub(_sign, text)


def _string(name: str, strings: dict[str, str]) -> str:
    bare = name.strip("[]") if name.startswith("[") else name.removeprefix("(")
    return strings.get(bare, _KNOWN_STRINGS.get(bare, ""))[:_LONGEST]


def _sign(match: re.Match[str]) -> str:
    if (one := match["one"]) is not None:
        return _CHARACTERS.get(one, "")
    name = match["two"] or match["name"] or ""
    if name in _SIGNS:
        return _SIGNS[name]
    if len(name) == 2 and name[0] in _ACCENTS:
        return unicodedata.normalize("NFC", name[1] + _ACCENTS[name[0]])
    if name.startswith("u") and 5 <= len(name) <= 7:
        try:
            letter = chr(int(name[1:], 16))
        except (ValueError, OverflowError):
            return ""
        return letter if letter.isprintable() else ""
    return ""


def arguments_of(text: str) -> list[str]:
    """Return the arguments of a request; one in quotation marks may hold blanks."""
    found: list[str] = []
    at, n = 0, len(text)
    while at < n:
        if text[at] in " \t":
            at += 1
            continue
        is_quoted = text[at] == '"'
        at += is_quoted
        parts: list[str] = []
        while at < n:
            character = text[at]
            if character == "\\" and at + 1 < n:
                parts.append(text[at : at + 2])
                at += 2
                continue
            if is_quoted and character == '"':
                if text[at + 1 : at + 2] != '"':
                    break
                at += 1
            elif not is_quoted and character in " \t":
                break
            parts.append(character)
            at += 1
        at += is_quoted
        found.append("".join(parts))
    return found
