"""How is the student trained on lists? In phases, whose last checkpoints are averaged."""

from __future__ import annotations

from dataclasses import dataclass

from colmodern.distill.options.require import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of training with its own data, lengths, losses and learning rate.

    Attributes:
        name: What to call it; its checkpoints lie in a folder of that name.
        long: Train on sources marked ``long`` only (else on the others).
        steps: Optimiser steps.
        batch_size: Queries a device and micro-batch.
        accumulation: Micro-batches a step.
        n_ways: Documents a query, the positive first. 1: only contrastive, in the batch.
        rows_a_document: So many queries of one document come together, which costs its encoding
            once. Queries without a partner come alone.
        query_length: Longer queries are cut.
        document_length: Longer documents are cut; up to what the student's positions allow, or,
            with windows, to anything.
        window: Documents are encoded in windows of so many tokens, as at search time; 0: whole.
        tokens_a_chunk: Tokens that go through the model at once.
        cached: Chunks keep no activations but are computed again in the backward pass, so that
            batches may be large (Gao et al. 2021, GradCache; here by checkpointing).
        kl_weight: Of the KL divergence between scaled score lists.
        student_temperature: Of the student's list, scaled to [0, 1].
        teacher_temperature: Of the teacher's list, scaled to [0, 1].
        contrastive_weight: Of the cross-entropy over all documents of the batch.
        contrastive_temperature: Of the MaxSim sums there.
        regulariser_weight: Of the warm start's loss on other pieces.
        regulariser_tokens: Tokens of such pieces a micro-batch.
        learning_rate: At its peak.
        embedding_learning_rate: Of word embeddings; 0: the same.
        warm_up: Share of steps in which the learning rate rises.
        decay: Share of steps in which it falls; in between it is stable.
        weight_decay: Of AdamW.
        bf16: Mixed precision, where the device multiplies bfloat16.
        gradient_checkpointing: Keep no activations of layers, for long documents.
        attention: Attention of transformers: ``sdpa``, ``eager``, ``flash_attention_2``.
        checkpoint_every: Steps between checkpoints.
        measure_every: Steps between measurements on the dev queries; 0: only at the end.
        keep: Checkpoints that are kept for averaging.
    """

    name: str
    long: bool = False
    steps: int
    batch_size: int = 16
    accumulation: int = 1
    n_ways: int = 8
    rows_a_document: int = 1
    query_length: int = 64
    document_length: int = 256
    window: int = 0
    tokens_a_chunk: int = 4096
    cached: bool = False
    kl_weight: float = 1.0
    student_temperature: float = 0.25
    teacher_temperature: float = 0.25
    contrastive_weight: float = 0.0
    contrastive_temperature: float = 1.0
    regulariser_weight: float = 0.0
    regulariser_tokens: int = 1024
    learning_rate: float = 1e-4
    embedding_learning_rate: float = 0.0
    warm_up: float = 0.05
    decay: float = 0.3
    weight_decay: float = 0.01
    bf16: bool = False
    gradient_checkpointing: bool = False
    attention: str = "sdpa"
    checkpoint_every: int = 50
    measure_every: int = 0
    keep: int = 1

    def __post_init__(self) -> None:
        """Check what belongs together."""
        where = f"The phase {self.name!r}"
        require(self.steps >= 1, f"{where} needs steps of 1 at least, not {self.steps}.")
        require(
            self.kl_weight == 0 or self.n_ways >= 2,
            f"{where}: n_ways {self.n_ways} with a kl_weight: a list of one document teaches "
            "nothing; set n_ways to 2 at least, or kl_weight to 0.",
        )
        require(
            self.kl_weight > 0 or self.contrastive_weight > 0,
            f"{where} has neither a kl_weight nor a contrastive_weight.",
            code="option_conflict",
        )
        temperatures = (
            self.student_temperature,
            self.teacher_temperature,
            self.contrastive_temperature,
        )
        require(min(temperatures) > 0, f"{where}: temperatures must be above 0.")
        require(
            self.warm_up + self.decay <= 1,
            f"{where}: warm_up and decay are shares of one run.",
            code="option_conflict",
        )
        require(
            self.window == 0 or self.window > 2,
            f"{where}: window is 0 or above 2.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecipe:
    """The phases, one after the other."""

    phases: tuple[Phase, ...]

    def __post_init__(self) -> None:
        """Check names."""
        names = [phase.name for phase in self.phases]
        require(bool(names), "[train] needs a phase: [[train.phase]].", code="option_missing")
        require(
            len(set(names)) == len(names),
            f"Two phases have one name: {names}.",
            code="option_conflict",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageRecipe:
    """The mean of the weights of the last checkpoints of the last phase.

    Attributes:
        last: So many checkpoints.
        start_weight: How much of the student before ``train`` is in the mean, 0 to below 1.
    """

    last: int = 1
    start_weight: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        require(self.last >= 1, f"[average] last is 1 at least, not {self.last}.")
        require(
            0 <= self.start_weight < 1,
            f"[average] start-weight lies from 0 to below 1, not {self.start_weight}.",
        )
