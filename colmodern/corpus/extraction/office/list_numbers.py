"""Numbers of list items: how they count on their levels, and how each of them is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["N_LEVELS", "ListCounter", "ListLevel", "written_number"]

N_LEVELS = 10
# A number that is longer is no number that anyone reads.
_LONGEST = 64

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_RUSSIAN = (
    "\u0430\u0431\u0432\u0433\u0434\u0435\u0436\u0437\u0438\u043a\u043b\u043c\u043d\u043e\u043f"
    "\u0440\u0441\u0442\u0443\u0444\u0445\u0446\u0447\u0448\u0449\u044d\u044e\u044f"
)
_ALPHABETS = {
    "lowerLetter": _LATIN,
    "upperLetter": _LATIN.upper(),
    "russianLower": _RUSSIAN,
    "russianUpper": _RUSSIAN.upper(),
    "ganada": "가나다라마바사아자차카타파하",
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
}
_LONGEST_RUN = 30
_CHINESE = frozenset({
    "chineseCounting", "chineseCountingThousand", "japaneseCounting", "koreanCounting",
    "taiwaneseCounting", "taiwaneseCountingThousand", "ideographDigital", "koreanDigital",
    "taiwaneseDigital",
})  # fmt: skip
_CHINESE_DIGITS = "〇一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class ListLevel:
    """How the items on a level of a list are numbered.

    Attributes:
        form: How a number is written, by the names of Office Open XML (``lowerRoman``); ``bullet``
            and ``none`` for none.
        parts: What stands before an item: texts, and levels (from 0) for their numbers.
        start: The first number.
        restart: The number of levels above of which an item starts the count again; 0: none does.
        is_legal: Whether all numbers in front are written in digits.
    """

    form: str = "decimal"
    parts: tuple[str | int, ...] = ()
    start: int = 1
    restart: int = N_LEVELS
    is_legal: bool = False


class ListCounter:
    """Counts the items of a list."""

    def __init__(self) -> None:
        """Start with no item."""
        self._counts: list[int | None] = [None] * N_LEVELS

    def restart(self, level: int, number: int | None = None) -> None:
        """Let the next item on a level, from 0, have this number, or the first one."""
        self._counts[level] = None if number is None else number - 1

    def next(self, levels: Mapping[int, ListLevel], level: int) -> str:
        """Count an item on a level, from 0, and return what stands before it."""
        counts, own = self._counts, levels.get(level, _UNNUMBERED)
        for above in range(level):
            if counts[above] is None:
                counts[above] = levels.get(above, _UNNUMBERED).start
        now = counts[level]
        counts[level] = own.start if now is None else now + 1
        for below in range(level + 1, N_LEVELS):
            if level < levels.get(below, _UNNUMBERED).restart:
                counts[below] = None
        if own.form == "bullet":
            return ""
        return "".join(self._written(part, levels, own) for part in own.parts)[:_LONGEST].strip()

    def _written(self, part: str | int, levels: Mapping[int, ListLevel], own: ListLevel) -> str:
        if isinstance(part, str):
            return part
        number = self._counts[part] if part < N_LEVELS else None
        if number is None:
            return ""
        form = levels.get(part, _UNNUMBERED).form
        return written_number(number, "decimal" if own.is_legal and form != "none" else form)


_UNNUMBERED = ListLevel()


def written_number(number: int, form: str) -> str:
    """Return a number as a form writes it; in digits where the form has no sign for it."""
    if form in {"none", "bullet"}:
        return ""
    if form in {"lowerRoman", "upperRoman"} and 0 < number < 5000:
        roman = _roman(number)
        return roman.upper() if form == "upperRoman" else roman
    if form in _ALPHABETS and 0 < number <= _LONGEST_RUN * len(_ALPHABETS[form]):
        runs, at = divmod(number - 1, len(_ALPHABETS[form]))
        return _ALPHABETS[form][at] * (runs + 1)
    if form in _CHINESE and 0 < number < 100:
        return _chinese(number)
    if form == "ordinal":
        return f"{number}{_ordinal_ending(number)}"
    return f"{number:02d}" if form == "decimalZero" else str(number)


def _roman(number: int) -> str:
    written = ""
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        written += letters * times
    return written


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    ten = (_CHINESE_DIGITS[tens] if tens > 1 else "") + "十" if tens else ""
    return ten + (_CHINESE_DIGITS[ones] if ones else "")


def _ordinal_ending(number: int) -> str:
    if number % 100 in {11, 12, 13}:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
