"""Which token vectors is the codec trained on? A uniform sample of bounded size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colmodern.types import FloatMatrix, IntVector

MAX_SAMPLE_BYTES = 192 << 20
HELD_OUT_TOKENS = 8192
_HELD_OUT_SHARE = 16
_ALWAYS_TRAINED_ON = 32


def sample_limit(sample_tokens: int, dim: int) -> int:
    """Return how many token vectors the sample may have: fewer of long ones, for memory's sake."""
    return max(1, min(sample_tokens, MAX_SAMPLE_BYTES // (4 * dim)))


def are_held_out(numbers: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Say which documents of a new index its codec is not trained on: about one in sixteen.

    They tell how well it fits documents that it has not seen. Tokens of one document are alike: on
    those of the sample the error is half of what it is on other documents of the same kind. The
    first documents are always trained on, so that a small collection is used whole.
    """
    scattered = (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    chosen: NDArray[np.bool_] = scattered % np.uint64(_HELD_OUT_SHARE) == 0
    return chosen & (numbers >= _ALWAYS_TRAINED_ON)


class Reservoir:
    """Keeps a uniform sample of the rows that pass by, however many come (Vitter 1985)."""

    def __init__(self, n_rows: int, dim: int, *, seed: int) -> None:
        """Keep at most ``n_rows`` rows of ``dim`` numbers; ``seed`` decides which."""
        self._kept = np.empty((n_rows, dim), np.float32)  # memory is taken as it fills
        self._rng = np.random.default_rng(seed)
        self._n_seen = 0

    def offer(self, rows: NDArray[np.floating], which: IntVector | None = None) -> IntVector:
        """Let rows pass by, and return the numbers of those that were taken.

        Args:
            rows: Shape (n, dim).
            which: Numbers of the rows that may be taken; None: all.
        """
        which = np.arange(len(rows)) if which is None else which
        size = len(self._kept)
        numbers = np.arange(self._n_seen, self._n_seen + len(which))
        self._n_seen += len(which)
        places = np.where(numbers < size, numbers, self._rng.integers(0, numbers + 1))
        taken = places < size
        self._kept[places[taken]] = rows[which[taken]]
        return which[taken]

    @property
    def rows(self) -> FloatMatrix:
        """The sample so far, shape (n, dim), float32; a view."""
        return self._kept[: self._n_seen]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a codec is trained on, and what it is tried on.

    Attributes:
        rows: Shape (n, dim), float32.
        held_out: Shape (m, dim), float32: rows of other documents.
        documents: Some documents of the whole, from ``DocumentReservoir``.
    """

    rows: FloatMatrix
    held_out: FloatMatrix
    documents: tuple[FloatMatrix, IntVector]


def no_sample(dim: int) -> Sample:
    """Return a sample without vectors."""
    nothing = np.zeros((0, dim), np.float32)
    return Sample(nothing, nothing, (nothing, np.zeros(1, np.int64)))
