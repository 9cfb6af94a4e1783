"""What can be asked? How an index is built and brought up to date, and how one search is done.

Each option is one field: what is allowed, its default and a line of help. All doors are derived
from the fields; what an effort means in numbers is decided in ``searcher.plan``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from colmodern.errors import ConfigError
from colmodern.options import Door, Options, option


class Effort(StrEnum):
    """How hard a search tries: more effort finds more of the exact top and takes longer."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EXACT = "exact"


class Mode(StrEnum):
    """What decides the order of hits."""

    AUTO = "auto"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexConfig(Options):
    """How an index is built; kept in its manifest."""

    WHAT: ClassVar[str] = "index option"

    bits: int = option(4, choices=(1, 2, 4), help="Bits a dimension of a new index: 1, 2 or 4.")
    n_centroids: int | None = option(
        None,
        minimum=1,
        maximum=1 << 24,
        doors=Door.NONE,
        unset="by the number of tokens",
        help="How many centroids the codec has.",
    )
    seed: int = option(
        0, doors=Door.NONE, help="Decides the sample, the rotation and the k-means start."
    )
    segment_tokens: int = option(
        2_000_000,
        minimum=1,
        doors=Door.NONE,
        help="A segment is closed when it holds this many tokens.",
    )
    merge: bool = option(
        True, doors=Door.NONE, help="A commit merges small segments that lie side by side."
    )
    sample_tokens: int = option(
        300_000,
        minimum=1,
        doors=Door.NONE,
        help="The codec is trained on at most this many token vectors.",
    )
    pool: int = option(
        1, minimum=1, maximum=16, help="Tokens that share a vector in a new index; 1: none."
    )
    pooling: Pooling = option(
        Pooling.CLOSEST, help="Which tokens share one: neighbours, or the most alike."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest(Options):
    """How a command that changes an index gets its turn."""

    WHAT: ClassVar[str] = "write option"

    wait: float = option(
        0.0, minimum=0, help="Seconds to wait while another process writes to the index."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest(WriteRequest):
    """How an index is brought up to date with its files."""

    WHAT: ClassVar[str] = "sync option"

    prune: bool = option(
        False,
        help="Delete more than a tenth of the documents, or all of a folder, without asking.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest(Options):
    """How one search is done: a value, made for each call.

    ``probes``, ``gathered``, ``candidates`` and their tokens are for experiments: by default the
    effort decides them. A stage takes so many documents, or as many as hold so many tokens if
    those are more.
    """

    WHAT: ClassVar[str] = "search option"

    k: int = option(10, minimum=1, flag="-k", doors=Door.COMMAND_LINE, help="How many hits.")
    effort: Effort = option(Effort.MEDIUM, help="How hard to try.")
    exact: bool = option(
        False, doors=Door.COMMAND_LINE, help="Score every document; the same as effort exact."
    )
    mode: Mode = option(
        Mode.AUTO, help="Late interaction, BM25, or both; auto: both, if the index has words."
    )
    fusion: Fusion = option(
        Fusion.SCORES,
        only=("mode", Mode.HYBRID, Mode.AUTO),
        help="Hybrid: fuse reciprocal ranks or normalised scores.",
    )
    word_weight: float | None = option(
        None,
        minimum=0,
        maximum=1,
        unset="by length",
        only=("mode", Mode.HYBRID, Mode.AUTO),
        label="",
        help="Hybrid: how much BM25 counts.",
    )
    scoring: Scoring = option(
        Scoring.AUTO, help="How matches make a score; auto: what the encoder was made for."
    )
    passage_weight: float = option(
        0.0,
        minimum=0,
        maximum=1,
        only=("mode", Mode.LATE, Mode.AUTO),
        label="passage",
        help="How much a document's best passage counts; mode late.",
    )
    where: str | None = option(
        None,
        doors=Door.COMMAND_LINE,
        help="Only documents with such metadata: year >= 2020 and path like 'docs/%'",
    )
    passages: bool = option(
        True, doors=Door.NONE, help="Also find the passage of each hit that matched."
    )
    threads: int | None = option(
        None, minimum=1, maximum=1024, help="Threads; by default all processors."
    )
    probes: int | None = option(
        None, minimum=1, doors=Door.SPEC, help="Centroids probed for each query token."
    )
    gathered: int | None = option(
        None, minimum=1, doors=Door.SPEC, help="Documents scored by all their centroids."
    )
    gathered_tokens: int | None = option(
        None, minimum=0, doors=Door.SPEC, help="The same in tokens, if that makes more."
    )
    candidates: int | None = option(
        None, minimum=1, doors=Door.SPEC, help="Documents of those rescored by their codes."
    )
    candidate_tokens: int | None = option(
        None, minimum=0, doors=Door.SPEC, help="The same in tokens, if that makes more."
    )

    @property
    def mode_said(self) -> Mode:
        """The mode; ``auto`` only where no other option needs one of the others."""
        if self.mode is not Mode.AUTO:
            return self.mode
        if self.passage_weight:
            return Mode.LATE
        return Mode.HYBRID if self._says_of_words else Mode.AUTO

    @property
    def _says_of_words(self) -> bool:
        """Whether it says how BM25 counts beside late interaction."""
        return self.word_weight is not None or self.fusion is not Fusion.SCORES

    @property
    def is_exact(self) -> bool:
        """Whether every document is scored by all its codes."""
        return self.exact or self.effort is Effort.EXACT

    def check_together(self) -> None:
        """Refuse values that are allowed alone and do not go together, and a filter of nothing."""
        if self.where is not None and not self.where.strip():
            raise ConfigError(
                "The filter is empty; write one such as: year >= 2020",
                code="filter_syntax",
                option="where",
                value=self.where,
            )
        if self.passage_weight and self._says_of_words:
            raise self.conflict("passage_weight", "does not go together with a weight of words")
        if self.exact and self.effort not in (Effort.MEDIUM, Effort.EXACT):
            raise self.conflict("effort", f"{self.effort} does not go together with exact")
        for name in ("gathered", "candidates"):
            value = getattr(self, name)
            if value is not None and value < self.k:
                raise self.conflict(name, f"must be at least k, {self.k}, not {value}")
        for name in STAGE_OPTIONS if self.is_exact else ():
            if getattr(self, name) is not None:
                raise self.conflict(
                    name, "does not go together with effort exact, which scores every document"
                )


STAGE_OPTIONS = ("probes", "gathered", "gathered_tokens", "candidates", "candidate_tokens")
"""What says in numbers how hard a search tries, instead of its effort."""


class SearchParams:
    """The former name of ``SearchRequest``; deprecated, it goes in the next version."""

    def __new__(cls, **options: Any) -> SearchRequest:  # type: ignore[misc]
        """Return a ``SearchRequest``."""
        _warn("SearchParams(...)")
        return SearchRequest(**options)

    @staticmethod
    def for_k(k: int, **options: Any) -> SearchRequest:
        """Return a ``SearchRequest``; its defaults are by effort already."""
        _warn("SearchParams.for_k(k)")
        return SearchRequest(k=k, **options)


def _warn(what: str) -> None:
    warnings.warn(
        f"{what} is now SearchRequest(k=...), with the same options",
        DeprecationWarning,
        stacklevel=3,
    )
