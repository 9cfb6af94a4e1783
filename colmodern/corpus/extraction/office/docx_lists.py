"""Numbers of the paragraphs of a Word document, by its numbering.xml and its styles."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from colmodern.corpus.extraction.office.archive import Archive
from colmodern.corpus.extraction.office.docx_styles import Styles
from colmodern.corpus.extraction.office.list_numbers import N_LEVELS, ListCounter, ListLevel

__all__ = ["DocxLists", "Numbering", "numbering_of"]

_NUMBER = re.compile(r"%(?P<level>[1-9])")
# More of a level's text is not shown; and no number has more digits.
_LONGEST_TEXT = 100
_MOST_DIGITS = 9
_NO_LIST = "0"


@dataclass(slots=True)
class _Level:
    """A level as it is read, and the style whose paragraphs stand on it."""

    shown: ListLevel
    style: str = ""


@dataclass(slots=True)
class _List:
    """A list: of which kind it is, where it starts anew, and levels of its own."""

    kind: str = ""
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)


@dataclass(slots=True)
class Numbering:
    """The lists of a document by their ids, kinds of lists, and styles that stand for a kind."""

    lists: dict[str, _List] = field(default_factory=dict)
    kinds: dict[str, dict[int, _Level]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


class DocxLists:
    """Counts the numbered paragraphs of a document, or of its notes."""

    def __init__(self, numbering: Numbering, styles: Styles) -> None:
        """Start with no paragraph."""
        self._numbering = numbering
        self._styles = styles
        self._counters: dict[str, ListCounter] = {}
        self._levels: dict[str, tuple[str, dict[int, ListLevel], dict[str, int]]] = {}

    def number(self, list_id: str, level: str, style: str) -> str:
        """Return what stands before the next paragraph; empty for one without a number.

        Args:
            list_id: What the paragraph says of its list; empty if nothing.
            level: What it says of its level, from 0; empty if nothing.
            style: Its style, which may say both.
        """
        of_style, level_of_style = self._styles.list_of(style)
        name = list_id or of_style
        if name == _NO_LIST or name not in self._numbering.lists:
            return ""
        is_first = name not in self._levels
        kind, levels, by_style = self._resolved(name)
        at = _number(level or ("" if list_id else level_of_style))
        if at is None:
            at = 0 if list_id else by_style.get(style, 0)
        if at >= N_LEVELS or at not in levels:
            return ""
        counter = self._counters.setdefault(kind, ListCounter())
        if is_first:
            for restarted in self._numbering.lists[name].starts:
                counter.restart(restarted)
        return counter.next(levels, at)

    def _resolved(self, name: str) -> tuple[str, dict[int, ListLevel], dict[str, int]]:
        """Return the kind of a list, its levels, and on which of them styles stand."""
        if name not in self._levels:
            found = self._numbering.lists[name]
            kind = self._kind_of(found)
            levels = self._numbering.kinds.get(kind, {}) | found.levels
            shown = {
                at: replace(level.shown, start=found.starts.get(at, level.shown.start))
                for at, level in levels.items()
            }
            by_style = {level.style: at for at, level in levels.items() if level.style}
            self._levels[name] = kind, shown, by_style
        return self._levels[name]

    def _kind_of(self, found: _List) -> str:
        # A kind may only say: as the list of this style.
        style = self._numbering.links.get(found.kind)
        if style is None:
            return found.kind
        linked = self._numbering.lists.get(self._styles.list_of(style)[0])
        return linked.kind if linked is not None else found.kind


class _NumberingReader:
    def __init__(self) -> None:
        self.found = Numbering()
        self._kind: dict[int, _Level] | None = None
        self._name = ""
        self._list: _List | None = None
        self._at = 0
        self._level: _Level | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "abstractNum":
            self._name = attributes.get("abstractNumId", "")
            self._kind, self._list = self.found.kinds.setdefault(self._name, {}), None
        elif name == "num":
            self._list = self.found.lists.setdefault(attributes.get("numId", ""), _List())
        elif name == "abstractNumId" and self._list is not None:
            self._list.kind = value
        elif name == "numStyleLink":
            self.found.links[self._name] = value
        elif name in {"lvl", "lvlOverride"}:
            self._at = _within(attributes.get("ilvl", ""))
            self._start_level(name)
        elif name == "startOverride" and self._list is not None:
            self._list.starts[self._at] = _number(value) or 0
        elif self._level is not None and name in _OF_LEVEL:
            self._say(name, value)

    def text(self, text: str) -> None:
        pass

    def end(self, name: str) -> None:
        if name == "lvl":
            self._level = None

    def _start_level(self, name: str) -> None:
        levels = self._list.levels if self._list is not None else self._kind
        if name == "lvl" and levels is not None:
            self._level = levels[self._at] = _Level(ListLevel(start=0, restart=self._at))

    def _say(self, name: str, value: str) -> None:
        assert self._level is not None
        shown = self._level.shown
        if name == "pStyle":
            self._level.style = value
        elif name == "start":
            self._level.shown = replace(shown, start=_number(value) or 0)
        elif name == "numFmt":
            self._level.shown = replace(shown, form=value)
        elif name == "lvlText":
            self._level.shown = replace(shown, parts=_parts(value))
        elif name == "lvlRestart":
            self._level.shown = replace(shown, restart=_number(value) or 0)
        elif name == "isLgl":
            self._level.shown = replace(shown, is_legal=value not in {"0", "false", "off"})


_OF_LEVEL = frozenset({"pStyle", "start", "numFmt", "lvlText", "lvlRestart", "isLgl"})


def numbering_of(archive: Archive, name: str) -> Numbering:
    """Return the lists of a document; none if it has no part for them."""
    reader = _NumberingReader()
    if name in archive.names:
        archive.read(name, reader)
    return reader.found


def _number(value: str) -> int | None:
    is_number = value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS
    return int(value) if is_number else None


def _within(value: str) -> int:
    return min(_number(value) or 0, N_LEVELS - 1)


def _parts(text: str) -> tuple[str | int, ...]:
    """Return the parts of a level's text: ``%1`` stands for the number of the first level."""
    found: list[str | int] = []
    end = 0
    shown = text[:_LONGEST_TEXT]
    for match in _NUMBER.finditer(shown):
        found += [shown[end : match.start()], int(match["level"]) - 1]
        end = match.end()
    return (*found, shown[end:])
