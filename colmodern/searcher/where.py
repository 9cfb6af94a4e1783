"""What does a filter such as ``year >= 2020 and path like 'docs/%'`` say?

A small language of its own: nothing of it is ever run as code or handed to a database.

    condition   = all { "or" all }
    all         = one { "and" one }
    one         = "not" one | "(" condition ")" | field test
    test        = ("=" | "!=" | "<" | "<=" | ">" | ">=") value
                | ["not"] "like" text | ["not"] "in" "(" value { "," value } ")"
                | "is" ["not"] "null"
    value       = text | number | date | "true" | "false"

Texts stand in single or double quotes; a quote inside is doubled. A field whose name is no word
stands in double quotes. Dates are ``2024-05-01`` or ``2024-05-01T12:30``, without quotes, in UTC if
they name no zone. Words of the language may be in capitals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, NoReturn, TypeAlias
from unicodedata import normalize

from colmodern.errors import ConfigError

_TOKEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?"
    r"(?:Z|[+-]\d{2}:?\d{2})?)?(?!\w))"
    r"|(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))"
    r"|(?P<text>'(?:[^']|'')*')"
    r'|(?P<quoted>"(?:[^"]|"")*")'
    r"|(?P<mark><=|>=|<>|!=|==|[=<>(),])"
    r"|(?P<word>[^\W\d][\w.-]*)"
)
_SPACE = re.compile(r"\s*")
_RESERVED = frozenset({"and", "or", "not", "like", "in", "is", "null", "true", "false"})
_OPERATORS = {"=": "=", "==": "=", "!=": "!=", "<>": "!="} | {o: o for o in ("<", "<=", ">", ">=")}
_DEEPEST = 100
_LONGEST = 100_000


class Kind(StrEnum):
    """What a value is, and so what it can be compared with."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth value"
    TIME = "date"


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a filter; a date without a time stands for its whole day."""

    kind: Kind
    value: str | int | float | bool | datetime
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class FieldTest:
    """A field against a value; ``operator`` is one of ``= != < <= > >= like``."""

    field: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class IsNull:
    """Documents that lack a field, or whose value of it is null."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """All for which a condition is false."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class All:
    """Every condition holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one condition holds."""

    conditions: tuple[Condition, ...]


Condition: TypeAlias = FieldTest | IsNull | Not | All | Some


def parse_where(where: str) -> Condition:
    """Return what a filter says.

    Raises:
        ConfigError: It cannot be read; the message shows where.
        TypeError: It is no string.
    """
    if not isinstance(where, str):
        raise TypeError(f"a filter must be a str, not {type(where).__name__}")
    if not _is_text(where):
        message = "The filter holds bytes that are not UTF-8. Write it as UTF-8."
        raise ConfigError(message, code="filter_syntax", option="where", value=where)
    if len(where) > _LONGEST:
        message = f"The filter has {len(where):,} characters; it may have {_LONGEST:,}."
        raise ConfigError(message, code="filter_syntax", option="where", value=where)
    return _Parser(where).parse()


def fields_of(condition: Condition) -> set[str]:
    """Return the names of the fields that a condition asks for."""
    found: set[str] = set()
    todo = [condition]
    while todo:
        match todo.pop():
            case FieldTest(field) | IsNull(field):
                found.add(field)
            case Not(inner):
                todo.append(inner)
            case All(several) | Some(several):
                todo += several
    return found


def compared_in(condition: Condition) -> list[tuple[str, Value]]:
    """Return the fields that a condition compares, each with the value, in their order."""
    match condition:
        case FieldTest(field, _, value):
            return [(field, value)]
        case Not(inner):
            return compared_in(inner)
        case All(several) | Some(several):
            return [pair for one in several for pair in compared_in(one)]
    return []


class _Token(NamedTuple):
    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        """The reserved word or the mark that it is, or nothing."""
        if self.kind == "mark":
            return self.text
        low = self.text.lower()
        return low if self.kind == "word" and low in _RESERVED else ""


