"""Which values do documents have in a field, as a column that can be compared?

Fields are the metadata, and for documents whose metadata lack the name their own ``id``, ``title``
and ``source``. Metadata have no types: a column is read for the kind of value that it is compared
with. Texts that spell numbers, truth values or dates (rows of CSV have nothing else) count as these
too. What is of another kind is null; if nothing is of that kind, the comparison is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unicodedata import normalize

from colmodern.errors import ConfigError
from colmodern.searcher.statistics import FieldFit
from colmodern.searcher.where import Kind, Value, instant_of, number_of
from colmodern.storage import Segment
from colmodern.types import MetadataValue

OWN_FIELDS = ("id", "title", "source")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*")
_MOST_NAMES = 30


class FieldTable:
    """The fields of all documents of some segments, read when they are asked for."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        """Read nothing yet."""
        self._segments = segments
        self._columns: dict[str, list[MetadataValue]] = {}
        self._arrays: dict[tuple[str, Kind | None], Any] = {}  # as Arrow has them; None: is given?
        self._fits: dict[tuple[str, Kind], FieldFit] = {}
        self._names: frozenset[str] | None = None

    def __len__(self) -> int:
        """Return how many documents there are, deleted ones included."""
        return sum(segment.n_documents for segment in self._segments)

    def read(self, fields: set[str]) -> None:
        """Read some fields in one pass over the metadata; null where there is none."""
        wanted = fields - self._columns.keys()
        if not wanted:
            return
        found: dict[str, list[MetadataValue]] = {field: [] for field in wanted}
        names: set[str] = set()
        for segment in self._segments:
            alive = segment.live.tolist()
            for position in range(segment.n_documents):
                metadata: Mapping[str, MetadataValue] = {}
                if alive[position]:
                    metadata = segment.metadata(position)
                    names.update(metadata)
                for field, column in found.items():
                    is_given = field in metadata
                    column.append(metadata[field] if is_given else _own(field, segment, position))
        self._names = frozenset(names)
        self._columns |= found

    def values(self, field: str) -> Any:
        """Return whether each document has a value: a boolean Arrow array without nulls."""
        return self._array(field, None)

    def column(self, field: str, kind: Kind) -> Any:
        """Return a field that was read as an Arrow array of a kind, with nulls."""
        return self._array(field, kind)

    def _array(self, field: str, kind: Kind | None) -> Any:
        if (field, kind) not in self._arrays:
            self._arrays[field, kind] = _array_of(self._columns[field], kind)
        return self._arrays[field, kind]

    def fit(self, field: str, kind: Kind | None) -> FieldFit:
        """Return what there is of a kind of value in a field that was read; None: of any."""
        if field not in self._known:
            return FieldFit.ABSENT
        if kind is None:
            return FieldFit.FITS
        if (field, kind) not in self._fits:
            self._fits[field, kind] = _fit_of(self._columns[field], kind)
        return self._fits[field, kind]

    @property
    def _known(self) -> frozenset[str]:
        return (self._names or frozenset()) | frozenset(OWN_FIELDS)

    def refuse_unknown(self, fields: set[str]) -> None:
        """Refuse fields that were read and that no live document has.

        Raises:
            ConfigError: There is one; the message lists those there are.
        """
        unknown = sorted(fields - self._known)
        if unknown and any(segment.live.any() for segment in self._segments):
            names = sorted(self._known)
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            raise ConfigError(
                f"No document has a field {unknown[0]!r} for the filter; there are "
                f"{', '.join(names[:_MOST_NAMES])}{more}.",
                code="filter_unknown_field",
                option="where",
                value=unknown[0],
            )

    def refuse_kind(self, field: str, value: Value) -> None:
        """Refuse to compare a field that was read with a value of another kind.

        Raises:
            ConfigError: The field has values, but none of that kind.
        """
        if self.fit(field, value.kind) is FieldFit.OTHER_KIND:
            example = next(item for item in self._columns[field] if item is not None)
            raise ConfigError(
                f"The filter compares {field!r} with the {value.kind} {_shown(value.value)}, but "
                f"its values are of another kind, such as {example!r:.60}.",
                code="filter_wrong_kind",
                option="where",
                value=field,
            )


def check_fits(fits: Mapping[tuple[str, str], FieldFit]) -> None:
    """Refuse a filter by what all parts of an index have together; see ``GlobalStatistics``.

    Raises:
        ConfigError: No document has a field of it, or the values are of another kind.
    """
    for (field, _), fit in sorted(fits.items()):
        if fit is FieldFit.ABSENT:
            raise ConfigError(
                f"No document has a field {field!r:.200} for the filter.",
                code="filter_unknown_field",
                option="where",
                value=field,
            )
    for (field, kind), fit in fits.items():
        if fit is FieldFit.OTHER_KIND:
            raise ConfigError(
                f"The filter compares {field!r:.200} with a {kind}, but its values are of another "
                "kind.",
                code="filter_wrong_kind",
                option="where",
                value=field,
            )


def _array_of(column: Sequence[MetadataValue], kind: Kind | None) -> Any:
    import pyarrow as pa

    if kind is None:
        return pa.array([value is not None for value in column], pa.bool_())
    read = _READ[kind]
    found = [None if item is None else read(item) for item in column]
    if kind is Kind.NUMBER:
        return _numbers(found)
    types = {
        Kind.TEXT: pa.large_string(),
        Kind.TRUTH: pa.bool_(),
        Kind.TIME: pa.timestamp("us", tz="UTC"),
    }
    return pa.array(found, types[kind])


def _fit_of(column: Sequence[MetadataValue], kind: Kind) -> FieldFit:
    read = _READ[kind]
    given = [item for item in column if item is not None]
    if any(read(item) is not None for item in given):
        return FieldFit.FITS
    return FieldFit.OTHER_KIND if given else FieldFit.EMPTY


def _own(field: str, segment: Segment, position: int) -> str | None:
    if not segment.live[position]:
        return None
    if field == "id":
        return segment.ids[position]
    if field == "title":
        return segment.titles[position] or None
    return segment.source_of(position) if field == "source" else None


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str | int | float) else str(value)


def _numbers(found: list[Any]) -> Any:
    """Return int64 if every number is one, else float64."""
    import pyarrow as pa

    if all(item is None or isinstance(item, int) for item in found):
        return pa.array(found, pa.int64())
    return pa.array([None if item is None else float(item) for item in found], pa.float64())


def _as_number(value: MetadataValue) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        value = number_of(value.strip())
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        try:
            value = float(value)
        except OverflowError:
            return None
    return value if value is not None and math.isfinite(value) else None


def _as_text(value: MetadataValue) -> str | None:
    return normalize("NFC", value) if isinstance(value, str) else None


def _as_truth(value: MetadataValue) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _as_time(value: MetadataValue) -> Any:
    if not isinstance(value, str):
        return None
    try:
        return instant_of(value.strip())
    except ValueError:
        return None


_READ: dict[Kind, Callable[[MetadataValue], Any]] = {
    Kind.NUMBER: _as_number,
    Kind.TEXT: _as_text,
    Kind.TRUTH: _as_truth,
    Kind.TIME: _as_time,
}
