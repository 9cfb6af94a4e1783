"""How does a pack of token ids become token vectors in NumPy?

The twin of ``native.py``: the forward pass that defines what the compiled one computes, always in
float32. ``COLMODERN_ISA=reference`` asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from colmodern.encoder.checkpoint.model_config import ModernBertConfig
from colmodern.encoder.checkpoint.specs import DenseSpec, NormaliseSpec
from colmodern.encoder.checkpoint.tensors import StoredTensor
from colmodern.encoder.forward.modernbert import ModernBert
from colmodern.encoder.forward.projection import Projection
from colmodern.encoder.forward.runner import PACK_TOKENS
from colmodern.encoder.forward.weights import read_weights
from colmodern.encoder.forward.workers import Workers
from colmodern.errors import EncoderError
from colmodern.kernels import REFERENCE
from colmodern.types import FloatMatrix, IntVector


class ReferenceModel:
    """A backbone and its projection in NumPy."""

    isa = REFERENCE
    precision = "fp32"
    pack_tokens = PACK_TOKENS

    def __init__(
        self,
        path: Path,
        tensors: Mapping[str, StoredTensor],
        config: ModernBertConfig,
        projection: Sequence[DenseSpec | NormaliseSpec],
        precision: str,
        workers: Workers,
    ) -> None:
        """Read the weights.

        Raises:
            EncoderError: A tensor is missing or of another shape, or ``precision`` is not fp32.
        """
        if precision not in ("auto", self.precision):
            raise EncoderError(
                f"COLMODERN_ISA=reference encodes in fp32 only, not in {precision!r}. Unset it.",
                code="encoder_unsupported",
            )
        self._model = ModernBert(config, read_weights(path, tensors, config))
        self._projection = Projection(projection, hidden_size=config.hidden_size)
        self._workers = workers
        self.dim = self._projection.dim

    def forward(
        self,
        ids: IntVector,
        lengths: Sequence[int],
        seen: Sequence[int],
        kept: IntVector,
        *,
        threads: int,  # noqa: ARG002 - its workers know
    ) -> FloatMatrix:
        """Return the vectors of the kept rows of a pack, shape (len(kept), dim)."""
        with self._workers.running() as run_jobs:
            hidden = self._model.encode(ids, lengths, seen=seen, run_jobs=run_jobs)
        return self._projection(hidden[kept])
