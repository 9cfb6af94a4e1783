"""Which styles of a Word document are headings, of which level, and which are numbered?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from colmodern.corpus.extraction.office.archive import Archive

__all__ = ["Styles", "styles_of"]

_HEADING = re.compile(r"heading ?(?P<level>[1-9])")
# Styles are based on styles; no chain is longer than this.
_LONGEST_CHAIN = 12


@dataclass(slots=True)
class Styles:
    """The styles of paragraphs by their ids."""

    names: dict[str, str] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    list_levels: dict[str, str] = field(default_factory=dict)

    def level_of(self, style: str) -> int | None:
        """Return the level of a heading, from 1; None for any other style."""
        for _ in range(_LONGEST_CHAIN):
            # The name of a style is English in files of every language; its id is not.
            if match := _HEADING.fullmatch(self.names.get(style, style).lower()):
                return int(match["level"])
            if style in self.levels:
                return self.levels[style]
            if style not in self.bases:
                break
            style = self.bases[style]
        return None

    def list_of(self, style: str) -> tuple[str, str]:
        """Return the id of the list that a style stands in, and its level; empty for none."""
        name = level = ""
        for _ in range(_LONGEST_CHAIN):
            name = name or self.lists.get(style, "")
            level = level or self.list_levels.get(style, "")
            if (name and level) or style not in self.bases:
                break
            style = self.bases[style]
        return name, level

    def is_title(self, style: str) -> bool:
        """Say whether a style is that of the title."""
        return self.names.get(style, style).lower() == "title"


class _StyleReader:
    def __init__(self) -> None:
        self.styles = Styles()
        self._style = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "style":
            self._style = attributes.get("styleId", "")
        elif name == "name":
            self.styles.names.setdefault(self._style, value)
        elif name == "basedOn":
            self.styles.bases[self._style] = value
        elif name == "numId":
            self.styles.lists[self._style] = value
        elif name == "ilvl":
            self.styles.list_levels[self._style] = value
        elif name == "outlineLvl" and value.isdecimal() and int(value) < 9:
            self.styles.levels[self._style] = int(value) + 1

    def text(self, text: str) -> None:
        pass

    def end(self, name: str) -> None:
        pass


def styles_of(archive: Archive, name: str) -> Styles:
    """Return the styles of a document; none if it has no part for them."""
    reader = _StyleReader()
    if name in archive.names:
        archive.read(name, reader)
    return reader.styles
