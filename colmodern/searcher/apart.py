"""What do processes that search parts of one index tell each other of its numbers? Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colmodern.errors import ConfigError
from colmodern.searcher.statistics import FieldFit, GlobalStatistics, WordStatistics

__all__ = ["statistics_from_dict", "statistics_to_dict"]

_MOST = 1 << 53


def statistics_to_dict(statistics: GlobalStatistics) -> dict[str, Any]:
    """Return statistics as values of JSON."""
    words = statistics.words
    told = None
    if words is not None:
        told = {
            "documents": words.n_documents,
            "length": words.n_words,
            "frequencies": dict(words.frequencies),
            "times": dict(words.times),
        }
    return {
        "documents": statistics.n_documents,
        "tokens": statistics.n_tokens,
        "words": told,
        "names": dict(statistics.names),
        "fields": [[*asked, int(fit)] for asked, fit in statistics.fields.items()],
    }


def statistics_from_dict(values: Any) -> GlobalStatistics:
    """Return the statistics that ``statistics_to_dict`` returned.

    Raises:
        ConfigError: They are something else.
    """
    try:
        words = values["words"]
        found = None
        if words is not None:
            found = WordStatistics(
                _count(words["documents"]),
                _count(words["length"]),
                _counts(words["frequencies"]),
                _counts(words["times"]),
            )
        return GlobalStatistics(
            _count(values["documents"]),
            _count(values["tokens"]),
            found,
            _counts(values["names"]),
            {(_text(field), _text(kind)): FieldFit(fit) for field, kind, fit in values["fields"]},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"statistics must be the sum of what /v1/statistics answers: {error!r:.100}.",
            code="option_invalid",
            option="statistics",
        ) from error


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError(f"{value!r:.40} is no count")
    return value


def _counts(values: Any) -> Mapping[str, int]:
    if not isinstance(values, dict):
        raise TypeError(f"{values!r:.40} is no object")
    return {_text(name): _count(value) for name, value in values.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value
