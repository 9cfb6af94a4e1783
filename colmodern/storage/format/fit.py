"""Does the codec still fit what is in the index? By the error of its reconstructions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from colmodern.storage.format.manifest import Manifest

__all__ = ["DRIFT_LIMIT", "TrainingRecord", "drift"]

_TOKENS, _ERROR, _SHARED = "tokens_at_training", "error_at_training", "codec_is_shared"
_ENOUGH_TOKENS = 1000

DRIFT_LIMIT = 1.4
"""A drift above this deserves a new codec. See docs/lab/building.md for what was measured."""

_SHARE = 0.01

# Errors are shares of a length: what lies beyond is no such number.
_LEAST_ERROR = 1e-20
_MOST_TOKENS = 1 << 62


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """What was known when the codec was trained; kept among the options in the manifest.

    Attributes:
        n_tokens: How many tokens the index was expected to have.
        squared_error: Of documents that were not in the sample: the mean squared distance of a
            token vector and its reconstruction, over the mean square of a vector's length. 0 if
            there were too few to tell.
        is_shared: Whether the codec was not trained for this index alone: several have it, so that
            their scores compare, and none of them changes it by itself.
    """

    n_tokens: int
    squared_error: float
    is_shared: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return what is kept, fit for JSON."""
        kept = {_TOKENS: self.n_tokens, _ERROR: self.squared_error}
        return {**kept, _SHARED: True} if self.is_shared else kept

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Return what the options of a manifest hold; zeros where nothing, or no such numbers."""
        n_tokens, error = config.get(_TOKENS, 0), config.get(_ERROR, 0.0)
        if type(n_tokens) is not int or not 0 <= n_tokens < _MOST_TOKENS:
            n_tokens = 0
        if type(error) not in (int, float) or not _LEAST_ERROR < error < 1 / _LEAST_ERROR:
            error = 0.0
        return cls(n_tokens, float(error), config.get(_SHARED) is True)

    @staticmethod
    def without(config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the other options."""
        ours = (_TOKENS, _ERROR, _SHARED)
        return {key: value for key, value in config.items() if key not in ours}


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
    found = error / n_tokens / expected
    return found if math.isfinite(found) else None