class _Parser:
    """Reads one filter from left to right."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._tokens = list(self._split())
        self._at = 0
        self._depth = 0

    def parse(self) -> Condition:
        condition = self._some()
        if self._next.kind != "end":
            self._fail("'and', 'or' or the end was expected")
        return condition

    def _split(self) -> Iterator[_Token]:
        where = self._where
        at = _SPACE.match(where).end()  # type: ignore[union-attr]
        while at < len(where):
            match = _TOKEN.match(where, at)
            if match is None:
                is_quote = where[at] in "'\""
                what = "this quote is never closed" if is_quote else "this means nothing here"
                raise self._error(at, what)
            yield _Token(str(match.lastgroup), match[0], at)
            at = _SPACE.match(where, match.end()).end()  # type: ignore[union-attr]
        yield _Token("end", "", len(where))

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *words: str) -> str:
        """Pass over the next token if it is one of these words or marks; return it, or nothing."""
        word = self._next.word
        if word and word in words:
            self._at += 1
            return word
        return ""

    def _some(self) -> Condition:
        found = [self._all()]
        while self._take("or"):
            found.append(self._all())
        return found[0] if len(found) == 1 else Some(tuple(found))

    def _all(self) -> Condition:
        found = [self._one()]
        while self._take("and"):
            found.append(self._one())
        return found[0] if len(found) == 1 else All(tuple(found))

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail(f"it is nested more than {_DEEPEST} deep")
        if self._take("not"):
            condition: Condition = Not(self._one())
        elif self._take("("):
            condition = self._some()
            if not self._take(")"):
                self._fail("')' was expected")
        else:
            condition = self._test(self._field())
        self._depth -= 1
        return condition

    def _field(self) -> str:
        token = self._next
        is_word = token.kind == "word" and not token.word
        if not is_word and token.kind != "quoted":
            self._fail("the name of a field was expected")
        self._at += 1
        return token.text if is_word else _unquoted(token.text)

    def _test(self, field: str) -> Condition:
        if operator := self._take(*_OPERATORS):
            return FieldTest(field, _OPERATORS[operator], self._value())
        if self._take("is"):
            is_not = self._take("not")
            if not self._take("null"):
                self._fail("'null' was expected")
            return Not(IsNull(field)) if is_not else IsNull(field)
        is_not = self._take("not")
        if self._take("like"):
            start = self._at
            pattern = self._value()
            if pattern.kind is not Kind.TEXT:
                self._at = start
                self._fail("a text was expected")
            condition: Condition = FieldTest(field, "like", pattern)
        elif self._take("in"):
            values = self._values()
            condition = Some(tuple(FieldTest(field, "=", value) for value in values))
        else:
            self._fail(
                "'like' or 'in' was expected"
                if is_not
                else "one of = != < <= > >= like, in, is null was expected"
            )
        return Not(condition) if is_not else condition

    def _values(self) -> list[Value]:
        if not self._take("("):
            self._fail("'(' was expected")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        if not self._take(")"):
            self._fail("',' or ')' was expected")
        return values

    def _value(self) -> Value:
        token = self._next
        if word := self._take("true", "false"):
            return Value(Kind.TRUTH, word == "true")
        if token.kind in {"text", "quoted"}:
            found = Value(Kind.TEXT, normalize("NFC", _unquoted(token.text)))
        elif token.kind == "number":
            found = Value(Kind.NUMBER, number_of(token.text))
        elif token.kind == "date":
            found = self._date(token)
        elif token.word == "null":
            self._fail("'is null' finds what has no value; a value was expected")
        else:
            is_name = token.kind == "word" and not token.word
            self._fail("a value was expected" + ("; texts stand in quotes" if is_name else ""))
        self._at += 1
        return found

    def _date(self, token: _Token) -> Value:
        try:
            moment = instant_of(token.text)
        except ValueError:
            self._fail("there is no such date")
        return Value(Kind.TIME, moment, is_day=len(token.text) == len("2024-05-01"))

    def _fail(self, what: str) -> NoReturn:
        token = self._next
        found = f", not {token.text!r:.40}" if token.text and what.endswith("expected") else ""
        raise self._error(token.start, what + found)

    def _error(self, at: int, what: str) -> ConfigError:
        if not self._where.strip():
            message = "The filter is empty; write one such as: year >= 2020"
            return ConfigError(message, code="filter_syntax", option="where", value=self._where)
        # One line, near the place: a filter may be long, and may hold line breaks.
        start = max(0, at - 50)
        shown = re.sub(r"\s", " ", self._where[start : at + 30])
        return ConfigError(
            f"The filter cannot be read at character {at + 1}: {what}.\n"
            f"    {shown}\n    {' ' * (at - start)}^",
            code="filter_syntax",
            option="where",
            value=self._where,
        )


def instant_of(text: str) -> datetime:
    """Return the moment that an ISO date, with or without a time, means; UTC without a zone.

    Raises:
        ValueError: It is none.
    """
    if not re.match(r"\d{4}-\d{2}-\d{2}(?:[T ]|$)", text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def day_after(moment: datetime) -> datetime:
    """Return the midnight after a day; the end of time after the last one."""
    if moment.date() == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return moment + timedelta(days=1)


def _is_text(where: str) -> bool:
    """Say whether a filter is Unicode: bytes from a shell that are not UTF-8 come as surrogates."""
    try:
        where.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


def number_of(text: str) -> int | float:
    """Return the number that a text spells: an int if it is one that 64 bits hold."""
    digits = text.lstrip("+-")
    if digits.isdecimal() and len(digits) <= 19 and -(2**63) <= int(text) < 2**63:
        return int(text)
    return float(text)
