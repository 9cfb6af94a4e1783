"""How does a small ModernBERT learn to produce another model's token vectors?

The stage ``warm-start``. Teachers run in the loop on the same tokens, or their vectors are read
from the stage ``targets``; ``token_loss.py`` says what is minimised. Without a teacher the stage
only builds the student.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colmodern.distill.checkpoints import multiplies_bf16, training_device
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
    start_from_means,
    start_student,
)
from colmodern.distill.student.vocabulary import load_tokenizer, markers_of
from colmodern.distill.teachers.kept_targets import KeptTargets, load_kept_targets
from colmodern.distill.teachers.token_teachers import (
    find_axes,
    first_teacher,
    load_token_teachers,
)
from colmodern.errors import InputError
from colmodern.types import Progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor

logger = logging.getLogger(__name__)

_SAMPLED_BATCHES = 24  # for the first projection
_LOG_EVERY = 25
_SHORT_PIECE = 512  # tokens; of longer ones the products of plain attention take too much memory


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the student reads, and the vectors that it is to produce.

    Attributes:
        ids: Token ids of all pieces.
        offsets: Where each piece starts among them, (n_pieces + 1,).
        targets: From numbers of pieces, with their token ids and mask, to the unit vectors of their
            tokens, (n_tokens, hidden).
        on_axes: Whether the vectors' dimensions are principal axes, the first one first.
        kept: The vectors on disk; None: teachers run in the loop.
    """

    ids: np.ndarray
    offsets: np.ndarray
    targets: Callable[[np.ndarray, Tensor, Tensor], Tensor]
    on_axes: bool
    kept: KeptTargets | None = None


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
    student = _new_student(recipe, load_tokenizer(tokenizer))
    save_student(student, recipe.student, folder / "start")


def warm_start(
    recipe: Recipe,
    *,
    pieces: Path,
    tokenizer: Path,
    targets: Path,
    folder: Path,
    progress: Progress | None,
) -> None:
    """Train up to the recipe's number of tokens, from the last checkpoint if there is one.

    Args:
        recipe: The whole recipe.
        pieces: The Arrow file of the stage ``prepare``.
        tokenizer: The folder of the student's tokenizer.
        targets: The folder of the stage ``targets``, for a recipe that keeps the teachers' vectors.
        folder: Where ``student/``, ``log.jsonl`` and, meanwhile, ``work/checkpoint.pt`` go.
        progress: Called with tokens done and tokens to do.

    Raises:
        ConfigError: A teacher does not suit the student.
        InputError: There are no pieces.
    """
    words = load_tokenizer(tokenizer)
    ids, offsets = load_pieces(pieces)
    if len(offsets) < 2:
        raise InputError(
            f"{pieces} holds no piece of text: [[prepare.source]] matched no text.",
            code="data_empty",
        )
    student = _new_student(recipe, words)
    lessons = _lessons(recipe, student, ids, offsets, targets, folder)
    trainee = _new_trainee(recipe, student, lessons)
    checkpoint, log = folder / "work" / "checkpoint.pt", folder / "log.jsonl"
    if checkpoint.exists():
        trainee.restore(checkpoint)
        logger.info("going on at step %d, %d tokens", trainee.step, trainee.tokens)
    _forget_after(log, trainee.step)
    _train(trainee, lessons, recipe, checkpoint, log, progress)
    trainee.save(checkpoint)
    save_student(trainee.student, recipe.student, folder / "student")


def _train(
    trainee: Trainee,
    lessons: Lessons,
    recipe: Recipe,
    checkpoint: Path,
    log: Path,
    progress: Progress | None,
) -> None:
    assert recipe.warm_start is not None
    options = recipe.warm_start
    started, first = time.monotonic(), trainee.tokens
    batches = endless_batches(lessons.offsets, options.tokens_a_step, recipe.seed)
    for batch in islice(batches, trainee.step, None):
        if trainee.tokens >= options.tokens:
            break
        losses = _step(trainee, lessons, batch, options, recipe.seed)
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


def _new_student(recipe: Recipe, words: Any) -> Student:
    """Return the student at its start."""
    shape = recipe.student
    if shape.start:
        return start_student(shape, words, seed=recipe.seed)
    teacher = None if recipe.warm_start is None else first_teacher(recipe.warm_start, words)
    return build_student(shape, words, teacher=teacher, seed=recipe.seed)


