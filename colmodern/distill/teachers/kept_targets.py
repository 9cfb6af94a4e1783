"""Token vectors of teachers on disk: teachers that are expensive run once, students many times.

The stage ``targets``. Some pieces are chosen by the seed, as many as the recipe allows, and their
vectors are written shard by shard, each in one step, so that a run that was stopped goes on with
the shard it was in. ``pieces.npy`` holds the numbers of the pieces in their order, a shard the
vectors of a run of them as float16, ``axes.npy`` what they were projected
by, if they were.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colmodern.distill.checkpoints import training_device
from colmodern.distill.data.batches import chunks, collate
from colmodern.distill.data.pieces import load_pieces
from colmodern.distill.ledger import write_array
from colmodern.distill.recipe import Recipe
from colmodern.distill.student.model import build_student, start_backbone
from colmodern.distill.student.vocabulary import Markers, load_tokenizer, markers_of
from colmodern.distill.teachers.token_teachers import (
    TokenTeachers,
    find_axes,
    first_teacher,
    load_token_teachers,
)
from colmodern.errors import InputError
from colmodern.types import Progress

if TYPE_CHECKING:
    from torch import Tensor

logger = logging.getLogger(__name__)

_SHARD_TOKENS = 262_144
_TOKENS_A_BATCH = 8192
_PIECES, _AXES = "pieces.npy", "axes.npy"


@dataclass(frozen=True, slots=True)
class KeptTargets:
    """Pieces whose vectors lie on disk, numbered anew.

    Attributes:
        ids: Their token ids.
        offsets: Where each piece starts among them, (n_pieces + 1,).
        starts: Where each piece starts among the vectors: as ``offsets``, with its markers.
        ends: Where each shard ends among the vectors, (n_shards,).
        shards: The vectors, memory-mapped, each (n_tokens, hidden), float16.
    """

    ids: np.ndarray
    offsets: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    shards: list[np.ndarray]

    def __call__(self, batch: np.ndarray) -> Tensor:
        """Return the vectors of all tokens of some pieces, float32, (n_tokens, hidden)."""
        import torch

        return torch.from_numpy(np.concatenate([self._of(piece) for piece in batch])).float()

    def means(self, n_tokens: int, markers: Markers) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean vector of each token of a vocabulary, and how often it comes.

        Args:
            n_tokens: How many tokens the vocabulary has.
            markers: Those around every piece.

        Returns:
            Shape (n_tokens, hidden), float32, zeros where a token never comes; shape (n_tokens,).
        """
        tokens = np.empty(self.starts[-1], np.int64)
        is_inside = np.ones(len(tokens), bool)
        tokens[self.starts[:-1]], tokens[self.starts[1:] - 1] = markers.cls, markers.sep
        is_inside[self.starts[:-1]] = is_inside[self.starts[1:] - 1] = False
        tokens[is_inside] = self.ids
        sums = np.zeros((n_tokens, self.shards[0].shape[1]), np.float32)
        for shard, end in zip(self.shards, self.ends.tolist(), strict=True):
            of_shard = tokens[end - len(shard) : end]
            order = np.argsort(of_shard, kind="stable")
            found, firsts = np.unique(of_shard[order], return_index=True)
            sums[found] += np.add.reduceat(shard[order].astype(np.float32), firsts)
        counts = np.bincount(tokens, minlength=n_tokens)
        return sums / np.maximum(counts, 1)[:, np.newaxis].astype(np.float32), counts

    def _of(self, piece: int) -> np.ndarray:
        start, end = self.starts[piece], self.starts[piece + 1]
        shard = int(np.searchsorted(self.ends, start, side="right"))
        first = self.ends[shard - 1] if shard else 0
        return self.shards[shard][start - first : end - first]


def load_kept_targets(folder: Path, ids: np.ndarray, offsets: np.ndarray) -> KeptTargets:
    """Return what the stage ``targets`` wrote.

    Args:
        folder: Of the stage.
        ids: Token ids of all pieces.
        offsets: Where each of them starts.
    """
    chosen = np.load(folder / _PIECES)
    lengths = np.diff(offsets)
    is_chosen = np.zeros(len(lengths), bool)
    is_chosen[chosen] = True
    shards = [np.load(path, mmap_mode="r") for path in sorted(folder.glob("shard-*.npy"))]
    return KeptTargets(
        ids=ids[offsets[0] : offsets[-1]][np.repeat(is_chosen, lengths)],
        offsets=_bounds(lengths[chosen]),
        starts=_bounds(lengths[chosen] + 2),
        ends=np.cumsum([len(shard) for shard in shards]),
        shards=shards,
    )


