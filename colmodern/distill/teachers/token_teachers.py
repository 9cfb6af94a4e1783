"""What token vectors is a student to produce? A teacher's, or those of several side by side.

Unit vectors of several teachers, each times the root of its share of the weights, make one unit
vector whose inner products are the weighted mean of theirs. It is longer than the student's, so it
is turned onto the principal axes of a sample of tokens, as many as the student's hidden size has
dimensions. Uncentred axes change inner products least. A student that has learnt from such teachers
before has axes of its own, which differ by a rotation: then the new axes are turned to agree with
them (orthogonal Procrustes), so that nothing has to be learnt again.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colmodern.distill.checkpoints import (
    find_checkpoint,
    load_frozen,
    reading_dtype,
    token_vectors,
    training_device,
)
from colmodern.distill.data.batches import collate, endless_batches
from colmodern.distill.ledger import write_array
from colmodern.distill.options.student import WarmStartRecipe
from colmodern.distill.student.vocabulary import (
    load_tokenizer,
    markers_of,
    refuse_other,
    token_numbers,
)
from colmodern.errors import ConfigError

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

logger = logging.getLogger(__name__)

_SAMPLED_TOKENS = 131_072  # for the axes
_TOKENS_A_BATCH = 4096


class TokenTeachers:
    """The frozen teachers of a warm start."""

    def __init__(
        self, models: list[Any], numbers: list[Tensor | None], shares: list[float]
    ) -> None:
        """Keep them.

        Args:
            models: The transformers.
            numbers: For each the number that each token of the student has there, (n_tokens,);
                None: the same numbers.
            shares: For each its share of the weights.
        """
        self._models = models
        self._numbers = numbers
        self._roots = [share**0.5 for share in shares]
        self._axes: Tensor | None = None

    @property
    def n_dims(self) -> int:
        """Dimensions of all their vectors together."""
        return sum(model.config.hidden_size for model in self._models)

    def to(self, device: torch.device) -> TokenTeachers:
        """Move them to where training runs."""
        self._models = [model.to(device) for model in self._models]
        self._numbers = [None if n is None else n.to(device) for n in self._numbers]
        self._axes = None if self._axes is None else self._axes.to(device)
        return self

    def turn(self, axes: np.ndarray) -> TokenTeachers:
        """Project all vectors from now on, by axes of shape (n_dims, hidden)."""
        import torch

        self._axes = torch.from_numpy(axes)
        return self

    def __call__(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the unit vectors of the tokens in ``mask``, float32, (n_tokens, hidden).

        Args:
            ids: The student's token ids, (n_pieces, longest).
            mask: 1 where there is a token, of the same shape.
        """
        import torch

        together = torch.cat(
            [root * self._vectors(i, ids, mask) for i, root in enumerate(self._roots)], dim=1
        )
        if self._axes is None:
            return together
        return torch.nn.functional.normalize(together @ self._axes, dim=-1)

    def _vectors(self, which: int, ids: Tensor, mask: Tensor) -> Tensor:
        numbers = self._numbers[which]
        return token_vectors(self._models[which], ids if numbers is None else numbers[ids], mask)


def load_token_teachers(
    options: WarmStartRecipe, words: Any, *, hidden_size: int | None = None, turned: bool = False
) -> TokenTeachers:
    """Return all teachers of a warm start, on the CPU.

    Args:
        options: Which teachers.
        words: The student's tokenizer.
        hidden_size: The student's; None: it has been checked.
        turned: Whether their vectors will be projected by axes; see ``Recipe.turns_teachers``.

    Raises:
        ConfigError: A teacher is missing, has not the student's tokens, or vectors of a size that
            the student cannot learn.
        EncoderError: A teacher cannot be read.
    """
    models, numbers = [], []
    for entry in options.all_teachers:
        folder = find_checkpoint(entry.model)
        numbers.append(_numbers(load_tokenizer(folder), words, folder))
        models.append(load_frozen(folder, dtype=reading_dtype()))
    total = sum(entry.weight for entry in options.all_teachers)
    shares = [entry.weight / total for entry in options.all_teachers]
    teachers = TokenTeachers(models, numbers, shares)
    if hidden_size is not None:
        _refuse_size(teachers, hidden_size, turned=turned)
    return teachers


