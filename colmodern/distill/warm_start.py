"""How does a small ModernBERT learn to produce another model's token vectors?

The stage ``warm-start``. The teacher runs in the loop on the same tokens. Three losses: the cosine
of every hidden state to the teacher's vector, the similarities between sampled tokens of a step
after the projection, and the best match of sampled tokens in every other piece, which is what
MaxSim will add up.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colmodern.distill.losses import cosine_loss, maxsim_loss, similarity_loss
from colmodern.distill.pieces import load_pieces
from colmodern.distill.recipe import Recipe, WarmStartRecipe
from colmodern.distill.student import build_student, principal_projection
from colmodern.distill.teacher import find_teacher, load_teacher, token_vectors
from colmodern.types import Progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
    from transformers import ModernBertModel, PreTrainedModel

logger = logging.getLogger(__name__)

_CLS, _SEP = 101, 102
_WINDOW = 8192  # pieces that are sorted by length together


@dataclass(slots=True)
class Trainee:
    """What the loop changes: the student, its projection and the optimiser."""

    student: ModernBertModel
    projection: nn.Linear
    optimiser: torch.optim.Optimizer
    step: int = 0
    tokens: int = 0

    def save(self, path: Path) -> None:
        """Write everything needed to go on, atomically."""
        import torch

        scratch = path.with_suffix(".partial")
        torch.save(
            {
                "student": self.student.state_dict(),
                "projection": self.projection.state_dict(),
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

        state = torch.load(path, weights_only=True)
        self.student.load_state_dict(state["student"])
        self.projection.load_state_dict(state["projection"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.tokens = state["step"], state["tokens"]


def warm_start(
    recipe: Recipe, *, pieces: Path, folder: Path, progress: Progress | None = None
) -> Trainee:
    """Train up to the recipe's number of tokens, from the last checkpoint if there is one.

    Args:
        recipe: The whole recipe.
        pieces: The Arrow file of the stage ``prepare``.
        folder: Where ``checkpoint.pt`` and ``log.jsonl`` go.
        progress: Called with tokens done and tokens to do.
    """
    import torch

    options = recipe.warm_start
    teacher = load_teacher(find_teacher(options.teacher), dtype=torch.bfloat16)
    ids, offsets = load_pieces(pieces)
    trainee = _new_trainee(recipe, teacher, ids, offsets)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        trainee.restore(checkpoint)
        logger.info("going on at step %d, %d tokens", trainee.step, trainee.tokens)
    started, first = time.monotonic(), trainee.tokens
    for number, batch in enumerate(_endless_batches(offsets, options, recipe.seed)):
        if number < trainee.step:
            continue
        if trainee.tokens >= options.tokens:
            break
        parts = _step(trainee, teacher, *_collate(batch, ids, offsets), options, recipe.seed)
        if trainee.step % 25 == 0:
            speed = (trainee.tokens - first) / (time.monotonic() - started)
            _log(folder / "log.jsonl", trainee, parts, speed)
        if trainee.step % options.checkpoint_every == 0:
            trainee.save(checkpoint)
        if progress is not None:
            progress("warm-start", min(trainee.tokens, options.tokens), options.tokens)
    trainee.save(checkpoint)
    return trainee


def learning_rate_factor(done: float, options: WarmStartRecipe) -> float:
    """Return the share of the peak learning rate at ``done`` in [0, 1]: up, level, down to zero."""
    if done < options.warm_up:
        return done / options.warm_up
    return min(1.0, max(0.0, (1.0 - done) / options.decay))


def _new_trainee(
    recipe: Recipe, teacher: PreTrainedModel, ids: np.ndarray, offsets: np.ndarray
) -> Trainee:
    import torch

    options = recipe.warm_start
    student = build_student(recipe.student, teacher, seed=recipe.seed)
    sample = []
    for batch, _ in zip(_endless_batches(offsets, options, recipe.seed), range(24), strict=False):
        sample.append(token_vectors(teacher, *_collate(batch, ids, offsets)))
    projection = principal_projection(torch.cat(sample), recipe.student.dim)
    embeddings = [student.embeddings.tok_embeddings.weight]
    matrices = [p for n, p in student.named_parameters() if p.ndim > 1 and "tok_emb" not in n]
    vectors = [p for p in student.parameters() if p.ndim == 1]
    groups = [
        {"params": embeddings, "peak": options.embedding_learning_rate, "weight_decay": 0.0},
        {"params": matrices, "peak": options.learning_rate, "weight_decay": options.weight_decay},
        {"params": vectors, "peak": options.learning_rate, "weight_decay": 0.0},
        {
            "params": list(projection.parameters()),
            "peak": options.learning_rate / 4,
            "weight_decay": 0.0,
        },
    ]
    optimiser = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)
    return Trainee(student, projection, optimiser)


def _step(
    trainee: Trainee,
    teacher: PreTrainedModel,
    ids: Tensor,
    mask: Tensor,
    options: WarmStartRecipe,
    seed: int,
) -> dict[str, float]:
    import torch

    factor = learning_rate_factor(trainee.tokens / options.tokens, options)
    for group in trainee.optimiser.param_groups:
        group["lr"] = group["peak"] * factor
    target = token_vectors(teacher, ids, mask)
    keep = mask.bool()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = trainee.student(input_ids=ids, attention_mask=mask).last_hidden_state[keep]
    losses = _losses(hidden.float(), target, trainee, keep, ids, options, seed)
    torch.autograd.backward(losses["loss"])
    parameters = [p for group in trainee.optimiser.param_groups for p in group["params"]]
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    trainee.optimiser.step()
    trainee.optimiser.zero_grad()
    trainee.step += 1
    trainee.tokens += int(keep.sum())
    return {name: value.item() for name, value in losses.items()}


def _losses(
    hidden: Tensor,
    target: Tensor,
    trainee: Trainee,
    keep: Tensor,
    ids: Tensor,
    options: WarmStartRecipe,
    seed: int,
) -> dict[str, Tensor]:
    import torch
    from torch.nn.functional import normalize

    numbers = torch.arange(len(ids)).unsqueeze(1).expand_as(ids)[keep]
    real = ((ids[keep] != _CLS) & (ids[keep] != _SEP)).nonzero().squeeze(1)
    rng = torch.Generator().manual_seed(seed * 1_000_003 + trainee.step)
    order = torch.randperm(len(real), generator=rng)
    rows = torch.arange(min(options.sampled_tokens, len(real)))
    vectors = normalize(trainee.projection(hidden[real]), dim=-1)[order]
    wanted, numbers = target[real][order], numbers[real][order]
    parts = {
        "cosine": cosine_loss(hidden, target),
        "similarity": similarity_loss(vectors[rows], wanted[rows]),
        "maxsim": maxsim_loss(vectors, wanted, rows, numbers, len(ids)),
    }
    parts["loss"] = (
        parts["cosine"]
        + options.similarity_weight * parts["similarity"]
        + options.maxsim_weight * parts["maxsim"]
    )
    return parts


def _endless_batches(
    offsets: np.ndarray, options: WarmStartRecipe, seed: int
) -> Iterator[np.ndarray]:
    """Yield piece numbers of each step: the same order for the same seed, epoch after epoch."""
    lengths = np.diff(offsets) + 2
    epoch = 0
    while True:
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(lengths))
        for start in range(0, len(order), _WINDOW):
            window = order[start : start + _WINDOW]
            window = window[np.argsort(lengths[window], kind="stable")]
            batches = list(_fill(window, lengths, options.tokens_a_step))
            for index in rng.permutation(len(batches)):
                yield batches[index]
        epoch += 1


def _fill(window: np.ndarray, lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    start = 0
    for end in range(1, len(window) + 1):
        full = end == len(window) or lengths[window[end]] * (end + 1 - start) > budget
        if full:
            yield window[start:end]
            start = end


def _collate(batch: np.ndarray, ids: np.ndarray, offsets: np.ndarray) -> tuple[Tensor, Tensor]:
    import torch

    lengths = offsets[batch + 1] - offsets[batch] + 2
    rows = np.zeros((len(batch), int(lengths.max())), np.int64)
    for row, piece, length in zip(rows, batch, lengths, strict=True):
        row[0], row[length - 1] = _CLS, _SEP
        row[1 : length - 1] = ids[offsets[piece] : offsets[piece + 1]]
    mask = np.arange(rows.shape[1]) < lengths[:, None]
    return torch.from_numpy(rows), torch.from_numpy(mask.astype(np.int64))


def _log(path: Path, trainee: Trainee, parts: dict[str, float], speed: float) -> None:
    entry: dict[str, Any] = {"step": trainee.step, "tokens": trainee.tokens}
    entry |= {name: round(value, 5) for name, value in parts.items()}
    entry["tokens_a_second"] = round(speed)
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(entry) + "\n")
