"""What does a filter of Haystack say in the language of ``where``?

Haystack's logic has two values: a document that lacks a field is not equal to anything, and not
greater. ``where`` has three, as SQL; so each comparison says what becomes of a missing field.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from colmodern.errors import ConfigError

_ORDER = frozenset({">", ">=", "<", "<="})


def where_of(filters: Mapping[str, Any] | None) -> str | None:
    """Return a filter of Haystack as ``SearchRequest.where``; None and an empty one: None.

    Comparisons ``== != > >= < <= in`` and ``not in`` of fields of the metadata (``meta.year``) or
    of ``id``, and ``AND OR NOT`` of them. Texts compare by ``>`` and its like if they are dates.

    Raises:
        ConfigError: It is none of Haystack's, or asks for a document's content, score or embedding.
    """
    return _condition(filters) if filters else None


def _condition(one: Any) -> str:
    if not isinstance(one, Mapping):
        raise _refused(one, "A filter is a dictionary")
    if "conditions" in one:
        return _several(one)
    missing = {"field", "operator", "value"} - one.keys()
    if missing:
        raise _refused(
            one, f"A comparison has a field, an operator and a value; {sorted(missing)} lack"
        )
    compare = _COMPARISONS.get(one["operator"])
    if compare is None:
        known = ", ".join(_COMPARISONS)
        raise _refused(one, f"There is no operator {one['operator']!r}; there are {known}")
    return compare(_field(one), one)


def _several(one: Mapping[str, Any]) -> str:
    conditions = one["conditions"]
    if not isinstance(conditions, list) or not conditions:
        raise _refused(one, "'conditions' must be a list that is not empty")
    parts = [f"({_condition(inner)})" for inner in conditions]
    match one.get("operator"):
        case "AND":
            return " and ".join(parts)
        case "OR":
            return " or ".join(parts)
        case "NOT":
            return f"not ({' and '.join(parts)})"
        case other:
            raise _refused(one, f"Conditions are joined by AND, OR or NOT, not by {other!r}")


def _field(one: Mapping[str, Any]) -> str:
    name = one["field"]
    if not isinstance(name, str) or name in {"content", "score", "embedding", "blob"}:
        raise _refused(
            one, f"An index cannot be filtered by the field {name!r}; only by metadata and id"
        )
    bare = name.removeprefix("meta.").replace('"', '""')
    return f'"{bare}"'


def _equal(field: str, one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return f"{field} is null"
    return f"{field} = {_literal(one)} and {field} is not null"


def _unequal(field: str, one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return f"{field} is not null"
    return f"{field} != {_literal(one)} or {field} is null"


def _ordered(field: str, one: Mapping[str, Any]) -> str:
    value = one["value"]
    if isinstance(value, bool | list | None):
        raise _refused(one, f"{one['operator']!r} compares numbers and dates, not {value!r:.60}")
    return f"{field} {one['operator']} {_literal(one)} and {field} is not null"


def _among(field: str, one: Mapping[str, Any]) -> str:
    values = one["value"]
    if not isinstance(values, list) or not values:
        raise _refused(one, f"{one['operator']!r} needs a list that is not empty")
    literals = ", ".join(_literal({**one, "value": value}) for value in values)
    return f"{field} in ({literals}) and {field} is not null"


def _not_among(field: str, one: Mapping[str, Any]) -> str:
    return f"not ({_among(field, one)}) or {field} is null"


_COMPARISONS: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    "==": _equal,
    "!=": _unequal,
    **dict.fromkeys(sorted(_ORDER), _ordered),
    "in": _among,
    "not in": _not_among,
}


def _literal(one: Mapping[str, Any]) -> str:
    """Return a value as ``where`` writes it."""
    value = one["value"]
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case datetime():
            return value.isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case str():
            return _text(value, one)
        case _:
            raise _refused(
                one, f"A value is a text, a number, a truth value or a date, not {value!r:.60}"
            )


def _text(value: str, one: Mapping[str, Any]) -> str:
    if one["operator"] not in _ORDER:
        return "'" + value.replace("'", "''") + "'"
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        why = f"{one['operator']!r} compares numbers and dates, not the text {value!r:.60}"
        raise _refused(one, why) from error
    return value if len(value) == len("2024-05-01") else moment.isoformat(timespec="microseconds")


def _refused(one: object, why: str) -> ConfigError:
    return ConfigError(
        f"The filter {one!r:.200} cannot be used: {why}.",
        code="filter_syntax",
        option="filters",
        value=one,
    )
