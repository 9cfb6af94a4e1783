"""Does the codec still fit what is in the index? By the error of its reconstructions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from colmodern.storage.format.manifest import Manifest

__all__ = ["DRIFT_LIMIT", "TrainingRecord", "drift"]

_TOKENS, _ERROR = "tokens_at_training", "error_at_training"
_ENOUGH_TOKENS = 1000

DRIFT_LIMIT = 1.4
"""A drift above this deserves a new codec. See docs/changes.md for what was measured."""

_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """What was known when the codec was trained; kept among the options in the manifest.

    Attributes:
        n_tokens: How many tokens the index was expected to have.
        squared_error: Of documents that were not in the sample: the mean squared distance of a
            token vector and its reconstruction, over the mean square of a vector's length. 0 if
            there were too few to tell.
    """

    n_tokens: int
    squared_error: float

    def to_dict(self) -> dict[str, Any]:
        """Return what is kept, fit for JSON."""
        return {_TOKENS: self.n_tokens, _ERROR: self.squared_error}

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Return what the options of a manifest hold; zeros if nothing."""
        return cls(int(config.get(_TOKENS, 0)), float(config.get(_ERROR, 0.0)))

    @staticmethod
    def without(config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the other options."""
        return {key: value for key, value in config.items() if key not in (_TOKENS, _ERROR)}


def drift(manifest: Manifest) -> float | None:
    """Return how many times larger the error of the worst fitting tokens is than at training.

    They are those of the segments with the largest error that together have 1,000 tokens and a
    hundredth of all. None: the index is smaller than that, or nothing is known of its training.
    """
    expected = TrainingRecord.of(manifest.config).squared_error
    wanted = max(_ENOUGH_TOKENS, _SHARE * sum(s.n_tokens for s in manifest.segments))
    n_tokens, error = 0, 0.0
    for segment in sorted(manifest.segments, key=lambda s: s.squared_error, reverse=True):
        n_tokens += segment.n_tokens
        error += segment.squared_error * segment.n_tokens
        if n_tokens >= wanted:
            break
    if n_tokens < wanted or expected <= 0:
        return None
    return error / n_tokens / expected
