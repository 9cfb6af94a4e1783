"""How does a pack of token ids become token vectors in compiled code?

The weights are packed once for the instruction set and the precision at hand; the embedding table
stays mapped. ``modernbert.py`` and ``projection.py`` define what is computed; on
``COLMODERN_ISA=reference`` they run instead, and nothing else falls back to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from colmodern.encoder.arithmetic import rotary_frequencies
from colmodern.encoder.checkpoint import DenseSpec, NormaliseSpec
from colmodern.encoder.model_config import ModernBertConfig
from colmodern.encoder.projection import ACTIVATION_NAMES, DenseTensors, dense_tensors
from colmodern.encoder.runner import PACK_TOKENS
from colmodern.encoder.tensors import StoredTensor
from colmodern.encoder.weights import TensorFile, backbone_file
from colmodern.errors import ConfigError, EncoderError
from colmodern.kernels import NATIVE_ISAS, active_isa, native
from colmodern.types import FloatMatrix, IntVector

Precision = Literal["fp32", "bf16", "int8"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
AUTO = "auto"
_FAST_BYTES = ("avx512vnni", "amx")  # what multiplies bytes faster than bfloat16


def choose_precision(wanted: str, *, bytes_measured: bool = False) -> str:
    """Return the precision to encode in: the one asked for, or for ``auto`` the best one here.

    ``auto`` takes bf16 where the machine has such products and fp32 elsewhere. int8 is the fastest
    on every machine with VNNI, but how much it changes depends on the checkpoint, so it is taken
    only for one with which that was measured (docs/encoder.md).

    Args:
        wanted: ``auto`` or a precision.
        bytes_measured: That int8 leaves the quality of this checkpoint as it is.

    Raises:
        ConfigError: The name is not known.
        EncoderError: The machine has no products of that precision.
    """
    if wanted not in (AUTO, *PRECISIONS):
        allowed = ", ".join((AUTO, *PRECISIONS))
        raise ConfigError(f"precision is {wanted!r}, expected one of {allowed}.")
    if wanted == AUTO:
        return _best_precision(bytes_measured)
    if not _can_encode(wanted):
        raise EncoderError(
            f"This machine cannot encode in {wanted}: it has no such products "
            f"({active_isa()}). Leave precision at 'auto', or take 'fp32' or 'int8'."
        )
    return wanted


def _best_precision(bytes_measured: bool) -> str:
    if bytes_measured and active_isa() in _FAST_BYTES:
        return "int8"
    return "bf16" if _can_encode("bf16") else "fp32"


def _can_encode(precision: str) -> bool:
    isa = NATIVE_ISAS.index(active_isa())
    return bool(native().can_encode(isa, PRECISIONS.index(precision)))


class NativeModel:
    """A backbone and its projection in compiled code. Stateless; safe in several threads."""

    def __init__(
        self,
        path: Path,
        tensors: Mapping[str, StoredTensor],
        config: ModernBertConfig,
        projection: Sequence[DenseSpec | NormaliseSpec],
        *,
        precision: str,
        threads: int,
    ) -> None:
        """Pack the weights.

        Args:
            path: Where the tensors of the backbone are, for messages.
            tensors: Those tensors.
            config: Their shape.
            projection: What follows the backbone.
            precision: ``fp32``, ``bf16`` or ``int8``.
            threads: How many threads pack.

        Raises:
            EncoderError: A tensor is missing or has another shape than the configuration says.
        """
        self.precision = precision
        self.isa = active_isa()
        self.pack_tokens = PACK_TOKENS
        file = backbone_file(path, tensors)
        self._model = native().Model(
            NATIVE_ISAS.index(self.isa),
            PRECISIONS.index(precision),
            [
                config.vocab_size,
                config.hidden_size,
                config.intermediate_size,
                config.n_heads,
                config.local_radius,
            ],
            config.norm_eps,
            [
                _stored(
                    file.take(
                        "embeddings.tok_embeddings.weight",
                        (config.vocab_size, config.hidden_size),
                    )
                ),
                *_norm(file, "embeddings.norm", config),
                *_norm(file, "final_norm", config),
            ],
            rotary_frequencies(config.global_theta, config.head_dim).tolist(),
            rotary_frequencies(config.local_theta, config.head_dim).tolist(),
        )
        for index, is_global in enumerate(config.global_layers):
            self._model.add_layer(is_global, _layer(file, config, index), threads)
        dim = config.hidden_size
        for spec in projection:
            if isinstance(spec, NormaliseSpec):
                self._model.add_normalisation()
                continue
            dense = dense_tensors(spec, dim)
            self._add_dense(dense, dim, threads)
            dim = dense.outputs
        self.dim = dim

    def forward(
        self,
        ids: IntVector,
        lengths: Sequence[int],
        seen: Sequence[int],
        kept: IntVector,
        *,
        threads: int,
    ) -> FloatMatrix:
        """Return the vectors of the kept rows of a pack, shape (len(kept), dim).

        Raises:
            ValueError: Lengths do not add up, or an id is outside the vocabulary.
        """
        vectors = np.empty((len(kept), self.dim), np.float32)
        self._model.forward(
            ids,
            np.asarray(lengths, np.int64),
            np.asarray(seen, np.int64),
            kept,
            threads,
            vectors,
        )
        return vectors

    def _add_dense(self, dense: DenseTensors, inputs: int, threads: int) -> None:
        self._model.add_dense(
            inputs,
            dense.outputs,
            ACTIVATION_NAMES.index(dense.activation),
            dense.residual,
            [_stored(dense.weight), _stored(dense.bias), _stored(dense.residual_weight)],
            threads,
        )


def _stored(tensor: StoredTensor | None) -> Any:
    return None if tensor is None else tensor.values


def _norm(file: TensorFile, name: str, config: ModernBertConfig) -> list[Any]:
    width = (config.hidden_size,)
    bias = file.take(f"{name}.bias", width) if config.norm_bias else None
    return [_stored(file.take(f"{name}.weight", width)), _stored(bias)]


def _linear(file: TensorFile, name: str, inputs: int, outputs: int, *, bias: bool) -> list[Any]:
    shift = file.take(f"{name}.bias", (outputs,)) if bias else None
    return [_stored(file.take(f"{name}.weight", (outputs, inputs))), _stored(shift)]


def _layer(file: TensorFile, config: ModernBertConfig, index: int) -> list[Any]:
    name = f"layers.{index}"
    hidden, inner = config.hidden_size, config.intermediate_size
    attention, mlp = config.attention_bias, config.mlp_bias
    return [
        *([None, None] if index == 0 else _norm(file, f"{name}.attn_norm", config)),
        *_linear(file, f"{name}.attn.Wqkv", hidden, 3 * hidden, bias=attention),
        *_linear(file, f"{name}.attn.Wo", hidden, hidden, bias=attention),
        *_norm(file, f"{name}.mlp_norm", config),
        *_linear(file, f"{name}.mlp.Wi", hidden, 2 * inner, bias=mlp),
        *_linear(file, f"{name}.mlp.Wo", inner, hidden, bias=mlp),
    ]
