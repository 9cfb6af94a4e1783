"""What does a number in a sheet look like? Told from its format, as ``#,##0.00 "EUR"``.

Dates in the short form of whoever looks, which is no one's here, are shown as ``2024-03-31``; names
of months and days are English. Widths of columns and colours are not looked at.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from colmodern.corpus.extraction.office.date_format import shown_date

__all__ = ["BUILT_IN", "GENERAL", "shown_number"]

GENERAL = "General"

_EURO_STYLE = "#,##0{0};(#,##0{0})"
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0;("$"#,##0)',
    6: '"$"#,##0;("$"#,##0)', 7: '"$"#,##0.00;("$"#,##0.00)', 8: '"$"#,##0.00;("$"#,##0.00)',
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: _EURO_STYLE.format(""), 38: _EURO_STYLE.format(""),
    39: _EURO_STYLE.format(".00"), 40: _EURO_STYLE.format(".00"), 41: _EURO_STYLE.format(""),
    42: '"$"#,##0;("$"#,##0)', 43: _EURO_STYLE.format(".00"), 44: '"$"#,##0.00;("$"#,##0.00)',
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0",
    **dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy-mm-dd"),
}  # fmt: skip
"""The formats that have a number and no code in the file; the others are ``General``."""

# Excel takes formats of 255 characters.
_LONGEST = 1000
_MOST_DECIMALS = 30
_MOST_DIGITS = 15  # what a number of 64 bits holds
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\[\]]*)\]'
    r"|(?P<general>General)|(?P<exponent>E[+-])|(?P<ampm>AM/PM|A/P)"
    r"|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+)|(?P<digit>[0#?.,/%])|(?P<end>;)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_CONDITION = re.compile(r"(?P<sign><=|>=|<>|<|>|=)(?P<number>-?\d{1,15}(?:\.\d{1,15})?)")
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<>": operator.ne, "<": operator.lt, ">": operator.gt,
    "=": operator.eq,
}  # fmt: skip


class Token(NamedTuple):
    """A part of a format: what it is, and its characters."""

    kind: str
    text: str


class FormatSection(NamedTuple):
    """What holds for some numbers: for which, and their format."""

    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None

    def has(self, *kinds: str) -> bool:
        """Say whether a part of one of these kinds is in it."""
        return any(token.kind in kinds for token in self.tokens)


def shown_number(value: float, code: str, *, from_1904: bool = False) -> str:
    """Return a number as a person sees it.

    Args:
        value: The number; a date is a count of days.
        code: Its format.
        from_1904: Whether days are counted from 1904-01-01, as on early Macintoshes.
    """
    sections = _sections(code[:_LONGEST] or GENERAL)
    section, is_signed = _section_for(value, sections)
    if section.has("date", "ampm", "elapsed"):
        shown = shown_date(value, section.tokens, from_1904=from_1904)
        return _general(value) if shown is None else shown
    amount = value if is_signed else abs(value)
    if section.has("general"):
        texts = (_general(amount) if t.kind == "general" else _literal(t) for t in section.tokens)
        return "".join(texts).strip()
    sign = "-" if amount < 0 else ""
    shown = _number(abs(amount), section.tokens).strip()
    return sign + shown if any(digit in shown for digit in "123456789") else shown


def _literal(token: Token) -> str:
    return token.text if token.kind == "literal" or token.text in "./%" else ""


@lru_cache(maxsize=1024)
def _sections(code: str) -> tuple[FormatSection, ...]:
    sections: list[FormatSection] = []
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    for match in _TOKEN.finditer(code):
        kind, text = match.lastgroup, match[0]
        if kind == "end":
            sections.append(FormatSection(tuple(tokens), condition))
            tokens, condition = [], None
        elif kind == "bracket":
            inside = match["bracket"]
            if found := _CONDITION.fullmatch(inside):
                condition = found["sign"], float(found["number"])
            elif inside.startswith("$"):
                tokens.append(Token("literal", inside[1:].partition("-")[0]))
            elif _ELAPSED.fullmatch(inside):
                tokens.append(Token("elapsed", inside.lower()))
        elif kind in {"quoted", "escaped", "other"}:
            tokens.append(Token("literal", match[kind]))
        elif kind is None:  # room for a character, or a character that fills the cell
            tokens.append(Token("literal", " " if text.startswith("_") else ""))
        else:
            tokens.append(Token(kind, text.lower() if kind == "date" else text))
    return (*sections, FormatSection(tuple(tokens), condition))


def _section_for(value: float, sections: tuple[FormatSection, ...]) -> tuple[FormatSection, bool]:
    """Return the section of a number, and whether a number below zero needs its sign there."""
    if any(section.condition for section in sections[:2]):
        for section in sections:
            if section.condition is None or _COMPARED[section.condition[0]](
                value, section.condition[1]
            ):
                return section, True
        return FormatSection((Token("general", GENERAL),), None), True
    if value < 0 and len(sections) > 1:
        return sections[1], False
    return (sections[2] if value == 0 and len(sections) > 2 else sections[0]), True


def _general(value: float) -> str:
    if value == int(value) and abs(value) < 10**_MOST_DIGITS:
        return str(int(value))
    shown = f"{value:.10g}"
    if "e" in shown and 1e-7 < abs(value) < 1:
        shown = f"{value:.15f}".rstrip("0")
    return shown.replace("e", "E")


def _number(value: float, tokens: tuple[Token, ...]) -> str:
    texts = [token.text for token in tokens if token.kind == "digit"]
    value *= 100 ** min(texts.count("%"), 4)
    if any(token.kind == "exponent" for token in tokens):
        return _scientific(value, tokens)
    if "/" in texts:
        return _fraction(value, tokens)
    point = next((i for i, t in enumerate(tokens) if t == ("digit", ".")), len(tokens))
    whole, rest = tokens[:point], tokens[point + 1 :]
    digits = [i for i, token in enumerate(whole) if token.kind == "digit" and token.text in "0#?"]
    last = digits[-1] if digits else -1
    n_behind = next((n for n, text in enumerate(reversed(texts)) if text not in ",%"), 0)
    value /= 1000 ** min(texts[len(texts) - n_behind :].count(","), 8)
    n_decimals = min(sum(t.kind == "digit" and t.text in "0#?" for t in rest), _MOST_DECIMALS)
    rounded = _rounded(value, n_decimals)
    before, _, after = rounded.partition(".")
    is_grouped = ("digit", ",") in whole[: max(last, 0)]
    shown = _whole(before, whole, is_grouped=is_grouped) if digits else _literals(whole)
    return shown + _decimals(after, rest, has_point=point < len(tokens))


def _rounded(value: float, n_decimals: int) -> str:
    # Half up, of the digits that the number has; more digits would show how it is stored.
    exact = Context(prec=_MOST_DIGITS).create_decimal(Decimal(repr(value)))
    wide = Context(prec=400)
    return f"{exact.quantize(Decimal(1).scaleb(-n_decimals), ROUND_HALF_UP, wide):f}"


def _whole(digits: str, tokens: tuple[Token, ...], *, is_grouped: bool) -> str:
    """Fill the digits before the point into their places, from the right."""
    left = "" if digits == "0" else digits
    n_places = sum(token.kind == "digit" and token.text in "0#?" for token in tokens)
    parts: list[str] = []
    n_written = 0

    def put(digit: str) -> None:
        nonlocal n_written
        if is_grouped and n_written and n_written % 3 == 0:
            parts.append(",")
        parts.append(digit)
        n_written += 1

    for token in reversed(tokens):
        if token.kind != "digit" or token.text not in "0#?":
            parts.append(_literal(token))
            continue
        n_places -= 1
        if left:
            put(left[-1])
            left = left[:-1]
        elif token.text == "0":
            put("0")
        if n_places == 0:
            for digit in reversed(left):
                put(digit)
    return "".join(reversed(parts))


def _literals(tokens: tuple[Token, ...]) -> str:
    return "".join(map(_literal, tokens))


def _decimals(digits: str, tokens: tuple[Token, ...], *, has_point: bool) -> str:
    if not has_point:
        return _literals(tokens)
    places = [token.text for token in tokens if token.kind == "digit" and token.text in "0#?"]
    n_needed = max((i + 1 for i, place in enumerate(places) if place == "0"), default=0)
    kept = digits[:n_needed] + digits[n_needed:].rstrip("0")
    parts = ["."]
    at = 0
    for token in tokens:
        if token.kind == "digit" and token.text in "0#?":
            parts.append(kept[at : at + 1])
            at += 1
        else:
            parts.append(_literal(token))
    return "".join(parts)


def _scientific(value: float, tokens: tuple[Token, ...]) -> str:
    at = next(i for i, token in enumerate(tokens) if token.kind == "exponent")
    point = next((i for i, t in enumerate(tokens[:at]) if t == ("digit", ".")), at)
    n_decimals = sum(t.kind == "digit" and t.text in "0#?" for t in tokens[point:at])
    mantissa, _, exponent = f"{value:.{min(n_decimals, _MOST_DECIMALS)}e}".partition("e")
    n_digits = sum(t.kind == "digit" and t.text in "0#?" for t in tokens[at:])
    power = int(exponent)
    sign = "-" if power < 0 else "+" if tokens[at].text.endswith("+") else ""
    return f"{mantissa}E{sign}{abs(power):0{min(n_digits, 9)}}"


def _fraction(value: float, tokens: tuple[Token, ...]) -> str:
    """Return a number and a fraction, as ``2 1/3``; bounded by the places below the line."""
    texts = [token.text for token in tokens if token.kind == "digit"]
    n_below = len(texts) - texts.index("/") - 1
    whole = int(value) if any(token == ("literal", " ") for token in tokens) else 0
    part = Fraction(value - whole).limit_denominator(10 ** min(max(n_below, 1), 6) - 1)
    if part == 1 and whole:
        whole, part = whole + 1, Fraction(0)
    shown = f"{part.numerator}/{part.denominator}" if part or not value else ""
    return f"{whole or ''} {shown}".strip() if value else "0"
