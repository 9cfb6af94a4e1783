"""Do bytes keep the vectors of a checkpoint, and the order of what is found with them?

Some channels of a model can be so much greater than others that a byte leaves nothing of these. So
a checkpoint's sample texts are encoded in fp32 and in bytes, and compared: token by token, and by
the order that exact MaxSim gives the sample documents for each sample query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from colmodern.types import FloatMatrix

# The default student has .0002 to .0003, 0 and less than .0001, and loses no nDCG@10
# (docs/lab/encoder.md).
MOST_ERROR = 0.002
MOST_FAR = 0.01
MOST_MISPLACED = 0.002
_FAR = 0.02  # squared distance of unit vectors: a cosine of .99


@dataclass(frozen=True, slots=True)
class ByteCheck:
    """How far vectors in bytes are from those in fp32.

    Attributes:
        error: Mean squared distance of a token's two vectors.
        far: The share of tokens whose vectors have a cosine below .99.
        misplaced: What the pairs of documents that change places differ in score, as a share of
            what all pairs differ.
    """

    error: float
    far: float
    misplaced: float

    @property
    def passes(self) -> bool:
        """Whether bytes may be taken where nobody asks for a precision; NaN never passes."""
        return (
            self.error <= MOST_ERROR and self.far <= MOST_FAR and self.misplaced <= MOST_MISPLACED
        )


def compare_bytes(
    exact: tuple[Sequence[FloatMatrix], Sequence[FloatMatrix]],
    rounded: tuple[Sequence[FloatMatrix], Sequence[FloatMatrix]],
) -> ByteCheck:
    """Compare the token vectors of queries and of documents, those in fp32 with those in bytes."""
    pairs = zip([*exact[0], *exact[1]], [*rounded[0], *rounded[1]], strict=True)
    squares = [distance for a, b in pairs for distance in np.square(a - b).sum(axis=1)]
    if not squares:
        return ByteCheck(np.nan, np.nan, np.nan)
    lost = total = 0.0
    for query, same_query in zip(exact[0], rounded[0], strict=True):
        scores, same_scores = _scores(query, exact[1]), _scores(same_query, rounded[1])
        gaps = scores[:, None] - scores
        swapped = (gaps > 0) & (same_scores[:, None] - same_scores <= 0)
        lost += float(gaps[swapped].sum())
        total += float(gaps[gaps > 0].sum())
    return ByteCheck(
        error=float(np.mean(squares)),
        far=float(np.mean(np.greater(squares, _FAR))),
        misplaced=lost / total if total > 0 else np.nan,
    )


def _scores(query: FloatMatrix, documents: Sequence[FloatMatrix]) -> FloatMatrix:
    """Return the MaxSim of a query and each document that has tokens."""
    if not len(query):
        return np.zeros(0, np.float32)
    return np.array([(query @ d.T).max(axis=1).sum() for d in documents if len(d)], np.float32)
