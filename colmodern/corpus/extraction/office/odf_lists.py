"""Numbers of list items and headings of OpenDocument, by the styles of lists."""

from __future__ import annotations

import re
from dataclasses import replace

from colmodern.corpus.extraction.office.list_numbers import N_LEVELS, ListCounter, ListLevel

__all__ = ["ListStyles", "OdfLists"]

_FORMS = {
    "1": "decimal", "01": "decimalZero", "a": "lowerLetter", "A": "upperLetter",
    "i": "lowerRoman", "I": "upperRoman", "1st": "ordinal", "": "none",
    "\u4e00, \u4e8c, \u4e09, ...": "chineseCounting",
}  # fmt: skip
_LEVELS = frozenset({
    "list-level-style-number", "outline-level-style", "list-level-style-bullet",
    "list-level-style-image",
})  # fmt: skip
_OUTLINE = "outline-style"
_SHOWN = re.compile(r"%(?P<level>\d{1,2})%")
# More of what stands around a number is not shown; and no number has more digits.
_LONGEST_TEXT = 100
_MOST_DIGITS = 9


class ListStyles:
    """Reads the styles of lists by their names, that of headings among them."""

    def __init__(self) -> None:
        """Start with none."""
        self.levels: dict[str, dict[int, ListLevel]] = {}
        self._now: dict[int, ListLevel] | None = None

    @property
    def outline(self) -> dict[int, ListLevel]:
        """The levels of headings."""
        return self.levels.get(_OUTLINE, {})

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if name == "list-style":
            self._now = self.levels[attributes.get("name", "")] = {}
        elif name == _OUTLINE:
            self._now = self.levels[_OUTLINE] = {}
        elif name in _LEVELS and self._now is not None:
            self._now[_level_in(attributes.get("level", "1"))] = _level(name, attributes)

    def text(self, text: str) -> None:
        """Take text of the part."""

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name in {"list-style", _OUTLINE}:
            self._now = None


class OdfLists:
    """Counts the items of the lists of one text."""

    def __init__(self, styles: ListStyles) -> None:
        """Start with no item."""
        self._styles = styles
        self._open: list[str] = []
        self._by_style: dict[str, ListCounter] = {}
        self._by_name: dict[str, ListCounter] = {}
        self._headings = ListCounter()
        self._counter = ListCounter()
        self._is_item = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if name == "list":
            self._start_list(attributes)
        elif name in {"list-item", "list-header"}:
            self._is_item = name == "list-item"
            number = _number(attributes.get("start-value", ""))
            if number is not None and 0 < len(self._open) <= N_LEVELS:
                self._counter.restart(len(self._open) - 1, number)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name == "list" and self._open:
            self._open.pop()
        if name in {"list", "list-item", "list-header"}:
            self._is_item = False

    def number(self) -> str:
        """Return what stands before the paragraph that starts; empty unless it starts an item."""
        level = len(self._open) - 1
        if not self._is_item or not 0 <= level < N_LEVELS:
            return ""
        self._is_item = False
        levels = self._styles.levels.get(self._open[-1], {})
        return self._counter.next(levels, level) if level in levels else ""

    def number_of_heading(self, attributes: dict[str, str]) -> str:
        """Return what stands before a heading that is in no list."""
        level = _level_in(attributes.get("outline-level", "1"))
        if self._open or attributes.get("is-list-header") == "true":
            return ""
        if attributes.get("restart-numbering") == "true":
            self._headings.restart(level, _number(attributes.get("start-value", "")))
        outline = self._styles.outline
        return self._headings.next(outline, level) if level in outline else ""

    def _start_list(self, attributes: dict[str, str]) -> None:
        style = attributes.get("style-name", "")
        goes_on = attributes.get("continue-numbering") == "true"
        if self._open:
            self._open.append(style or self._open[-1])
            if not goes_on and len(self._open) <= N_LEVELS:
                self._counter.restart(len(self._open) - 1)
            return
        self._open.append(style)
        before = self._by_name.get(attributes.get("continue-list", ""))
        if before is None and goes_on:
            before = self._by_style.get(style)
        self._counter = ListCounter() if before is None else before
        self._by_style[style] = self._counter
        if name := attributes.get("id", ""):
            self._by_name[name] = self._counter


def _level(name: str, attributes: dict[str, str]) -> ListLevel:
    number = _number(attributes.get("start-value", ""))
    shown = ListLevel(start=1 if number is None else number)
    if "number" not in name and name != "outline-level-style":
        return replace(shown, form="bullet")
    form = _FORMS.get(attributes.get("num-format", ""), "decimal")
    parts = _parts(attributes, form)
    return replace(shown, form=form, parts=parts)


def _parts(attributes: dict[str, str], form: str) -> tuple[str | int, ...]:
    """Return what stands before an item: the newer attribute says it whole."""
    if (template := attributes.get("num-list-format")) is not None:
        shown = template[:_LONGEST_TEXT]
        texts = _SHOWN.split(shown)
        return tuple(max(int(part), 1) - 1 if at % 2 else part for at, part in enumerate(texts))
    if form == "none":
        return ()
    level = _level_in(attributes.get("level", "1"))
    n_shown = min(max(_number(attributes.get("display-levels", "")) or 1, 1), level + 1)
    parts: list[str | int] = [attributes.get("num-prefix", "")[:_LONGEST_TEXT]]
    for above in range(level - n_shown + 1, level + 1):
        parts += [above, "."]
    return (*parts[:-1], attributes.get("num-suffix", "")[:_LONGEST_TEXT])


def _level_in(value: str) -> int:
    return min(max(_number(value) or 1, 1), N_LEVELS) - 1


def _number(value: str) -> int | None:
    is_number = value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS
    return int(value) if is_number else None
