"""Which documents are the best of all, given the best of each part?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from colmodern.frozen import frozen
from colmodern.request import Fusion, Mode
from colmodern.searcher.candidates import best_rows
from colmodern.searcher.fusion import fused_ranks
from colmodern.searcher.part import Part
from colmodern.searcher.plan import SearchPlan
from colmodern.searcher.segment import Found, joined
from colmodern.types import FloatVector, IntVector


@frozen(eq=False)
class Ranked:
    """Documents, best first.

    Attributes:
        parts: The number of the part that each lies in, int64.
        documents: Its number in that part, int64.
        scores: float32.
        components: What the scores are made of, by name; float32.
    """

    parts: IntVector
    documents: IntVector
    scores: FloatVector
    components: Mapping[str, FloatVector]

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.scores)


def merge(found: Sequence[Found], how: SearchPlan, parts: Sequence[Part]) -> Ranked:
    """Return the best ``k`` of several parts; equals come in the order of their ids.

    So the order depends neither on where in an index a document lies nor on how it is divided.

    Args:
        found: The best of each part, at least one.
        how: What the request means.
        parts: The parts, for the ids of equals.
    """
    places = np.repeat(np.arange(len(found)), [len(one.documents) for one in found])
    together = joined(found)
    scores, components = together.scores, together.components
    if how.request.mode is Mode.HYBRID and how.request.fusion is Fusion.RRF:
        assert how.word_weight is not None  # of ranks it is known without the query
        ranks = fused_ranks(components["late"], components["bm25"], how.word_weight)
        scores = scores + ranks
    rows = best_rows(scores, how.request.k)
    best = np.array(
        [
            row
            for run in _equals(rows[np.argsort(-scores[rows], kind="stable")], scores)
            for row in _by_ids(run, places, together, parts, how.request.k)
        ],
        np.int64,
    )[: how.request.k]
    return Ranked(
        places[best],
        together.documents[best],
        scores[best],
        {name: values[best] for name, values in components.items()},
    )


def _equals(rows: IntVector, scores: FloatVector) -> list[IntVector]:
    """Return rows that are in the order of their scores as runs of one score each."""
    ordered = scores[rows]
    return np.split(rows, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1) if len(rows) else []


def _by_ids(
    run: IntVector, places: IntVector, found: Found, parts: Sequence[Part], n: int
) -> list[int]:
    """Return rows of equal scores in the order of their ids, the first ``n`` of them."""
    if len(run) == 1:
        return [int(run[0])]
    named: list[tuple[str, int]] = []
    for number, part in enumerate(parts):
        rows = run[places[run] == number]
        named += [(one, int(rows[i])) for one, i in part.first_ids(found.documents[rows], n)]
    return [row for _, row in sorted(named)[:n]]