def first_teacher(options: WarmStartRecipe, words: Any) -> PreTrainedModel:
    """Return the teacher whose word embeddings a new student starts from.

    Raises:
        ConfigError: Its tokens have other numbers than the student's.
        EncoderError: It cannot be read.
    """
    folder = find_checkpoint(options.all_teachers[0].model)
    refuse_other(load_tokenizer(folder), words, where=folder)
    return load_frozen(folder, dtype=reading_dtype())


def find_axes(
    path: Path,
    teachers: TokenTeachers,
    pieces: tuple[np.ndarray, np.ndarray],
    words: Any,
    *,
    hidden_size: int,
    seed: int,
    start: PreTrainedModel | None,
) -> np.ndarray:
    """Return the leading principal axes of the teachers' vectors side by side, (n_dims, hidden).

    Args:
        path: The file they are kept in (``.npy``); it is written unless it is there.
        teachers: Not turned yet.
        pieces: Token ids and offsets; a sample is read.
        words: The student's tokenizer.
        hidden_size: So many axes.
        seed: Decides the sample.
        start: What the student starts from: the axes are turned to come near to its hidden states.
            None: they stay.
    """
    import torch

    if path.exists():
        kept: np.ndarray = np.load(path)
        return kept
    ids, offsets = pieces
    if start is not None:
        reading: Any = start
        reading.to(training_device())
    moments = torch.zeros(teachers.n_dims, teachers.n_dims, dtype=torch.float64)
    common = torch.zeros(teachers.n_dims, hidden_size, dtype=torch.float64)
    enough = min(_SAMPLED_TOKENS, int(offsets[-1]) + 2 * (len(offsets) - 1))
    n_tokens = 0
    for batch in endless_batches(offsets, _TOKENS_A_BATCH, seed):
        rows, mask = collate(batch, ids, offsets, markers_of(words))
        rows, mask = rows.to(training_device()), mask.to(training_device())
        vectors = teachers(rows, mask)
        moments += (vectors.T @ vectors).double().cpu()
        if start is not None:
            common += (vectors.T @ token_vectors(start, rows, mask)).double().cpu()
        n_tokens += len(vectors)
        if n_tokens >= enough:
            break
    values, directions = torch.linalg.eigh(moments)
    leading = directions.flip(1)[:, :hidden_size]
    if start is not None:
        left, _, right = torch.linalg.svd(leading.T @ common)
        leading = leading @ (left @ right)
    axes: np.ndarray = leading.float().contiguous().numpy()
    share = (values[-hidden_size:].sum() / values.sum()).item()
    logger.info(
        "%d axes hold %.3f of the squared length of %d tokens", hidden_size, share, n_tokens
    )
    write_array(path, axes)
    return axes


def _numbers(theirs: Any, ours: Any, folder: Path) -> Tensor | None:
    import torch

    numbers = token_numbers(theirs, ours, where=folder)
    same = np.array_equal(numbers, np.arange(len(numbers)))
    return None if same else torch.from_numpy(numbers)


def _refuse_size(teachers: TokenTeachers, hidden_size: int, *, turned: bool) -> None:
    if not turned and teachers.n_dims != hidden_size:
        raise ConfigError(
            f"The student's hidden size {hidden_size} must be the teacher's {teachers.n_dims} for "
            "a warm start.",
            code="checkpoint_mismatch",
        )
    if teachers.n_dims < hidden_size:
        raise ConfigError(
            f"The student's hidden size {hidden_size} is more than the {teachers.n_dims} "
            "dimensions that its teachers have together; make it smaller.",
            code="checkpoint_mismatch",
        )
