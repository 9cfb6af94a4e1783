"""What does a ModernBERT make of a pack of token ids?

The model is that of Warner et al. 2024 (arXiv:2412.13663). The pack is many sequences one after
another without padding. Linear layers, norms and the gated MLP see its rows in chunks and care
for no sequence borders; attention runs by sequence. Each layer is two rounds of jobs, so one long
document keeps as many threads busy as many short ones. The chunks do not depend on the number of
threads, hence neither do the results.

This defines what the compiled pass (``csrc/encoder``) computes, and is what runs on
``COLMODERN_ISA=reference``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from colmodern.encoder.checkpoint.model_config import ModernBertConfig
from colmodern.encoder.forward.arithmetic import RotaryTable, gated_gelu
from colmodern.encoder.forward.attention import find_runs, plan_attention
from colmodern.encoder.forward.weights import LayerWeights, ModernBertWeights
from colmodern.encoder.forward.workers import Job
from colmodern.types import FloatMatrix, IntVector

RunJobs = Callable[[Sequence[Job]], None]

_CHUNK_ROWS = (
    256  # rows of a linear layer at once: large for the matrix product, small for the cache
)


def run_in_turn(jobs: Sequence[Job]) -> None:
    """Run the jobs one after another in this thread."""
    for job in jobs:
        job()


class ModernBert:
    """A ModernBERT in NumPy, float32. Stateless between calls, but for its rotary tables."""

    def __init__(self, config: ModernBertConfig, weights: ModernBertWeights) -> None:
        """Keep the weights; nothing is copied."""
        self.config = config
        self._weights = weights
        self._global_rotary = RotaryTable(config.global_theta, config.head_dim)
        self._local_rotary = RotaryTable(config.local_theta, config.head_dim)

    def encode(
        self,
        ids: IntVector,
        lengths: Sequence[int],
        *,
        seen: Sequence[int] | None = None,
        run_jobs: RunJobs = run_in_turn,
    ) -> FloatMatrix:
        """Return the last hidden state of every token, after the final norm.

        Args:
            ids: Token ids of all sequences, one after another, shape (tokens,).
            lengths: How many ids each sequence has, each at least 1; their sum is ``len(ids)``.
            seen: How many tokens of each sequence may be looked at, from its first; all if None.
            run_jobs: Runs a list of independent jobs and returns when all are done.

        Returns:
            Shape (tokens, hidden_size), float32.
        """
        if sum(lengths) != len(ids):
            raise ValueError(f"lengths add up to {sum(lengths)}, but there are {len(ids)} ids.")
        return _Pass(self, ids, lengths, lengths if seen is None else seen).run(run_jobs)

    def rotations(self, positions: IntVector, *, is_global: bool) -> NDArray[np.complex64]:
        """Return the rotations of the positions in one kind of layer, shape (n, head_dim / 2)."""
        return (self._global_rotary if is_global else self._local_rotary).at(positions)

    @property
    def weights(self) -> ModernBertWeights:
        """The weights in the form the forward pass wants."""
        return self._weights


class _Pass:
    """One forward pass: its arrays and the jobs on them."""

    def __init__(
        self, model: ModernBert, ids: IntVector, lengths: Sequence[int], seen: Sequence[int]
    ) -> None:
        config = model.config
        n_tokens = len(ids)
        self._weights = model.weights
        self._global_layers = config.global_layers
        self._ids = ids
        self._hidden = np.empty((n_tokens, config.hidden_size), np.float32)
        self._qkv = np.empty((n_tokens, 3, config.n_heads, config.head_dim), np.float32)
        self._mixed = np.empty((n_tokens, config.n_heads, config.head_dim), np.float32)
        positions = np.concatenate([np.arange(n, dtype=np.int64) for n in lengths])
        kinds = set(self._global_layers)
        self._rotations = {kind: model.rotations(positions, is_global=kind) for kind in kinds}
        runs = find_runs(lengths, seen)
        self._attention = {
            kind: plan_attention(
                self._qkv, self._mixed, runs, radius=None if kind else config.local_radius
            )
            for kind in kinds
        }
        n_chunks = max(1, -(-n_tokens // _CHUNK_ROWS))
        borders = np.linspace(0, n_tokens, n_chunks + 1).astype(int)
        self._chunks = [slice(int(a), int(b)) for a, b in pairwise(borders)]

    def run(self, run_jobs: RunJobs) -> FloatMatrix:
        """Run all layers and return the hidden rows."""
        layers = self._weights.layers
        run_jobs([self._job(self._embed, rows) for rows in self._chunks])
        for index, layer in enumerate(layers):
            run_jobs(self._attention[self._global_layers[index]])
            run_jobs([self._job(self._finish_layer, rows, layer, index) for rows in self._chunks])
        return self._hidden

    @staticmethod
    def _job(function: Callable[..., None], *arguments: object) -> Job:
        return lambda: function(*arguments)

    def _embed(self, rows: slice) -> None:
        weights = self._weights
        self._hidden[rows] = weights.embedding_norm(weights.embeddings.rows(self._ids[rows]))
        self._start_layer(rows, 0)

    def _start_layer(self, rows: slice, index: int) -> None:
        """Make queries, keys and values, and turn the first two by their positions."""
        layer = self._weights.layers[index]
        hidden = self._hidden[rows]
        if layer.attention_norm is not None:
            hidden = layer.attention_norm(hidden)
        qkv = self._qkv[rows]
        layer.qkv(hidden, out=qkv.reshape(len(qkv), -1))
        turned = qkv[:, :2].view(np.complex64)
        turned *= self._rotations[self._global_layers[index]][rows][:, None, None, :]

    def _finish_layer(self, rows: slice, layer: LayerWeights, index: int) -> None:
        """Add what attention and MLP found, then go on to the next layer or the end."""
        hidden = self._hidden[rows]
        hidden += layer.attention_out(self._mixed[rows].reshape(len(hidden), -1))
        hidden += layer.mlp_out(gated_gelu(layer.mlp_in(layer.mlp_norm(hidden))))
        if index + 1 < len(self._weights.layers):
            self._start_layer(rows, index + 1)
        else:
            self._hidden[rows] = self._weights.final_norm(hidden)
