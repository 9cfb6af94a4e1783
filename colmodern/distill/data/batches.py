"""Which pieces are in the batch of each step? The same for the same seed, whenever it is asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from colmodern.distill.student.vocabulary import Markers

if TYPE_CHECKING:
    from torch import Tensor

_WINDOW = 8192  # pieces that are sorted by length together


def endless_batches(offsets: np.ndarray, budget: int, seed: int) -> Iterator[np.ndarray]:
    """Yield the piece numbers of each step, epoch after epoch.

    Args:
        offsets: Where each piece starts, shape (n_pieces + 1,).
        budget: Tokens a step, markers and padding included.
        seed: Decides the order.
    """
    lengths = np.diff(offsets) + 2
    epoch = 0
    while True:
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(lengths))
        for start in range(0, len(order), _WINDOW):
            window = order[start : start + _WINDOW]
            window = window[np.argsort(lengths[window], kind="stable")]
            batches = list(_fill(window, lengths, budget))
            for index in rng.permutation(len(batches)):
                yield batches[index]
        epoch += 1


def batch_at(offsets: np.ndarray, budget: int, seed: int, step: int) -> np.ndarray:
    """Return pieces drawn for one step, without the ones before it.

    Args:
        offsets: Where each piece starts, shape (n_pieces + 1,).
        budget: Tokens at most, markers and padding included; one piece at least.
        seed: Decides the draw, with the step.
        step: Which one.
    """
    lengths = np.diff(offsets) + 2
    rng = np.random.default_rng([seed, step])
    drawn = rng.integers(0, len(lengths), max(1, budget // 16))
    padded = np.maximum.accumulate(lengths[drawn]) * np.arange(1, len(drawn) + 1)
    return drawn[: max(1, int((padded <= budget).sum()))]


def collate(
    batch: np.ndarray, ids: np.ndarray, offsets: np.ndarray, markers: Markers
) -> tuple[Tensor, Tensor]:
    """Return token ids and mask of pieces between their markers, both (n, longest), int64."""
    import torch

    lengths = offsets[batch + 1] - offsets[batch] + 2
    rows = np.full((len(batch), int(lengths.max())), markers.pad, np.int64)
    for row, piece, length in zip(rows, batch, lengths, strict=True):
        row[0], row[length - 1] = markers.cls, markers.sep
        row[1 : length - 1] = ids[offsets[piece] : offsets[piece + 1]]
    mask = np.arange(rows.shape[1]) < lengths[:, None]
    return torch.from_numpy(rows), torch.from_numpy(mask.astype(np.int64))


def chunks(lengths: Sequence[int], budget: int, *, spread: float = math.inf) -> Iterator[list[int]]:
    """Yield positions of texts by length, as many at a time as fit the budget when padded.

    Args:
        lengths: Of the texts.
        budget: Tokens at most, padding included; one text at least.
        spread: How much longer than its shortest text the longest of a chunk may be.
    """
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    chunk: list[int] = []
    for position in order:
        too_many = lengths[position] * (len(chunk) + 1) > budget
        too_long = bool(chunk) and lengths[position] > lengths[chunk[0]] + spread
        if chunk and (too_many or too_long):
            yield chunk
            chunk = []
        chunk.append(position)
    if chunk:
        yield chunk


def _fill(window: np.ndarray, lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    start = 0
    for end in range(1, len(window) + 1):
        full = end == len(window) or lengths[window[end]] * (end + 1 - start) > budget
        if full:
            yield window[start:end]
            start = end
