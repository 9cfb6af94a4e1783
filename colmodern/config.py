"""What can a user choose about building and searching an index?

Build-time options are stored in the manifest; search-time options belong to one call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from colmodern.errors import ConfigError

WORD_WEIGHT, LONG_WORD_WEIGHT, LONG_DOCUMENT = 0.05, 0.3, 2000
"""How much BM25 counts in the hybrid mode: more where documents have so many tokens on average,
since words say best which of many long documents is meant; docs/search.md has the measurement."""

_BITS = (1, 2, 4)
_MAX_POOL = 16

Choice = TypeVar("Choice", bound=StrEnum)


class Effort(StrEnum):
    """How hard a search tries: more effort finds more of the exact top and takes longer."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EXACT = "exact"


class Mode(StrEnum):
    """What decides the order of hits."""

    LATE = "late"
    BM25 = "bm25"
    HYBRID = "hybrid"


class Scoring(StrEnum):
    """How the matches of query tokens make a document's score."""

    AUTO = "auto"
    MAXSIM = "maxsim"
    CORRECTED = "corrected"


class Pooling(StrEnum):
    """Which tokens of a document share a vector, where ``pool`` is above 1."""

    ADJACENT = "adjacent"
    CLOSEST = "closest"


class Fusion(StrEnum):
    """How the hybrid mode makes one order of two."""

    RRF = "rrf"
    SCORES = "scores"


