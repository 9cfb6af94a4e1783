"""How does a small ModernBERT learn to produce another model's token vectors?

The stage ``warm-start``. The teacher runs in the loop on the same tokens; ``token_loss.py`` says
what is minimised. Without a teacher the stage only builds the student.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colmodern.distill.checkpoints import (
    find_checkpoint,
    load_frozen,
    multiplies_bf16,
    reading_dtype,
    token_vectors,
    training_device,
)
from colmodern.distill.data.batches import collate, endless_batches
from colmodern.distill.data.pieces import load_pieces
from colmodern.distill.losses.token_loss import token_losses
from colmodern.distill.options.student import WarmStartRecipe
from colmodern.distill.recipe import Recipe
from colmodern.distill.student.model import (
    Student,
    build_student,
    principal_projection,
    save_student,
    start_student,
)
from colmodern.distill.student.vocabulary import load_tokenizer, markers_of, refuse_other
from colmodern.errors import ConfigError, InputError
from colmodern.types import Progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

logger = logging.getLogger(__name__)

_SAMPLED_BATCHES = 24  # for the first projection
_LOG_EVERY = 25


@dataclass(slots=True)
class Trainee:
    """What the loop changes: the student and the optimiser."""

    student: Student
    optimiser: torch.optim.Optimizer
    step: int = 0
    tokens: int = 0

    @property
    def device(self) -> torch.device:
        """Where the student is."""
        return self.student.projection.weight.device

    def save(self, path: Path) -> None:
        """Write everything needed to go on, atomically."""
        import torch

        path.parent.mkdir(exist_ok=True)
        scratch = path.with_suffix(".partial")
        torch.save(
            {
                "student": self.student.backbone.state_dict(),
                "projection": self.student.projection.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "tokens": self.tokens,
            },
            scratch,
        )
        scratch.replace(path)

    def restore(self, path: Path) -> None:
        """Take up where ``save`` left off."""
        import torch

        state = torch.load(path, weights_only=True, map_location=self.device)
        self.student.backbone.load_state_dict(state["student"])
        self.student.projection.load_state_dict(state["projection"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.tokens = state["step"], state["tokens"]


def begin_student(recipe: Recipe, tokenizer: Path, folder: Path) -> None:
    """Write the student before any training, in ``folder/start``.

    Raises:
        ConfigError: The checkpoint to start from, or the teacher, does not suit the recipe.
        EncoderError: One of them cannot be read.
    """
    words = load_tokenizer(tokenizer)
    shape = recipe.student
    if shape.start:
        student = start_student(shape, words, seed=recipe.seed)
    else:
        teacher = None if recipe.warm_start is None else _teacher(recipe.warm_start, words)
        student = build_student(shape, words, teacher=teacher, seed=recipe.seed)
    save_student(student, shape, folder / "start")


def warm_start(
    recipe: Recipe, *, pieces: Path, tokenizer: Path, folder: Path, progress: Progress | None
) -> None:
    """Train up to the recipe's number of tokens, from the last checkpoint if there is one.

    Args:
        recipe: The whole recipe.
        pieces: The Arrow file of the stage ``prepare``.
        tokenizer: The folder of the student's tokenizer.
        folder: Where ``student/``, ``log.jsonl`` and, meanwhile, ``work/checkpoint.pt`` go.
        progress: Called with tokens done and tokens to do.

    Raises:
        ConfigError: The teacher does not suit the student.
        InputError: There are no pieces.
    """
    assert recipe.warm_start is not None
    options = recipe.warm_start
    words = load_tokenizer(tokenizer)
    teacher = _teacher(options, words)
    ids, offsets = load_pieces(pieces)
    if len(offsets) < 2:
        raise InputError(
            f"{pieces} holds no piece of text: [[prepare.source]] matched no text.",
            code="data_empty",
        )
    trainee = _new_trainee(recipe, words, teacher, ids, offsets)
    checkpoint, log = folder / "work" / "checkpoint.pt", folder / "log.jsonl"
    if checkpoint.exists():
        trainee.restore(checkpoint)
        logger.info("going on at step %d, %d tokens", trainee.step, trainee.tokens)
    _forget_after(log, trainee.step)
    _train(trainee, teacher, ids, offsets, recipe, checkpoint, log, progress)
    trainee.save(checkpoint)
    save_student(trainee.student, recipe.student, folder / "student")


def _train(
    trainee: Trainee,
    teacher: PreTrainedModel,
    ids: np.ndarray,
    offsets: np.ndarray,
    recipe: Recipe,
    checkpoint: Path,
    log: Path,
    progress: Progress | None,
) -> None:
    assert recipe.warm_start is not None
    options = recipe.warm_start
    started, first = time.monotonic(), trainee.tokens
    batches = endless_batches(offsets, options.tokens_a_step, recipe.seed)
    for batch in islice(batches, trainee.step, None):
        if trainee.tokens >= options.tokens:
            break
        losses = _step(trainee, teacher, batch, ids, offsets, options, recipe.seed)
        if trainee.step % _LOG_EVERY == 0:
            _log(log, trainee, {name: value.item() for name, value in losses.items()})
            speed = (trainee.tokens - first) / (time.monotonic() - started)
            logger.info("warm-start: %d tokens, %.0f a second", trainee.tokens, speed)
        if trainee.step % options.checkpoint_every == 0:
            trainee.save(checkpoint)
        if progress is not None:
            progress("warm-start", min(trainee.tokens, options.tokens), options.tokens)


def learning_rate_factor(done: float, options: WarmStartRecipe) -> float:
    """Return the share of the peak learning rate at ``done`` in [0, 1]: up, level, down to zero."""
    if done < options.warm_up:
        return done / options.warm_up
    return min(1.0, max(0.0, (1.0 - done) / options.decay))


def _teacher(options: WarmStartRecipe, words: Any) -> PreTrainedModel:
    folder = find_checkpoint(options.teacher)
    refuse_other(load_tokenizer(folder), words, where=folder)
    teacher: Any = load_frozen(folder, dtype=reading_dtype())
    return teacher.to(training_device())  # type: ignore[no-any-return]


def _new_trainee(
    recipe: Recipe,
    words: Any,
    teacher: PreTrainedModel,
    ids: np.ndarray,
    offsets: np.ndarray,
) -> Trainee:
    """Return the student at its start, with the first projection, and a new optimiser."""
    import torch

    assert recipe.warm_start is not None
    options, shape = recipe.warm_start, recipe.student
    if shape.start:
        student = start_student(shape, words, seed=recipe.seed)
    else:
        student = build_student(shape, words, teacher=teacher, seed=recipe.seed)
        sample = [
            token_vectors(teacher, *_rows(batch, ids, offsets, words)).cpu()
            for batch in islice(
                endless_batches(offsets, options.tokens_a_step, recipe.seed), _SAMPLED_BATCHES
            )
        ]
        student.projection = principal_projection(torch.cat(sample), shape.dim)
    if student.backbone.config.hidden_size != teacher.config.hidden_size:
        raise ConfigError(
            f"The student's hidden size {student.backbone.config.hidden_size} must be the "
            f"teacher's {teacher.config.hidden_size} for a warm start.",
            code="checkpoint_mismatch",
        )
    backbone: Any = student.backbone
    device = training_device()
    backbone.train().to(device)
    student.projection.to(device)
    return Trainee(student, _optimiser(student, options))


def _optimiser(student: Student, options: WarmStartRecipe) -> torch.optim.Optimizer:
    import torch

    embeddings = student.backbone.get_input_embeddings().weight
    rest = [p for p in student.backbone.parameters() if p is not embeddings]
    rate = options.learning_rate
    groups = [
        _group([embeddings], options.embedding_learning_rate, 0.0),
        _group([p for p in rest if p.ndim > 1], rate, options.weight_decay),
        _group([p for p in rest if p.ndim == 1], rate, 0.0),
        _group(list(student.projection.parameters()), rate / 4, 0.0),
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)


def _group(parameters: list[Any], peak: float, weight_decay: float) -> dict[str, Any]:
    return {"params": parameters, "peak": peak, "weight_decay": weight_decay}


def _step(
    trainee: Trainee,
    teacher: PreTrainedModel,
    batch: np.ndarray,
    ids: np.ndarray,
    offsets: np.ndarray,
    options: WarmStartRecipe,
    seed: int,
) -> dict[str, Tensor]:
    import torch

    factor = learning_rate_factor(trainee.tokens / options.tokens, options)
    for group in trainee.optimiser.param_groups:
        group["lr"] = group["peak"] * factor
    student = trainee.student
    markers = markers_of(student.tokenizer)
    rows, mask = _rows(batch, ids, offsets, student.tokenizer)
    target = token_vectors(teacher, rows, mask)
    keep = mask.bool()
    with torch.autocast(trainee.device.type, dtype=torch.bfloat16, enabled=multiplies_bf16()):
        hidden = student.backbone(input_ids=rows, attention_mask=mask).last_hidden_state[keep]
    losses = token_losses(
        hidden.float(),
        target,
        rows,
        keep,
        project=student.projection,
        markers=markers,
        options=options,
        draw=seed * 1_000_003 + trainee.step,
    )
    torch.autograd.backward(losses["loss"])
    parameters = [p for group in trainee.optimiser.param_groups for p in group["params"]]
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    trainee.optimiser.step()
    trainee.optimiser.zero_grad()
    trainee.step += 1
    trainee.tokens += int((offsets[batch + 1] - offsets[batch] + 2).sum())
    return losses


def _rows(
    batch: np.ndarray, ids: np.ndarray, offsets: np.ndarray, words: Any
) -> tuple[Tensor, Tensor]:
    """Return token ids and mask of some pieces, where training runs."""
    rows, mask = collate(batch, ids, offsets, markers_of(words))
    device = training_device()
    return rows.to(device), mask.to(device)


def _log(path: Path, trainee: Trainee, parts: dict[str, float]) -> None:
    entry: dict[str, Any] = {"step": trainee.step, "tokens": trainee.tokens}
    entry |= {name: round(value, 5) for name, value in parts.items()}
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(entry) + "\n")


def _forget_after(path: Path, step: int) -> None:
    """Drop what was logged after the checkpoint that the run goes on from."""
    if path.exists():
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        kept = [json.dumps(entry) + "\n" for entry in entries if entry["step"] <= step]
        path.write_text("".join(kept), encoding="utf-8")
