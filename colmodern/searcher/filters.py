"""Which documents does a filter keep? A mask, as deletions are one.

The mask limits what is gathered, so a search with a filter is a search of an index that holds
nothing else, at every effort.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.searcher.fields import FieldTable
from colmodern.searcher.plan import Begin, unobserved
from colmodern.searcher.statistics import FieldFit
from colmodern.searcher.where import (
    All,
    Condition,
    FieldTest,
    IsNull,
    Kind,
    Not,
    Some,
    Value,
    compared_in,
    day_after,
    fields_of,
    parse_where,
)
from colmodern.storage import Segment

_REMEMBERED = 16
_FUNCTIONS = {
    "=": "equal",
    "!=": "not_equal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
}


class Filters:
    """The filters of one snapshot; what was read and found once is kept."""

    def __init__(self, segments: Sequence[Segment], live: NDArray[np.bool_]) -> None:
        """Read nothing yet; ``live`` says which documents of all segments are not deleted."""
        self._live = live
        self._table = FieldTable(segments)
        self._masks: dict[tuple[str, bool], NDArray[np.bool_]] = {}

    def mask(
        self, where: str, begin: Begin = unobserved, *, is_part: bool = False
    ) -> NDArray[np.bool_]:
        """Return which live documents of all segments a filter keeps.

        Args:
            where: The filter.
            begin: Called with ``filter`` before each of its tests, so that one of many can be
                stopped.
            is_part: Whether these are some of the documents that are searched: what is refused
                otherwise is null here, for other parts may have it; ``fits`` says so.

        Raises:
            ConfigError: The filter cannot be read; names a field that no document has, or compares
                one with a value of another kind.
        """
        known = self._masks.get((where, is_part))
        if known is not None:
            return known
        condition = parse_where(where)
        self._table.read(fields_of(condition))
        if not is_part:
            self._table.refuse_unknown(fields_of(condition))
            for field, value in compared_in(condition):
                self._table.refuse_kind(field, value)
        mask = _filled(_evaluate(condition, self._table, begin)) & self._live
        if len(self._masks) >= _REMEMBERED:
            self._masks.clear()
        self._masks[where, is_part] = mask
        return mask

    def fits(self, where: str) -> dict[tuple[str, str], FieldFit]:
        """Return what there is of the fields of a filter, and of the kinds of its values.

        Raises:
            ConfigError: The filter cannot be read.
        """
        condition = parse_where(where)
        self._table.read(fields_of(condition))
        asked: dict[tuple[str, str], Kind | None] = {
            (field, ""): None for field in fields_of(condition)
        }
        asked |= {(field, str(value.kind)): value.kind for field, value in compared_in(condition)}
        return {pair: self._table.fit(pair[0], kind) for pair, kind in asked.items()}


def _filled(column: Any) -> NDArray[np.bool_]:
    """Return what is true; neither false nor unknown is kept."""
    kept: NDArray[np.bool_] = column.fill_null(False).to_numpy(zero_copy_only=False)
    return kept


def _evaluate(condition: Condition, table: FieldTable, begin: Begin) -> Any:
    """Return true, false or null for every document, by the three-valued logic of SQL."""
    import pyarrow.compute as pc

    match condition:
        case IsNull(field):
            begin("filter")
            return pc.invert(table.values(field))
        case Not(inner):
            return pc.invert(_evaluate(inner, table, begin))
        case All(several):
            return reduce(pc.and_kleene, (_evaluate(one, table, begin) for one in several))
        case Some(several):
            found = _one_of(several, table)
            if found is not None:
                return found
            return reduce(pc.or_kleene, (_evaluate(one, table, begin) for one in several))
        case FieldTest(field, operator, value):
            begin("filter")
            return _compare(table.column(field, value.kind), operator, value)


def _one_of(several: Sequence[Condition], table: FieldTable) -> Any | None:
    """Look once whether a field is one of some texts, or whole numbers; None: that is not asked."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tests = [one for one in several if isinstance(one, FieldTest) and one.operator == "="]
    asked = {(test.field, test.value.kind, type(test.value.value)) for test in tests}
    if len(tests) < len(several) or len(asked) > 1:
        return None
    ((field, kind, of),) = asked
    column = table.column(field, kind)
    if of is not str and not (of is int and pa.types.is_integer(column.type)):
        return None
    values = pa.array([test.value.value for test in tests], column.type)
    return pc.if_else(column.is_valid(), pc.is_in(column, value_set=values), None)


def _compare(column: Any, operator: str, value: Value) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if operator == "like":
        return pc.match_like(column, pattern=value.value)
    if value.is_day:
        return _compare_with_day(column, operator, value)
    wanted = value.value
    if isinstance(wanted, float):  # a number beyond 2**53 is compared as the nearest float
        column = column.cast(pa.float64(), safe=False)
    elif value.kind is Kind.NUMBER and pa.types.is_floating(column.type):
        wanted = float(wanted)  # type: ignore[arg-type]
    compare = getattr(pc, _FUNCTIONS[operator])
    return compare(column, pa.scalar(wanted, column.type))


def _compare_with_day(column: Any, operator: str, value: Value) -> Any:
    """Compare with a whole day: it is equal to its moments, and greater than those before it."""
    import pyarrow.compute as pc

    first = Value(Kind.TIME, value.value)
    following = Value(Kind.TIME, day_after(value.value))  # type: ignore[arg-type]
    if operator in {"=", "!="}:
        inside = pc.and_kleene(_compare(column, ">=", first), _compare(column, "<", following))
        return inside if operator == "=" else pc.invert(inside)
    return {
        "<": lambda: _compare(column, "<", first),
        "<=": lambda: _compare(column, "<", following),
        ">": lambda: _compare(column, ">=", following),
        ">=": lambda: _compare(column, ">=", first),
    }[operator]()
