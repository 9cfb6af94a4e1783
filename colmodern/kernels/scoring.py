"""What does a document score, once every query token has its best match in it?

MaxSim adds the matches up. The corrected score lets those count more that are better than what the
query token matches in any document, and takes off what a long document gains by chance: of more
tokens the best is better. docs/decisions/0008-scoring.md has what it is worth.
"""

from __future__ import annotations

import numpy as np

from colmodern import kernels
from colmodern.request import Scoring
from colmodern.types import FloatMatrix, FloatVector, IntVector

SHARPNESS = 4.0
LENGTH_WEIGHT = 0.025
SHORTEST = 32
"""A document of fewer tokens counts as if it had so many: a note gains nothing by being short."""


def sharpness_of(scoring: Scoring) -> float:
    """Return how much good matches count more than bad ones; see ``kernels.maxsim_codes``."""
    return SHARPNESS if scoring is Scoring.CORRECTED else 0.0


def length_part(lengths: IntVector, *, n_query: int) -> FloatVector:
    """Return what documents of so many tokens gain by their lengths, shape (n,), float32."""
    counted = np.maximum(lengths, SHORTEST)
    part: FloatVector = (n_query * LENGTH_WEIGHT * np.log(counted)).astype(np.float32)
    return part


def log_lengths(lengths: IntVector) -> FloatVector:
    """Return the logarithms of lengths as they count, shape (n,), float32."""
    logarithms: FloatVector = np.log(np.maximum(lengths, SHORTEST)).astype(np.float32)
    return logarithms


def gathered_part(logarithms: FloatVector, *, n_query: int) -> FloatVector:
    """Return what documents gain by their lengths where probed centroids score them, float32.

    Half of ``length_part``: a token counts only if its centroid is probed, so length brings less.

    Args:
        logarithms: Shape (n,), float32: those of ``log_lengths``.
        n_query: How many query tokens there are.
    """
    part: FloatVector = logarithms * np.float32(n_query * LENGTH_WEIGHT / 2)
    return part


def expected_of_vectors(
    query: FloatMatrix, vectors: FloatMatrix, offsets: IntVector
) -> FloatVector:
    """Return what query tokens match best in a document on the mean, by vectors as they are.

    Args:
        query: Shape (n_query, dim), float32.
        vectors: Shape (n_tokens, dim), float32: the tokens of some documents.
        offsets: Shape (n_documents + 1,), int64, without empty documents.

    Returns:
        Shape (n_query,), float32; zeros where there are no documents.
    """
    if len(offsets) == 1:
        return np.zeros(len(query), np.float32)
    greatest = np.maximum.reduceat(kernels.centroid_scores(query, vectors), offsets[:-1], axis=0)
    means: FloatVector = greatest.mean(axis=0, dtype=np.float64).astype(np.float32)
    return means


def vector_scores(
    query: FloatMatrix,
    vectors: FloatMatrix,
    offsets: IntVector,
    scoring: Scoring,
    *,
    expected: FloatVector | None = None,
    threads: int = 1,
) -> FloatVector:
    """Return what documents score by their vectors as they are.

    Args:
        query: Shape (n_query, dim), float32.
        vectors: Shape (n_tokens, dim), float32: the tokens of all documents.
        offsets: Shape (n_documents + 1,), int64.
        scoring: How.
        expected: As for ``document_score``.
        threads: How many threads share the work.

    Returns:
        Shape (n_documents,), float32: minus infinity for a document without tokens.
    """
    scores = kernels.maxsim(
        query,
        vectors,
        offsets,
        sharpness=sharpness_of(scoring),
        expected=expected,
        threads=threads,
    )
    if scoring is Scoring.CORRECTED:
        scores -= length_part(np.diff(offsets), n_query=len(query))
    return scores


def document_score(
    maxima: FloatVector, scoring: Scoring, *, n_tokens: int, expected: FloatVector | None = None
) -> float:
    """Return a document's score from its matches.

    Args:
        maxima: The best score of each query token, shape (n_query,).
        scoring: How.
        n_tokens: The document's.
        expected: What the query tokens match best in any document, shape (n_query,), float32.
    """
    matches = kernels.total(maxima, sharpness_of(scoring), expected)
    if scoring is not Scoring.CORRECTED:
        return matches
    return float(np.float32(matches) - length_part(np.array([n_tokens]), n_query=len(maxima))[0])


def shares(
    maxima: FloatVector, scoring: Scoring, expected: FloatVector | None = None
) -> FloatVector:
    """Return the part of the score that each match brings, shape (n_query,), float64.

    They add up to 1. In the corrected score a match counts by how much the score moves with it.
    The arguments are those of ``document_score``.
    """
    values = maxima.astype(np.float64)
    if scoring is Scoring.CORRECTED and len(values):
        values -= 0 if expected is None else expected
        values = np.exp(SHARPNESS * (values - values.max()))
    whole = values.sum()
    return values / whole if whole else np.zeros_like(values)
