"""How is one phase trained? sentence-transformers' trainer, with our loss, schedule and order."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colmodern.distill.checkpoints import multiplies_bf16
from colmodern.distill.data.lists import PhaseRows
from colmodern.distill.data.pieces import load_pieces
from colmodern.distill.options.training import Phase
from colmodern.distill.recipe import Recipe
from colmodern.distill.student.model import load_student
from colmodern.distill.student.vocabulary import markers_of
from colmodern.distill.teachers.token_teachers import load_token_teachers
from colmodern.types import Progress

if TYPE_CHECKING:
    from sentence_transformers import MultiVectorEncoder, MultiVectorEncoderTrainer

_EMBEDDINGS = r"(tok_embeddings|word_embeddings|embed_tokens)\.weight$"


def make_trainer(
    recipe: Recipe,
    phase: Phase,
    *,
    rows: PhaseRows,
    student: Path,
    pieces: Path,
    axes: Path,
    evaluator: Any | None,
    work: Path,
    progress: Progress | None,
) -> MultiVectorEncoderTrainer:
    """Return a trainer that is ready to start or to go on.

    Args:
        recipe: The whole recipe.
        phase: Which phase.
        rows: Its lists.
        student: The checkpoint to start from.
        pieces: The Arrow file of pieces, for the regulariser.
        axes: What vectors of the warm start's teachers are projected by (``.npy``), if they are.
        evaluator: Measures on the dev queries; None: nobody does.
        work: Where checkpoints go.
        progress: Told the steps.

    Raises:
        EncoderError: A checkpoint cannot be read.
    """
    from datasets import Dataset
    from sentence_transformers import MultiVectorEncoderTrainer

    from colmodern.distill.losses.list_loss import ListLoss
    from colmodern.distill.training.callbacks import MicroBatch, ReportProgress

    model = load_student(student, attn_implementation=phase.attention)
    micro = MicroBatch()
    arguments = training_arguments(recipe, phase, work=work, evaluator=evaluator)
    n_rows = phase.steps * phase.batch_size * phase.accumulation * arguments.world_size
    order = rows.order(n_rows, rows_a_document=phase.rows_a_document, seed=recipe.seed)
    dataset = Dataset.from_dict({"row": order})
    dataset.set_transform(rows)
    prefixes = (recipe.student.query_prefix, recipe.student.document_prefix)
    loss = ListLoss(
        model,
        phase,
        n_head=(1 + bool(prefixes[0]), 1 + bool(prefixes[1])),
        regulariser=_regulariser(recipe, phase, pieces, axes, model, micro.draw),
    )
    return MultiVectorEncoderTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset,
        loss=loss,
        evaluator=evaluator,
        callbacks=[micro, ReportProgress(f"train {phase.name}", progress)],
    )


def training_arguments(recipe: Recipe, phase: Phase, *, work: Path, evaluator: Any | None) -> Any:
    """Return the trainer's arguments: what the phase says, in its words."""
    import torch
    from sentence_transformers import MultiVectorEncoderTrainingArguments

    shape = recipe.student
    ways = range(1, phase.n_ways + 1)
    prompts = {"query": shape.query_prefix} if shape.query_prefix else {}
    if shape.document_prefix:
        prompts |= {f"document_{way}": shape.document_prefix for way in ways}
    measures = evaluator is not None and phase.measure_every > 0
    return MultiVectorEncoderTrainingArguments(
        output_dir=str(work),
        max_steps=phase.steps,
        per_device_train_batch_size=phase.batch_size,
        gradient_accumulation_steps=phase.accumulation,
        learning_rate=phase.learning_rate,
        learning_rate_mapping={_EMBEDDINGS: phase.embedding_learning_rate or phase.learning_rate},
        weight_decay=phase.weight_decay,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={
            "num_decay_steps": round(phase.steps * phase.decay),
            "decay_type": "linear",
        },
        warmup_steps=round(phase.steps * phase.warm_up),
        bf16=phase.bf16 and multiplies_bf16(),
        use_cpu=not torch.cuda.is_available(),  # else bf16 is refused
        gradient_checkpointing=phase.gradient_checkpointing,
        logging_steps=_log_every(phase.checkpoint_every),
        save_strategy="steps",
        save_steps=phase.checkpoint_every,
        save_total_limit=phase.keep + 1,
        eval_strategy="steps" if measures else "no",
        eval_steps=phase.measure_every if measures else None,
        seed=recipe.seed,
        data_seed=recipe.seed,
        report_to=_reports(),
        disable_tqdm=True,
        dataloader_pin_memory=False,
        batch_sampler=in_order,
        max_length={"query": phase.query_length, "document": phase.document_length},
        prompts=prompts or None,
        ddp_find_unused_parameters=False,
    )


def in_order(dataset: Any, **options: Any) -> Any:
    """Return a batch sampler that keeps the order of the rows, which is drawn already."""
    from sentence_transformers.base.sampler import DefaultBatchSampler
    from torch.utils.data import SequentialSampler

    return DefaultBatchSampler(SequentialSampler(dataset), **options)


def _log_every(checkpoint_every: int) -> int:
    """Return a number of steps that divides the one between checkpoints, 10 at most.

    So the mean losses of the log are the same, interrupted or not.
    """
    return max(n for n in range(1, min(10, checkpoint_every) + 1) if checkpoint_every % n == 0)


def _reports() -> list[str]:
    return ["tensorboard"] if importlib.util.find_spec("tensorboard") else []


def _regulariser(
    recipe: Recipe,
    phase: Phase,
    pieces: Path,
    axes: Path,
    model: MultiVectorEncoder,
    draw: Callable[[], int],
) -> Any | None:
    from colmodern.distill.losses.list_loss import TokenRegulariser

    if not phase.regulariser_weight or recipe.warm_start is None:
        return None
    ids, offsets = load_pieces(pieces)
    teachers = load_token_teachers(recipe.warm_start, model.tokenizer)
    if axes.is_file():  # the warm start turned them
        teachers.turn(np.load(axes))
    return TokenRegulariser(
        teachers,
        (np.asarray(ids), offsets),
        markers=markers_of(model.tokenizer),
        options=recipe.warm_start,
        budget=phase.regulariser_tokens,
        draw=draw,
    )