def keep_targets(
    recipe: Recipe,
    *,
    pieces: Path,
    tokenizer: Path,
    folder: Path,
    progress: Progress | None,
) -> None:
    """Run all teachers once; called again after a stop, go on with the shard that was not done.

    Args:
        recipe: The whole recipe.
        pieces: The Arrow file of the stage ``prepare``.
        tokenizer: The folder of the student's tokenizer.
        folder: Where the vectors go.
        progress: Called with tokens done and tokens to do.

    Raises:
        ConfigError: A teacher does not suit the student, or what this starts from is missing.
        EncoderError: One of them cannot be read.
        InputError: There are no pieces, or the disk has no room.
    """
    assert recipe.warm_start is not None
    options, words = recipe.warm_start, load_tokenizer(tokenizer)
    ids, offsets = load_pieces(pieces)
    chosen = choose_pieces(offsets, options.target_tokens, recipe.seed)
    if len(chosen) == 0:
        raise InputError(f"{pieces} holds no piece of text to run teachers on.", code="data_empty")
    start, hidden_size = start_backbone(recipe.student), recipe.student.hidden_size
    if start is not None:
        hidden_size = start.config.hidden_size
    else:  # what the student cannot start from is refused before all work
        build_student(
            recipe.student, words, teacher=first_teacher(options, words), seed=recipe.seed
        )
    teachers = load_token_teachers(
        options, words, hidden_size=hidden_size, turned=recipe.turns_teachers
    ).to(training_device())
    lengths = np.diff(offsets)[chosen] + 2
    shards = [*_shards(lengths)]
    _refuse_full_disk(folder, shards, lengths, hidden_size)
    write_array(folder / _PIECES, chosen)
    if recipe.turns_teachers:
        axes = find_axes(
            folder / _AXES,
            teachers,
            (ids, offsets),
            words,
            hidden_size=hidden_size,
            seed=recipe.seed,
            start=start,
        )
        teachers.turn(axes).to(training_device())
    total, done = int(lengths.sum()), 0

    def report(n_tokens: int) -> None:
        if progress is not None:
            progress("targets", done + n_tokens, total)

    for number, span in enumerate(shards):
        path, n_tokens = _path(folder, number), int(lengths[span].sum())
        if not path.exists():
            started = time.monotonic()
            write_array(path, _vectors(teachers, chosen[span], ids, offsets, words, report))
            speed = n_tokens / (time.monotonic() - started)
            logger.info("targets: shard %d of %d, %.0f a second", number + 1, len(shards), speed)
        done += n_tokens
        report(0)


def choose_pieces(offsets: np.ndarray, target_tokens: int, seed: int) -> np.ndarray:
    """Return the numbers of pieces, in their order, that have so many tokens together at most."""
    lengths = np.diff(offsets) + 2
    order = np.random.default_rng([seed, 2]).permutation(len(lengths))
    return np.sort(order[np.cumsum(lengths[order]) <= target_tokens])


def _shards(lengths: np.ndarray) -> Iterator[slice]:
    """Yield runs of pieces of about as many tokens each."""
    number = (np.cumsum(lengths) - lengths) // _SHARD_TOKENS
    bounds = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(lengths)]
    for start, end in pairwise(bounds):
        yield slice(start, end)


def _vectors(
    teachers: TokenTeachers,
    chosen: np.ndarray,
    ids: np.ndarray,
    offsets: np.ndarray,
    words: Any,
    report: Callable[[int], None],
) -> np.ndarray:
    """Return the vectors of some pieces in their order, (n_tokens, hidden), float16."""
    lengths = np.diff(offsets)[chosen] + 2
    vectors: list[np.ndarray] = [np.empty(0)] * len(chosen)
    n_tokens = 0
    for positions in chunks(lengths.tolist(), _TOKENS_A_BATCH):
        rows, mask = collate(chosen[positions], ids, offsets, markers_of(words))
        device = training_device()
        found = teachers(rows.to(device), mask.to(device)).half().cpu().numpy()
        ends = np.cumsum(lengths[positions])
        for position, part in zip(positions, np.split(found, ends[:-1]), strict=True):
            vectors[position] = part
        n_tokens += len(found)
        report(n_tokens)
    return np.concatenate(vectors)


def _refuse_full_disk(
    folder: Path, shards: list[slice], lengths: np.ndarray, hidden_size: int
) -> None:
    """Say what the vectors take, and refuse to begin what does not fit.

    Raises:
        InputError: The disk has less room.
    """
    missing = [
        int(lengths[span].sum())
        for number, span in enumerate(shards)
        if not _path(folder, number).exists()
    ]
    need = 2 * hidden_size * sum(missing)
    free = shutil.disk_usage(folder).free
    logger.info(
        "targets: %d tokens, %.2f GB of disk; %.2f GB are free",
        lengths.sum(),
        2e-9 * hidden_size * lengths.sum(),
        free / 1e9,
    )
    if need > free:
        raise InputError(
            f"The vectors of {sum(missing):,} tokens need {need / 1e9:.2f} GB in {folder}, but "
            f"only {free / 1e9:.2f} GB are free: make target_tokens in [warm-start] smaller, or "
            "free some space.",
            code="file_not_written",
        )


def _path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:05}.npy"


def _bounds(lengths: np.ndarray) -> np.ndarray:
    """Return where runs of these lengths start and end, (n + 1,), int64."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
