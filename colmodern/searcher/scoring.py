"""What does a document score, once every query token has its best match in it?

MaxSim adds the matches up. The corrected score lets good matches count more than bad ones, and
takes off what a long document gains by chance: of more tokens the best is better.
docs/decisions/0008-scoring.md has what it is worth.
"""

from __future__ import annotations

import numpy as np

from colmodern.config import Scoring
from colmodern.searcher.candidates import Candidates
from colmodern.storage import Segment
from colmodern.types import FloatVector, IntVector

SHARPNESS = 4.0
LENGTH_WEIGHT = 0.02


def sharpness_of(scoring: Scoring) -> float:
    """Return how much good matches count more than bad ones; see ``kernels.maxsim_codes``."""
    return SHARPNESS if scoring is Scoring.CORRECTED else 0.0


def correct(
    segments: list[Segment], candidates: Candidates, scoring: Scoring, *, n_query: int
) -> Candidates:
    """Return the candidates less what their lengths bring, in the same order.

    Args:
        segments: The segments of a snapshot.
        candidates: Scored by their matches.
        scoring: Only the corrected one changes anything.
        n_query: How many tokens the query has.
    """
    if scoring is not Scoring.CORRECTED:
        return candidates
    lengths = np.ones(len(candidates), np.int64)
    for number, segment in enumerate(segments):
        here = candidates.segments == number
        lengths[here] = np.diff(segment.token_offsets)[candidates.documents[here]]
    scores = candidates.scores - length_part(lengths, n_query=n_query)
    return Candidates(candidates.segments, candidates.documents, scores)


def length_part(lengths: IntVector, *, n_query: int) -> FloatVector:
    """Return what documents of so many tokens gain by their lengths, shape (n,), float32."""
    part: FloatVector = (n_query * LENGTH_WEIGHT * np.log(np.maximum(lengths, 1))).astype(
        np.float32
    )
    return part


def total(maxima: FloatVector, scoring: Scoring, *, n_tokens: int) -> float:
    """Return a document's score from its matches.

    Args:
        maxima: The best score of each query token, shape (n_query,).
        scoring: How.
        n_tokens: The document's.
    """
    values = maxima.astype(np.float64)
    if scoring is not Scoring.CORRECTED or not len(values):
        return float(values.sum())
    greatest = values.max()
    logs = np.log(np.exp(SHARPNESS * (values - greatest)).mean())
    smooth = np.float32(len(values) * (greatest + logs / SHARPNESS))
    return float(smooth - length_part(np.array([n_tokens]), n_query=len(values))[0])


def shares(maxima: FloatVector, scoring: Scoring) -> FloatVector:
    """Return the part of the score that each match brings, shape (n_query,), float64.

    They add up to 1. In the corrected score a match counts by how much the score moves with it.
    """
    values = maxima.astype(np.float64)
    if scoring is Scoring.CORRECTED and len(values):
        values = np.exp(SHARPNESS * (values - values.max()))
    whole = values.sum()
    return values / whole if whole else np.zeros_like(values)
