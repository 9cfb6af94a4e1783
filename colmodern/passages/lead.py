"""What above a row or an item has to be read with it? The head of its table, its list's lead-in."""

from __future__ import annotations

from colmodern.text.units import UnitKind
from colmodern.types import Spans

_MOST_UNITS = 200  # a longer table or list is not looked through for its beginning
_LONGEST_RULE = 2000


def lead_of(text: str, units: Spans, first: int) -> str:
    """Return what leads in a unit that is not the first of its table or list; empty if nothing.

    Args:
        text: The document's text.
        units: Shape (n_units, 4), int32; see ``Cut``.
        first: The number of the unit.
    """
    kind = int(units[first, 2])
    if kind not in (UnitKind.ROW, UnitKind.ITEM):
        return ""
    top = first
    while (
        top > max(0, first - _MOST_UNITS) and units[top - 1, 2] == kind and _touch(text, units, top)
    ):
        top -= 1
    if kind == UnitKind.ROW:
        return _unit(text, units, top) if top < first and _has_head(text, units, top) else ""
    if top == 0 or units[top - 1, 2] != UnitKind.SENTENCE:
        return ""
    before = _unit(text, units, top - 1)
    return before if before.endswith(":") else ""


def _touch(text: str, units: Spans, number: int) -> bool:
    """Whether no empty line parts a row from the one before; items of a list may be apart."""
    if units[number, 2] == UnitKind.ITEM:
        return True
    between = text[int(units[number - 1, 1]) : int(units[number, 0])].split("\n")
    return all(line.strip() for line in between[1:-1])


def _has_head(text: str, units: Spans, top: int) -> bool:
    """Whether the line after a row rules it off, as in Markdown."""
    end = int(units[top, 1])
    rule = text[end : end + _LONGEST_RULE].lstrip().split("\n", 1)[0]
    return "-" in rule and set(rule) <= set("|-: \t")


def _unit(text: str, units: Spans, number: int) -> str:
    return text[int(units[number, 0]) : int(units[number, 1])]
