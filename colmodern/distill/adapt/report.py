"""What came out of adapting a student?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from colmodern.distill.adapt.judge import Outcome, Trial

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """nDCG@10 of some queries, before and after."""

    queries: int
    before: float
    after: float

    @classmethod
    def of(cls, before: Outcome, after: Outcome) -> Measured:
        """Compare what the same trials found."""
        return cls(len(before.gains), round(before.mean, 4), round(after.mean, 4))

    @property
    def gain(self) -> float:
        """What was gained."""
        return self.after - self.before

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.before:.4f} -> {self.after:.4f} ({self.queries} queries)"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A student that was tried.

    Attributes:
        what: How it differs from the one it was tried from.
        held_out: Held-out queries with that one and with it.
        general: General queries with the start and with it.
        kept: Whether it was taken: it gained something and lost little.
    """

    what: str
    held_out: Measured
    general: Measured
    kept: bool

    @property
    def gain(self) -> float:
        """What both kinds of queries gained together."""
        return self.held_out.gain + self.general.gain

    def __str__(self) -> str:
        """Return it in words."""
        verdict = "kept" if self.kept else "not kept"
        held_out = f"{self.held_out.before:.4f} -> {self.held_out.after:.4f}"
        general = f"{self.general.before:.4f} -> {self.general.after:.4f}"
        return f"{self.what}: held-out {held_out}, general {general}: {verdict}"


@dataclass(frozen=True, slots=True)
class FirstHit:
    """A query whose first hit changed: ids of documents, and which of the two answers it."""

    query: str
    before: str
    after: str
    better: bool


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What came out.

    Attributes:
        model: The student to search with: the adapted one, or the one it started from.
        start: The student it started from.
        adapted: Whether anything was gained, so that there is an adapted one.
        strength: How much of the difference between tokens it keeps; 0: tokens count alike.
        trained: The share of the trained weights in its weights, 0 to 1; the start has the rest.
        documents: How many documents stood for the corpus.
        held_out: Queries that were not learned from: made from documents of the corpus, or those
            that were given.
        general: Queries about a handbook that has nothing to do with the corpus.
        changed: Examples of held-out queries whose first hit changed.
        tried: All students that were tried, in their order.
    """

    model: str
    start: str
    adapted: bool
    strength: float
    trained: float
    documents: int
    held_out: Measured
    general: Measured
    changed: tuple[FirstHit, ...] = ()
    tried: tuple[Attempt, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield what a person wants to know, a line each."""
        if self.adapted:
            yield f"adapted student written to {self.model}"
        else:
            yield f"nothing was gained: {self.start} stays, and no student was written"
        yield from (f"tried {one}" for one in self.tried)
        yield f"held-out queries: nDCG@10 {self.held_out}"
        yield f"general queries: nDCG@10 {self.general}"
        for one in self.changed:
            mark = "+" if one.better else "-"
            yield f"{mark} {one.query!r}: {one.before} -> {one.after}"


def first_hits(
    trials: Sequence[Trial], before: Outcome, after: Outcome, ids: Sequence[str]
) -> tuple[FirstHit, ...]:
    """Return examples of queries whose first hit changed: those that changed most come first."""
    order = np.argsort(-np.abs(after.gains - before.gains), kind="stable")
    changed = [i for i in order.tolist() if before.firsts[i] != after.firsts[i]]
    return tuple(
        FirstHit(
            query=trials[i].text[:100],
            before=ids[before.firsts[i]],
            after=ids[after.firsts[i]],
            better=bool(after.gains[i] > before.gains[i]),
        )
        for i in changed[:_EXAMPLES]
    )