def _lessons(
    recipe: Recipe,
    student: Student,
    ids: np.ndarray,
    offsets: np.ndarray,
    targets: Path,
    folder: Path,
) -> Lessons:
    """Return the pieces with what teachers say of them: their own words, or what was kept."""
    assert recipe.warm_start is not None
    options, words, device = recipe.warm_start, student.tokenizer, training_device()
    turned = recipe.turns_teachers
    if options.target_tokens:
        kept = load_kept_targets(targets, ids, offsets)
        return Lessons(
            kept.ids, kept.offsets, lambda batch, *_: kept(batch).to(device), turned, kept
        )
    backbone: Any = student.backbone
    hidden_size = backbone.config.hidden_size
    teachers = load_token_teachers(options, words, hidden_size=hidden_size, turned=turned).to(
        device
    )
    if turned:
        axes = find_axes(
            folder / "axes.npy",
            teachers,
            (ids, offsets),
            words,
            hidden_size=hidden_size,
            seed=recipe.seed,
            start=backbone.train(mode=False) if recipe.student.start else None,
        )
        teachers.turn(axes).to(device)
    return Lessons(ids, offsets, lambda _, rows, mask: teachers(rows, mask), turned)


def _new_trainee(recipe: Recipe, student: Student, lessons: Lessons) -> Trainee:
    """Return the student with its first projection and word embeddings, and a new optimiser."""
    assert recipe.warm_start is not None
    if not recipe.student.start:
        student.projection = _first_projection(recipe, student, lessons)
        if recipe.warm_start.embeddings_from_targets:
            assert lessons.kept is not None
            start_from_means(student, lessons.kept.means)
    backbone: Any = student.backbone
    device = training_device()
    backbone.train().to(device)
    if device.type == "cpu" and max(recipe.prepare.lengths) <= _SHORT_PIECE:
        backbone.set_attn_implementation("eager")  # the backward pass of the fused one is slow
    student.projection.to(device)
    return Trainee(student, _optimiser(student, recipe.warm_start))


def _first_projection(recipe: Recipe, student: Student, lessons: Lessons) -> torch.nn.Linear:
    """Return the projection that changes inner products of the teachers' vectors least."""
    import torch

    assert recipe.warm_start is not None
    dim, hidden_size = recipe.student.dim, student.backbone.config.hidden_size
    if lessons.on_axes:
        projection = torch.nn.Linear(hidden_size, dim, bias=False)
        with torch.no_grad():
            projection.weight.copy_(torch.eye(dim, hidden_size))
        return projection
    batches = endless_batches(lessons.offsets, recipe.warm_start.tokens_a_step, recipe.seed)
    sample = [
        lessons.targets(batch, *_rows(batch, lessons, student.tokenizer)).cpu()
        for batch in islice(batches, _SAMPLED_BATCHES)
    ]
    return principal_projection(torch.cat(sample), dim)


def _optimiser(student: Student, options: WarmStartRecipe) -> torch.optim.Optimizer:
    import torch

    embeddings = student.backbone.get_input_embeddings().weight
    rest = [p for p in student.backbone.parameters() if p is not embeddings]
    projection, rate = list(student.projection.parameters()), options.learning_rate
    groups = [_group([embeddings], options.embedding_learning_rate, 0.0)]
    if rate:
        groups += [
            _group([p for p in rest if p.ndim > 1], rate, options.weight_decay),
            _group([p for p in rest if p.ndim == 1], rate, 0.0),
            _group(projection, rate / 4, 0.0),
        ]
    else:
        for parameter in (*rest, *projection):
            parameter.requires_grad_(False)
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)


def _group(parameters: list[Any], peak: float, weight_decay: float) -> dict[str, Any]:
    return {"params": parameters, "peak": peak, "weight_decay": weight_decay}


def _step(
    trainee: Trainee,
    lessons: Lessons,
    batch: np.ndarray,
    options: WarmStartRecipe,
    seed: int,
) -> dict[str, Tensor]:
    import torch

    factor = learning_rate_factor(trainee.tokens / options.tokens, options)
    for group in trainee.optimiser.param_groups:
        group["lr"] = group["peak"] * factor
    student = trainee.student
    markers = markers_of(student.tokenizer)
    rows, mask = _rows(batch, lessons, student.tokenizer)
    target = lessons.targets(batch, rows, mask)
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
    trainee.tokens += int((lessons.offsets[batch + 1] - lessons.offsets[batch] + 2).sum())
    return losses


def _rows(batch: np.ndarray, lessons: Lessons, words: Any) -> tuple[Tensor, Tensor]:
    """Return token ids and mask of some pieces, where training runs."""
    rows, mask = collate(batch, lessons.ids, lessons.offsets, markers_of(words))
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
