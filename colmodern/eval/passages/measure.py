"""How often does a passage hit an answer, and how much of it lies in one?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from colmodern.eval.measures.significance import randomisation_p
from colmodern.eval.passages.annotated import Annotated, Question
from colmodern.eval.passages.finders import Finder
from colmodern.eval.passages.windows import FoundWindow, Stretch
from colmodern.types import Progress

BEST_OF = 3


@dataclass(frozen=True, slots=True)
class PassageReport:
    """What passages of one kind are worth on a collection.

    Attributes:
        name: What found them.
        hits: For each question, whether its first passage overlaps an answer.
        inside: For each, the share of the first passage's characters that lie in one.
        shown: For each, whether one of the passages that a hit shows does: the second too, where
            it is shown.
        of_three: For each, whether one of the best three overlaps an answer.
        reciprocal: For each, one over the rank of the first of the three that does, else 0.
        characters: The mean length of a first passage.
        seconds: How long all took.
    """

    name: str
    hits: tuple[bool, ...]
    inside: tuple[float, ...]
    shown: tuple[bool, ...]
    of_three: tuple[bool, ...]
    reciprocal: tuple[float, ...]
    characters: float
    seconds: float

    def p_against(self, other: PassageReport) -> float:
        """Return the p-value of the difference in first hits, by a paired randomisation test."""
        return randomisation_p(np.subtract(self.hits, other.hits, dtype=np.float64))

    def to_dict(self) -> dict[str, Any]:
        """Return means, fit for JSON."""
        return {
            "finder": self.name,
            "questions": len(self.hits),
            "hit": float(np.mean(self.hits)),
            "inside": float(np.mean(self.inside)),
            "hit_shown": float(np.mean(self.shown)),
            "hit_of_three": float(np.mean(self.of_three)),
            "reciprocal_rank": float(np.mean(self.reciprocal)),
            "characters": self.characters,
            "seconds": self.seconds,
        }


def measure_passages(
    finder: Finder, collection: Annotated, *, progress: Progress | None = None
) -> PassageReport:
    """Return how well a finder does; the document of each question is given to it."""
    found: list[FoundWindow] = []
    started = time.perf_counter()
    for number, question in enumerate(collection.questions, 1):
        found.append(finder.find(question, BEST_OF))
        if progress is not None:
            progress(finder.name, number, len(collection.questions))
    seconds = time.perf_counter() - started
    rows = list(zip(found, collection.questions, strict=True))
    ranks = [_rank(one.places, question) for one, question in rows]
    firsts = [one.places[0] if one.places else (0, 0) for one in found]
    return PassageReport(
        finder.name,
        tuple(rank == 1 for rank in ranks),
        tuple(_inside(place, one) for place, one in zip(firsts, collection.questions, strict=True)),
        tuple(
            rank is not None and rank <= one.n_shown for rank, one in zip(ranks, found, strict=True)
        ),
        tuple(rank is not None for rank in ranks),
        tuple(0.0 if rank is None else 1 / rank for rank in ranks),
        float(np.mean([end - start for start, end in firsts])),
        seconds,
    )


def _rank(places: Sequence[Stretch], question: Question) -> int | None:
    """Return the rank of the first place that overlaps an answer."""
    for rank, (start, end) in enumerate(places, 1):
        if any(start < last and first < end for first, last in question.spans):
            return rank
    return None


def _inside(place: Stretch, question: Question) -> float:
    """Return the share of a place's characters that lie in an answer."""
    inside = np.zeros(place[1] - place[0], np.bool_)
    for start, end in question.spans:
        inside[max(0, start - place[0]) : max(0, end - place[0])] = True
    return float(inside.mean()) if len(inside) else 0.0