class _Room(NamedTuple):
    """How many documents a stage takes: the greatest of three numbers."""

    at_least: int
    a_hit: int
    tokens: int  # of all its documents together, about

    def documents(self, k: int) -> int:
        """Return how many documents for ``k`` hits, however long they are."""
        return max(self.at_least, self.a_hit * k)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an effort does; docs/search.md says how the numbers were found."""

    probes: int
    gathered: _Room
    candidates: _Room


def _one_of(kind: type[Choice], name: str, value: str) -> Choice:
    try:
        return kind(value)
    except ValueError as err:
        raise ConfigError(f"{name} must be one of {', '.join(kind)}, not {value!r}.") from err


_PLANS = {
    Effort.LOW: _Plan(16, _Room(64, 4, 16_000), _Room(24, 2, 6_000)),
    Effort.MEDIUM: _Plan(32, _Room(96, 8, 48_000), _Room(40, 4, 20_000)),
    Effort.HIGH: _Plan(64, _Room(256, 16, 128_000), _Room(100, 8, 60_000)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexConfig:
    """How an index is built.

    Attributes:
        bits: Bits for each dimension of a residual: 1, 2 or 4.
        n_centroids: How many centroids; None plans it from the number of tokens.
        seed: Decides the sample, the rotation and the k-means start.
        segment_tokens: A segment is closed when it holds this many tokens.
        sample_tokens: The codec is trained on at most this many token vectors.
        pool: How many tokens of a document share a vector on the mean; 1: none.
        pooling: Which do.
    """

    bits: int = 4
    n_centroids: int | None = None
    seed: int = 0
    segment_tokens: int = 2_000_000
    sample_tokens: int = 300_000
    pool: int = 1
    pooling: Pooling = Pooling.CLOSEST

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        if self.bits not in _BITS:
            raise ConfigError(f"bits must be one of {_BITS}, not {self.bits!r}.")
        if self.n_centroids is not None and not 1 <= self.n_centroids <= 1 << 24:
            raise ConfigError(f"n_centroids must lie in 1..2**24, not {self.n_centroids!r}.")
        for name in ("segment_tokens", "sample_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)!r}.")
        if not 1 <= self.pool <= _MAX_POOL:
            raise ConfigError(f"pool must lie in 1..{_MAX_POOL}, not {self.pool!r}.")
        object.__setattr__(self, "pooling", _one_of(Pooling, "pooling", self.pooling))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> IndexConfig:
        """Build a config from what ``to_dict`` returned; unknown names are refused."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(f"Unknown index option {unknown[0]!r}; known are {sorted(known)}.")
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParams:
    """How one search is done: a value, made for each call, never changed.

    Attributes:
        k: How many hits are wanted.
        probes: Centroids probed for each query token; None scores every document.
        gathered: How many documents are scored by all their centroids.
        candidates: How many of those are rescored by their codes.
        gathered_tokens: If that many tokens make more documents than ``gathered``, that many.
        candidate_tokens: The same for ``candidates``.
        threads: How many threads share the work; the hits do not depend on it.
        mode: What decides the order of hits: late interaction, BM25, or both.
        fusion: How the hybrid mode makes one order of two.
        word_weight: How much BM25 counts in the hybrid mode, 0 to 1; None: by the documents'
            length, as ``for_documents_of`` says.
        scoring: How matches make a score; ``auto`` is what the searcher's encoder was made for.
        passage_weight: How much the best passage counts beside the whole document, 0 to 1.
    """

    k: int
    probes: int | None
    gathered: int
    candidates: int
    gathered_tokens: int = 0
    candidate_tokens: int = 0
    threads: int = 1
    mode: Mode = Mode.LATE
    fusion: Fusion = Fusion.SCORES
    word_weight: float | None = None
    scoring: Scoring = Scoring.AUTO
    passage_weight: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        for name in ("k", "threads"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)!r}.")
        for name in ("word_weight", "passage_weight"):
            weight = getattr(self, name)
            if weight is not None and not 0 <= weight <= 1:
                raise ConfigError(f"{name} must lie in 0..1, not {weight!r}.")
        if self.passage_weight and self.mode is not Mode.LATE:
            raise ConfigError(f"passage_weight works in mode late only, not in {self.mode}.")

    @classmethod
    def for_k(
        cls,
        k: int,
        *,
        effort: Effort | str = Effort.MEDIUM,
        threads: int = 1,
        mode: Mode | str = Mode.LATE,
        fusion: Fusion | str = Fusion.SCORES,
        word_weight: float | None = None,
        scoring: Scoring | str = Scoring.AUTO,
        passage_weight: float = 0.0,
    ) -> SearchParams:
        """Return the parameters of an effort for ``k`` hits.

        Raises:
            ConfigError: ``k`` or ``threads`` is below 1, a weight lies outside 0..1, or the effort,
                the mode, the fusion or the scoring is unknown.
        """
        effort = _one_of(Effort, "effort", effort)
        found = cls(
            k=k,
            probes=None,
            gathered=k,
            candidates=k,
            threads=threads,
            mode=_one_of(Mode, "mode", mode),
            fusion=_one_of(Fusion, "fusion", fusion),
            word_weight=word_weight,
            scoring=_one_of(Scoring, "scoring", scoring),
            passage_weight=passage_weight,
        )
        if effort is Effort.EXACT:
            return found
        plan = _PLANS[effort]
        return replace(
            found,
            probes=plan.probes,
            gathered=plan.gathered.documents(k),
            candidates=plan.candidates.documents(k),
            gathered_tokens=plan.gathered.tokens,
            candidate_tokens=plan.candidates.tokens,
        )

    def for_documents_of(self, n_tokens: float) -> SearchParams:
        """Return the same for documents of so many tokens: more of them where they are short.

        A stage costs what its tokens cost, and short documents are ordered less well by their
        centroids than long ones. If no one said how much words count, the length says it too.
        """
        n_tokens = max(1.0, n_tokens)
        by_length = LONG_WORD_WEIGHT if n_tokens >= LONG_DOCUMENT else WORD_WEIGHT
        return replace(
            self,
            word_weight=by_length if self.word_weight is None else self.word_weight,
            gathered=max(self.gathered, round(self.gathered_tokens / n_tokens)),
            candidates=max(self.candidates, round(self.candidate_tokens / n_tokens)),
        )
