"""What does a count of days look like as a date, or as a time?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

__all__ = ["shown_date"]

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# The last day of the year 9999.
_LAST_DAY = 2_958_465
_SECONDS = 86_400


def shown_date(
    days: float, tokens: Sequence[tuple[str, str]], *, from_1904: bool = False
) -> str | None:
    """Return a date or a time; None for a number that is none.

    Args:
        days: Since 1899-12-31, or since 1904-01-01.
        tokens: The parts of the format, each with its kind.
        from_1904: From when days are counted.
    """
    days += 1462 if from_1904 else 0
    if not 0 <= days < _LAST_DAY + 1:
        return None
    digits = max(
        (len(text.partition(".")[2]) for kind, text in tokens if kind == "date"), default=0
    )
    seconds = round(days * _SECONDS, min(digits, 3))
    day, rest = divmod(seconds, _SECONDS)
    clock = _Clock(int(day), rest, is_twelve=any(kind == "ampm" for kind, _ in tokens))
    parts = []
    for at, (kind, text) in enumerate(tokens):
        if kind == "date":
            parts.append(clock.part(text, is_minute=_is_minute(tokens, at)))
        elif kind == "elapsed":
            parts.append(f"{int(seconds // {'h': 3600, 'm': 60, 's': 1}[text[0]]):0{len(text)}}")
        elif kind == "ampm":
            parts.append(_half(text, is_late=rest >= _SECONDS // 2))
        elif kind != "general":
            parts.append(text)
    return "".join(parts).strip()


def _half(text: str, *, is_late: bool) -> str:
    early, late = text.upper().split("/")
    return late if is_late else early


def _is_minute(tokens: Sequence[tuple[str, str]], at: int) -> bool:
    """Say whether an ``m`` stands beside hours or seconds: then it is no month."""
    if tokens[at][1][0] != "m" or len(tokens[at][1]) > 2:
        return False
    before = next((t for k, t in reversed(tokens[:at]) if k in {"date", "elapsed"}), "")
    after = next((t for k, t in tokens[at + 1 :] if k in {"date", "elapsed"}), "")
    return before.startswith("h") or after.startswith("s")


class _Clock:
    """A day and a time of it, by its parts."""

    def __init__(self, day: int, seconds: float, *, is_twelve: bool) -> None:
        # In these sheets 1900 has a 29th of February, which is day 60.
        self._is_that_day = day == 60
        self._day = date(1899, 12, 31) + timedelta(days=day - (day > 59))
        self._seconds = seconds
        self._is_twelve = is_twelve

    def part(self, text: str, *, is_minute: bool) -> str:
        letter, n = text[0], len(text)
        if letter == "h":
            hour = int(self._seconds // 3600)
            return f"{(hour + 11) % 12 + 1 if self._is_twelve else hour:0{min(n, 2)}}"
        if letter == "s":
            whole, _, digits = text.partition(".")
            shown = f"{self._seconds % 60:.{min(len(digits), 3)}f}"
            return shown if len(whole) == 1 or self._seconds % 60 >= 10 else f"0{shown}"
        if is_minute:
            return f"{int(self._seconds // 60 % 60):0{min(n, 2)}}"
        return self._of_day(letter, n)

    def _of_day(self, letter: str, n: int) -> str:
        day = 29 if self._is_that_day else self._day.day
        if letter in "ye":
            return f"{self._day.year % 100:02}" if letter == "y" and n <= 2 else f"{self._day.year}"
        if letter == "m":
            name = _MONTHS[1 if self._is_that_day else self._day.month - 1]
            number = 2 if self._is_that_day else self._day.month
            return f"{number:0{n}}" if n <= 2 else {3: name[:3], 5: name[0]}.get(n, name)
        if n <= 2:
            return f"{day:0{n}}"
        name = _DAYS[self._day.weekday()]
        return name[:3] if n == 3 else name
