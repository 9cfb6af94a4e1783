"""Numbers of the paragraphs of a shape on a slide."""

from __future__ import annotations

from colmodern.corpus.extraction.office.list_numbers import N_LEVELS, ListCounter, ListLevel

__all__ = ["SlideNumbers"]

# The start of a kind's name says how its numbers are written, the end what stands around them.
_FORMS = {
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "arabic": "decimal",
}
_AROUND = {"ParenBoth": ("(", ")"), "ParenR": ("", ")"), "Period": ("", "."), "Plain": ("", "")}
_MOST_DIGITS = 5


class SlideNumbers:
    """Counts the numbered paragraphs of a shape."""

    def __init__(self) -> None:
        """Start with no paragraph."""
        self._styles: dict[int, tuple[str, int]] = {}
        self._running: dict[int, tuple[str, int]] = {}
        self._counter = ListCounter()
        self._level = 0
        self._own: tuple[str, int] | None = None

    def start_paragraph(self) -> None:
        """Start a paragraph."""
        self._level, self._own = 0, None

    def set_level(self, level: str) -> None:
        """Let the paragraph, or the style that starts, be on a level from 0."""
        self._level = min(_number(level, 0), N_LEVELS - 1)

    def set_style(self, attributes: dict[str, str]) -> None:
        """Number the paragraphs on this level, if they do not say otherwise."""
        self._styles[self._level] = _kind(attributes)

    def set_kind(self, attributes: dict[str, str] | None) -> None:
        """Number the paragraph; None for a bullet or nothing."""
        self._own = ("", 0) if attributes is None else _kind(attributes)

    def number(self) -> str:
        """Count the paragraph, and return what stands before it."""
        level = self._level
        kind, start = self._own or self._styles.get(level, ("", 0))
        if self._running.get(level) != (kind, start):
            self._counter.restart(level)
        self._running = {at: one for at, one in self._running.items() if at < level}
        self._running[level] = (kind, start)
        if not kind:
            return ""
        form = next((form for name, form in _FORMS.items() if kind.startswith(name)), "decimal")
        before, after = next((s for name, s in _AROUND.items() if kind.endswith(name)), ("", ""))
        return self._counter.next({level: ListLevel(form, (before, level, after), start)}, level)


def _kind(attributes: dict[str, str]) -> tuple[str, int]:
    return attributes.get("type", "arabicPeriod"), _number(attributes.get("startAt", ""), 1)


def _number(value: str, other: int) -> int:
    is_number = value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS
    return int(value) if is_number else other
