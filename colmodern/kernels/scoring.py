"""What does a document score, once every query token has its best match in it?

MaxSim adds the matches up. The corrected score lets good matches count more than bad ones, and
takes off what a long document gains by chance: of more tokens the best is better.
docs/decisions/0008-scoring.md has what it is worth.
"""

from __future__ import annotations

import numpy as np

from colmodern import kernels
from colmodern.request import Scoring
from colmodern.types import FloatVector, IntVector

SHARPNESS = 4.0
LENGTH_WEIGHT = 0.02


def sharpness_of(scoring: Scoring) -> float:
    """Return how much good matches count more than bad ones; see ``kernels.maxsim_codes``."""
    return SHARPNESS if scoring is Scoring.CORRECTED else 0.0


def length_part(lengths: IntVector, *, n_query: int) -> FloatVector:
    """Return what documents of so many tokens gain by their lengths, shape (n,), float32."""
    part: FloatVector = (n_query * LENGTH_WEIGHT * np.log(np.maximum(lengths, 1))).astype(
        np.float32
    )
    return part


def document_score(maxima: FloatVector, scoring: Scoring, *, n_tokens: int) -> float:
    """Return a document's score from its matches.

    Args:
        maxima: The best score of each query token, shape (n_query,).
        scoring: How.
        n_tokens: The document's.
    """
    matches = kernels.total(maxima, sharpness_of(scoring))
    if scoring is not Scoring.CORRECTED:
        return matches
    return float(np.float32(matches) - length_part(np.array([n_tokens]), n_query=len(maxima))[0])


def shares(maxima: FloatVector, scoring: Scoring) -> FloatVector:
    """Return the part of the score that each match brings, shape (n_query,), float64.

    They add up to 1. In the corrected score a match counts by how much the score moves with it.
    """
    values = maxima.astype(np.float64)
    if scoring is Scoring.CORRECTED and len(values):
        values = np.exp(SHARPNESS * (values - values.max()))
    whole = values.sum()
    return values / whole if whole else np.zeros_like(values)
