"""Who looks at whom, and how is that computed without a square of memory?

Sequences lie one after another in one array and never see each other. In a local layer a token
sees those at most ``radius`` away: blocks of queries against the keys in reach, linear in length.
In a global layer long sequences go through the softmax key block by key block with a running
maximum (Milakov and Gimelshein 2018), so memory stays linear too.

A sequence may end in tokens that look but are not seen (query expansion without attention).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from colmodern.types import FloatMatrix

FloatArray = NDArray[np.float32]

_QUERY_ROWS = 64  # queries of a block with all its keys at once
_DENSE_KEYS = 320  # a global layer takes sequences up to this length whole
_STREAM_ROWS = 256  # tile of the streaming softmax; a tile of scores fits a level-2 cache
_STREAM_KEYS = 384
_BLOCK_SCORES = 160_000  # scores held at once when equal sequences are taken together


@dataclass(frozen=True, slots=True)
class Run:
    """Equal sequences one after another: ``count`` of them from row ``start`` on.

    ``seen`` of the ``length`` tokens of each may be looked at; the rest only look.
    """

    start: int
    count: int
    length: int
    seen: int


def find_runs(lengths: Sequence[int], seen: Sequence[int]) -> list[Run]:
    """Return the sequences of a pack as runs of equal ones, in order."""
    runs: list[Run] = []
    start = 0
    for length, visible in zip(lengths, seen, strict=True):
        last = runs[-1] if runs else None
        if last is not None and (last.length, last.seen) == (length, visible):
            runs[-1] = Run(last.start, last.count + 1, length, visible)
        else:
            runs.append(Run(start, 1, length, visible))
        start += length
    return runs


def plan_attention(
    qkv: FloatArray, out: FloatArray, runs: Sequence[Run], *, radius: int | None
) -> list[Callable[[], None]]:
    """Return the jobs that together fill ``out``; they may run in any order, at the same time.

    Args:
        qkv: Shape (tokens, 3, heads, head_dim): queries (rotated and scaled), keys (rotated),
            values.
        out: Shape (tokens, heads, head_dim).
        runs: The sequences; together they cover every row.
        radius: How far a token sees, or None for the whole sequence.
    """
    band = None if radius is None else _Band(radius)
    jobs: list[Callable[[], None]] = []
    for run in runs:
        if band is None and run.seen > _DENSE_KEYS:
            jobs.extend(_streaming_jobs(qkv, out, run))
        else:
            jobs.extend(_block_jobs(qkv, out, run, band))
    return jobs


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Queries ``start`` to ``stop`` see keys ``low`` to ``high``; ``mask`` adds to the scores."""

    start: int
    stop: int
    low: int
    high: int
    mask: FloatArray | None


class _Band:
    """Which keys are in reach of a block of queries in a local layer."""

    def __init__(self, radius: int) -> None:
        """Make the mask of a block whose first key lies ``radius`` before its first query."""
        self.radius = radius
        rows = np.arange(_QUERY_ROWS)[:, None]
        keys = np.arange(_QUERY_ROWS + 2 * radius)[None, :] - radius
        self._mask = np.where(np.abs(rows - keys) <= radius, 0.0, -np.inf).astype(np.float32)

    def block(self, start: int, stop: int, seen: int) -> _Block:
        """Return the block of queries ``start`` to ``stop``, which all have a key in reach."""
        low, high = max(0, start - self.radius), min(seen, stop + self.radius)
        if stop - 1 - low <= self.radius and high - 1 - start <= self.radius:
            return _Block(start, stop, low, high, None)
        shift = low - (start - self.radius)
        mask = self._mask[: stop - start, shift : shift + high - low]
        return _Block(start, stop, low, high, mask)


