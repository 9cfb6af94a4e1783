"""What does a piece of LaTeX say? Without commands, with letters for their accents."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["words_of_latex"]

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a",
}  # fmt: skip
_LETTERS = {
    "ss": "\u00df", "ae": "\u00e6", "AE": "\u00c6", "oe": "\u0153", "OE": "\u0152",
    "o": "\u00f8", "O": "\u00d8", "l": "\u0142", "L": "\u0141", "aa": "\u00e5", "AA": "\u00c5",
    "i": "i", "j": "j", "LaTeX": "LaTeX", "TeX": "TeX", "ldots": "\u2026", "dots": "\u2026",
    "textendash": "\u2013", "textemdash": "\u2014",
}  # fmt: skip
# What such a command holds is no word.
_NO_WORDS = frozenset({
    "label", "cite", "ref", "footnotemark", "footnote", "thanks", "index", "vspace", "hspace",
})  # fmt: skip
_TOKEN = re.compile(
    r"\\(?P<accent>[`'^\"~=.]|[uvHckr](?![a-zA-Z]))[ ]?\{?\\?(?P<letter>[a-zA-Z])\}?"
    r"|\\(?P<command>[a-zA-Z]{1,40})\*?[ ]?(?:\{(?P<inside>[^{}\\]{0,200})\})?"
    r"|\\(?P<sign>[^a-zA-Z])|(?P<dashes>-{2,3})|(?P<plain>[^\\])",
    re.DOTALL,
)


def words_of_latex(text: str) -> str:
    """Return the words of a heading or a title, on one line."""
    parts = [_said(match) for match in _TOKEN.finditer(text)]
    return " ".join("".join(parts).split())


def _said(match: re.Match[str]) -> str:
    if match["accent"]:
        return unicodedata.normalize("NFC", match["letter"] + _ACCENTS[match["accent"]])
    if command := match["command"]:
        inside = match["inside"]
        if command in _LETTERS:
            return _LETTERS[command] + (inside or "")
        return "" if command in _NO_WORDS else inside or " "
    if sign := match["sign"]:
        return " " if sign in "\\ ,;:\n" else sign
    if match["dashes"]:
        return "\u2013" if len(match["dashes"]) == 2 else "\u2014"
    plain = match["plain"]
    return " " if plain == "~" else "" if plain in "{}$" else plain
