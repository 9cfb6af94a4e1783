"""Which documents are the best of all, given the best of each part?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from colmodern.request import Fusion, Mode
from colmodern.searcher.fusion import fused_ranks
from colmodern.searcher.plan import SearchPlan
from colmodern.searcher.segment import Found, joined
from colmodern.types import FloatVector, IntVector


@dataclass(frozen=True, slots=True, eq=False)
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


def merge(found: Sequence[Found], how: SearchPlan) -> Ranked:
    """Return the best ``k`` of several parts; of equals the earlier part, the lower number first.

    Args:
        found: The best of each part, at least one.
        how: What the request means.
    """
    parts = np.repeat(np.arange(len(found)), [len(one.documents) for one in found])
    together = joined(found)
    scores, components = together.scores, together.components
    if how.request.mode is Mode.HYBRID and how.request.fusion is Fusion.RRF:
        ranks = fused_ranks(components["late"], components["bm25"], how.word_weight)
        scores = scores + ranks
    best = np.lexsort((together.documents, parts, -scores))[: how.request.k]
    return Ranked(
        parts[best],
        together.documents[best],
        scores[best],
        {name: values[best] for name, values in components.items()},
    )
