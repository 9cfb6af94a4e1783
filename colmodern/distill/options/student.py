"""What is the student, and what does its warm start learn?"""

from __future__ import annotations

from dataclasses import dataclass

from colmodern.distill.options.require import require


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentRecipe:
    """The shape of the student, a ModernBERT, and what it starts from.

    Attributes:
        start: A checkpoint to start from: a folder, ``package:NAME`` or a hub name; empty: random
            weights, with the word embeddings of the warm start's teacher if there is one. A
            checkpoint with fewer layers grows: new layers start as the identity.
        start_sha256: Of the start's ``model.safetensors``, first digits; empty: any.
        tokenizer: ``start`` or ``teacher`` by what there is (empty), or ``train``: a WordPiece
            vocabulary of the recipe's own texts.
        vocabulary_size: Of a trained vocabulary.
        markers: Whether [CLS] and [SEP] score: on ``neither`` side, or on ``both``. PyLate knows
            only ``both``.
        query_prefix: A token in front of every query, such as ``"[Q] "``.
        document_prefix: The same for documents.
    """

    start: str = ""
    start_sha256: str = ""
    tokenizer: str = ""
    vocabulary_size: int = 8000
    hidden_size: int = 384
    intermediate_size: int = 576
    n_layers: int = 4
    n_heads: int = 6
    global_every: int = 3
    local_attention: int = 128
    max_positions: int = 8192
    dim: int = 128
    query_length: int = 256
    document_length: int = 512
    markers: str = "neither"
    query_prefix: str = ""
    document_prefix: str = ""

    def __post_init__(self) -> None:
        """Check words and sizes."""
        require(
            self.markers in ("neither", "both"),
            f"[student] markers is 'neither' or 'both', not {self.markers!r}.",
            code="option_not_allowed",
        )
        require(
            self.tokenizer in ("", "train"),
            f"[student] tokenizer is '' or 'train', not {self.tokenizer!r}.",
            code="option_not_allowed",
        )
        require(
            self.hidden_size % self.n_heads == 0,
            f"[student] hidden_size {self.hidden_size} is no multiple of n_heads {self.n_heads}.",
            code="option_conflict",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTeacher:
    """One of several teachers of a warm start.

    Attributes:
        model: A folder, ``package:NAME`` or a hub name.
        licence: Its weights' licence, for the model card.
        weight: Of its similarities, in the mean of all teachers'.
    """

    model: str
    licence: str = ""
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Check the weight."""
        require(self.weight > 0, f"A teacher's weight must be above 0, not {self.weight}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmStartRecipe:
    """Token-level distillation: the student reproduces the token vectors of its teachers.

    Attributes:
        teacher: A folder, ``package:NAME`` or a hub name; or several of them, as ``teachers``.
        teacher_licence: Its weights' licence, for the model card.
        teachers: Several, whose vectors are set side by side and projected to the student's hidden
            size. The first gives the student its tokenizer and word embeddings.
        tokens: So many the student reads.
        target_tokens: Teachers run once, on pieces of so many tokens at most, and their vectors
            are kept on disk, two bytes a dimension: the stage ``targets``. The student reads these
            pieces again and again. 0: teachers run along with the student.
        embeddings_from_targets: A new student's word embeddings start as the mean kept vector of
            each token, not as the first teacher's: with several teachers those lie elsewhere.
        tokens_a_step: So many tokens make a step.
        learning_rate: Of all weights but the word embeddings; 0: those alone are trained.
        embedding_learning_rate: Of the word embeddings.
    """

    teacher: str = ""
    teacher_licence: str = ""
    teachers: tuple[TokenTeacher, ...] = ()
    tokens: int
    target_tokens: int = 0
    embeddings_from_targets: bool = False
    tokens_a_step: int = 4096
    learning_rate: float = 1e-3
    embedding_learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warm_up: float = 0.02
    decay: float = 0.3
    similarity_weight: float = 2.0
    maxsim_weight: float = 2.0
    sampled_tokens: int = 512
    checkpoint_every: int = 250

    def __post_init__(self) -> None:
        """Check that there is a teacher, and one way of naming it."""
        require(
            bool(self.teacher or self.teachers),
            "[warm-start] needs a teacher: teacher = '...', or [[warm-start.teacher]].",
            code="option_missing",
        )
        require(
            not (self.teachers and (self.teacher or self.teacher_licence)),
            "[warm-start] names its teachers in one way: teacher, or [[warm-start.teacher]].",
            code="option_conflict",
        )
        require(
            self.target_tokens >= 0,
            f"[warm-start] target_tokens must not be negative, but is {self.target_tokens}.",
        )
        require(
            self.target_tokens > 0 or not self.embeddings_from_targets,
            "[warm-start] embeddings_from_targets needs targets that are kept: set target_tokens.",
            code="option_missing",
        )

    @property
    def all_teachers(self) -> tuple[TokenTeacher, ...]:
        """All teachers, however they were named."""
        if self.teachers:
            return self.teachers
        return (TokenTeacher(model=self.teacher, licence=self.teacher_licence),)
