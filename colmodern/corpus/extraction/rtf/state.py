"""What holds in a group of RTF: its purpose, its letters, its paragraph."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

__all__ = ["Fonts", "GroupState", "StyleSheet", "codec_of_page"]

_HEADING = re.compile(r"heading ?(?P<level>[1-9])")

# Code pages of the character sets of fonts; 0 and 1 are that of the file.
_PAGES = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_SYMBOLS = 2


@dataclass(slots=True)
class GroupState:
    """What a group inherits from the one around it, and may change for itself.

    Attributes:
        purpose: What its text is for: empty for the document, ``skipped`` for nothing.
        font: The number of its font.
        n_after_unicode: Characters for older programs after one by its number.
        is_hidden: Whether a reader does not see it, or it was deleted.
        is_raised: Whether its text is raised, as the mark of a footnote.
        level: Of a heading; 0 for other paragraphs.
        is_in_row: Whether its paragraph stands in a cell of a table.
    """

    purpose: str = ""
    font: int = 0
    n_after_unicode: int = 1
    is_hidden: bool = False
    is_raised: bool = False
    level: int = 0
    is_in_row: bool = False


@dataclass(slots=True)
class Fonts:
    """The character sets of the fonts, and the code page of the file."""

    page: str = "cp1252"
    default: int = 0
    sets: dict[int, int] = field(default_factory=dict)

    def decoded(self, data: bytes, font: int) -> str:
        """Return what bytes spell in a font; of fonts of signs only the bullet is known."""
        own = self.sets.get(font, 0)
        if own == _SYMBOLS:
            return "\u2022" if b"\xb7" in data else data.decode("ascii", "ignore")
        return data.decode(_PAGES.get(own, self.page), "replace")


@dataclass(slots=True)
class StyleSheet:
    """The levels of headings by the numbers of styles."""

    levels: dict[int, int] = field(default_factory=dict)

    def add(self, number: int, name: str) -> None:
        """Take a style by its name."""
        if match := _HEADING.match(name.strip(" ;").lower()):
            self.levels[number] = int(match["level"])


def codec_of_page(number: int) -> str:
    """Return the name of Python's codec for a code page; that of Windows if there is none."""
    name = {10000: "mac_roman", 65001: "utf-8", 708: "iso8859_6"}.get(number, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"
