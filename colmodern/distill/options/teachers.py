"""Who scores lists of documents?"""

from __future__ import annotations

from dataclasses import dataclass

from colmodern.distill.options.require import require


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherRecipe:
    """A cross-encoder, fine-tuned from any encoder checkpoint on lists with mined negatives."""

    base: str
    base_licence: str = ""
    n_lists: int
    n_ways: int = 4
    max_length: int = 192
    batch_size: int = 8
    learning_rate: float = 5e-5
    warm_up: float = 0.1
    weight_decay: float = 0.01
    checkpoint_every: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTeacher:
    """Who scores lists.

    Attributes:
        kind: ``cross-encoder``; ``single-vector`` and ``late``, the cosine and the MaxSim of an
            encoder's mean and token vectors; ``bm25``.
        model: A folder, ``package:NAME`` or a hub name; ``teacher`` is the one of the stage
            ``teacher``. Not for ``bm25``.
        weight: In the mean of the teachers, each list scaled to [0, 1].
        max_length: Tokens of a text, or of a pair, that it reads.
    """

    kind: str
    model: str = ""
    weight: float = 1.0
    max_length: int = 256

    def __post_init__(self) -> None:
        """Check the kind."""
        kinds = ("cross-encoder", "single-vector", "late", "bm25")
        require(
            self.kind in kinds,
            f"A teacher's kind is one of {kinds}, not {self.kind!r}.",
            code="option_not_allowed",
        )
        require(
            bool(self.model) != (self.kind == "bm25"),
            f"A {self.kind} teacher needs {'no' if self.kind == 'bm25' else 'a'} model.",
            code="option_conflict",
        )
        require(self.weight > 0, f"A teacher's weight must be above 0, not {self.weight}.")

    @property
    def key(self) -> str:
        """What its scores are called in the lists."""
        return f"{self.kind} {self.model}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecipe:
    """Who scores n-way lists, and what is thrown out of them.

    Attributes:
        teachers: Their scaled scores are averaged by weight.
        n_candidates: At most so many documents of a list are scored, the positive included.
        n_ways: So many are kept: the positive and the negatives that the teachers score highest.
        margin: A negative whose scaled score is not this far below the positive's may well be an
            answer; it is thrown out.
        limit: At most so many lists, drawn by the seed; 0: all.
        part: Lists that are scored and written together.
    """

    teachers: tuple[ListTeacher, ...]
    n_candidates: int = 12
    n_ways: int = 8
    margin: float = 0.0
    limit: int = 0
    part: int = 512

    def __post_init__(self) -> None:
        """Check that there is a teacher, and something to compare."""
        require(
            bool(self.teachers),
            "[score] needs a teacher: [[score.teacher]].",
            code="option_missing",
        )
        require(
            2 <= self.n_ways <= self.n_candidates,
            f"[score] n_ways lies in 2..n_candidates, not {self.n_ways}: a list of one document "
            "teaches nothing.",
        )