def _block_jobs(
    qkv: FloatArray, out: FloatArray, run: Run, band: _Band | None
) -> Iterator[Callable[[], None]]:
    """Yield jobs for a run, so many sequences in each that its scores fit the cache."""
    keys = run.seen if band is None else min(run.seen, _QUERY_ROWS + 2 * band.radius)
    scores = qkv.shape[2] * min(run.length, _QUERY_ROWS) * keys
    together = max(1, _BLOCK_SCORES // scores)
    for first in range(0, run.count, together):
        count = min(together, run.count - first)
        rows = slice(run.start + first * run.length, run.start + (first + count) * run.length)
        shape = (count, run.length)
        inputs = qkv[rows].reshape(*shape, *qkv.shape[1:])
        outputs = out[rows].reshape(*shape, *out.shape[1:])
        yield partial(_attend_in_blocks, inputs, outputs, run, band)


def _attend_in_blocks(qkv: FloatArray, out: FloatArray, run: Run, band: _Band | None) -> None:
    for start in range(0, run.length, _QUERY_ROWS):
        stop = min(start + _QUERY_ROWS, run.length)
        if band is None:
            _attend(qkv, out, _Block(start, stop, 0, run.seen, None))
            continue
        in_reach = min(stop, run.seen + band.radius)  # tokens from there on see nothing
        out[:, max(start, in_reach) : stop] = 0.0
        if start < in_reach:
            _attend(qkv, out, band.block(start, in_reach, run.seen))


def _attend(qkv: FloatArray, out: FloatArray, block: _Block) -> None:
    """Fill the rows of a block in every sequence of the arrays (sequences, tokens, ...)."""
    rows, reach = slice(block.start, block.stop), slice(block.low, block.high)
    scores = np.matmul(
        qkv[:, rows, 0].transpose(0, 2, 1, 3), qkv[:, reach, 1].transpose(0, 2, 3, 1)
    )
    if block.mask is not None:
        scores += block.mask
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    mixed = np.matmul(scores, qkv[:, reach, 2].transpose(0, 2, 1, 3))
    mixed /= np.matmul(scores, np.ones((block.high - block.low, 1), np.float32))
    out[:, rows] = mixed.transpose(0, 2, 1, 3)


def _streaming_jobs(qkv: FloatArray, out: FloatArray, run: Run) -> Iterator[Callable[[], None]]:
    for index in range(run.count):
        first = run.start + index * run.length
        for start in range(first, first + run.length, _STREAM_ROWS):
            rows = slice(start, min(start + _STREAM_ROWS, first + run.length))
            yield partial(_stream_heads, qkv, out, rows, slice(first, first + run.seen))


def _stream_heads(qkv: FloatArray, out: FloatArray, rows: slice, reach: slice) -> None:
    for head in range(qkv.shape[2]):
        out[rows, head] = _stream(qkv[rows, 0, head], qkv[reach, 1, head], qkv[reach, 2, head])


def _stream(queries: FloatMatrix, keys: FloatMatrix, values: FloatMatrix) -> FloatMatrix:
    """Return softmax(queries keys^T) values, one block of keys at a time."""
    peak = np.full((len(queries), 1), -np.inf, np.float32)
    total = np.zeros((len(queries), 1), np.float32)
    mixed = np.zeros((len(queries), values.shape[1]), np.float32)
    buffer = np.empty((len(queries), _STREAM_KEYS), np.float32)
    for low in range(0, len(keys), _STREAM_KEYS):
        block = slice(low, low + _STREAM_KEYS)
        scores = buffer[:, : len(keys[block])]
        np.matmul(queries, keys[block].T, out=scores)
        new_peak = np.maximum(peak, scores.max(axis=1, keepdims=True))
        scores -= new_peak
        np.exp(scores, out=scores)
        shrink = np.exp(peak - new_peak)
        total *= shrink
        total += np.matmul(scores, np.ones((scores.shape[1], 1), np.float32))
        mixed *= shrink
        mixed += np.matmul(scores, values[block])
        peak = new_peak
    mixed /= total
    return mixed
