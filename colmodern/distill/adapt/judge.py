"""What does a student with weighed queries find that the one without did not, and the reverse?

Every query is compared with all documents of a pool, by exact matches of float vectors; its own
document lacks the passage that the query was made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from colmodern.codec import DocumentReservoir
from colmodern.encoder.query_weights import QueryWeights
from colmodern.kernels.scoring import expected_of_vectors, vector_scores
from colmodern.request import Scoring
from colmodern.types import FloatMatrix, FloatVector, IntVector

_DEPTH = 10


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A query with what it should find.

    Attributes:
        text: The query.
        vectors: Its token vectors, unweighed.
        answers: The numbers of the documents that answer it.
        masked: The token vectors that take the place of the answer's; None: as they are.
    """

    text: str
    vectors: FloatMatrix
    answers: tuple[int, ...]
    masked: FloatMatrix | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What trials found.

    Attributes:
        gains: nDCG@10 of each trial, shape (n,).
        firsts: The number of the first document of each.
    """

    gains: FloatVector
    firsts: list[int]

    @property
    def mean(self) -> float:
        """The mean nDCG@10."""
        return float(self.gains.mean())


class Pool:
    """Documents to be found."""

    def __init__(self, documents: Sequence[FloatMatrix], *, scoring: Scoring, threads: int) -> None:
        """Take the token vectors of documents."""
        self._vectors = np.ascontiguousarray(np.concatenate(documents), np.float32)
        self._lengths = np.array([len(one) for one in documents])
        self._offsets = np.concatenate([[0], np.cumsum(self._lengths)]).astype(np.int64)
        self._scoring, self._threads = scoring, threads
        drawn = DocumentReservoir(self._vectors.shape[1], seed=0)
        for one in documents:
            drawn.offer(one)
        self._drawn = drawn.documents

    def judge(self, trials: Sequence[Trial], weights: QueryWeights | None) -> Outcome:
        """Return what trials find with these weights; None: with none."""
        gains, firsts = [], []
        for trial in trials:
            query = trial.vectors if weights is None else weights.of(trial.vectors)
            expected = expected_of_vectors(query, *self._drawn)
            scores = self._scores(query, self._vectors, self._offsets, expected)
            if trial.masked is not None:
                ends = np.array([0, len(trial.masked)])
                scores[trial.answers[0]] = self._scores(query, trial.masked, ends, expected)[0]
            order = np.argsort(-scores, kind="stable")[:_DEPTH]
            gains.append(_ndcg(order, trial.answers))
            firsts.append(int(order[0]))
        return Outcome(np.array(gains, np.float32), firsts)

    def _scores(
        self, query: FloatMatrix, vectors: FloatMatrix, offsets: IntVector, expected: FloatVector
    ) -> FloatVector:
        return vector_scores(
            query, vectors, offsets, self._scoring, expected=expected, threads=self._threads
        )


def _ndcg(order: np.ndarray, answers: Sequence[int]) -> float:
    discounts = 1.0 / np.log2(np.arange(2, _DEPTH + 2))
    found = np.isin(order, answers) @ discounts[: len(order)]
    return float(found / discounts[: min(len(set(answers)), _DEPTH)].sum())
