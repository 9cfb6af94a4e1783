"""How does a pack of token ids become token vectors in compiled code?

The weights are packed once for the instruction set and the precision at hand; the embedding table
stays mapped. ``modernbert.py`` and ``projection.py`` define what is computed; on
``COLMODERN_ISA=reference`` they run instead, and nothing else falls back to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from colmodern.encoder.checkpoint.model_config import ModernBertConfig
from colmodern.encoder.checkpoint.specs import DenseSpec, NormaliseSpec
from colmodern.encoder.checkpoint.tensors import StoredTensor
from colmodern.encoder.forward.arithmetic import rotary_frequencies
from colmodern.encoder.forward.projection import ACTIVATION_NAMES, DenseTensors, dense_tensors
from colmodern.encoder.forward.runner import PACK_TOKENS
from colmodern.encoder.forward.weights import TensorFile, backbone_file
from colmodern.encoder.kept.packed import PackedBytes, PackedWeights
from colmodern.errors import ConfigError, EncoderError
from colmodern.kernels import NATIVE_ISAS, active_isa, native
from colmodern.types import FloatMatrix, IntVector

Precision = Literal["fp32", "bf16", "int8"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
AUTO = "auto"
# What multiplies bytes faster than bfloat16, or than floats where there is none of that.
_FAST_BYTES = ("avx2", "avxvnni", "avx512vnni", "amx", "neon")


def choose_precision(wanted: str, *, bytes_pass: Callable[[], bool] = lambda: False) -> str:
    """Return the precision to encode in: the one asked for, or for ``auto`` the best one here.

    ``auto`` takes bf16 where the machine has such products and fp32 elsewhere. int8 is the fastest
    wherever bytes have an instruction, but how much it changes depends on the checkpoint, so it is
    taken only for one with which that was measured or checked (docs/how-to/encoder.md).

    Args:
        wanted: ``auto`` or a precision.
        bytes_pass: Says that int8 leaves the vectors of this checkpoint as they are; asked only
            where int8 would be the fastest.

    Raises:
        ConfigError: The name is not known.
        EncoderError: The machine has no products of that precision.
    """
    if wanted not in (AUTO, *PRECISIONS):
        allowed = ", ".join((AUTO, *PRECISIONS))
        raise ConfigError(
            f"precision is {wanted!r}, expected one of {allowed}.",
            code="option_not_allowed",
            option="precision",
            value=wanted,
        )
    if wanted == AUTO:
        return _best_precision(bytes_pass)
    if not _can_encode(wanted):
        raise EncoderError(
            f"This machine cannot encode in {wanted}: it has no such products "
            f"({active_isa()}). Leave precision at 'auto', or take 'fp32' or 'int8'.",
            code="encoder_unsupported",
        )
    return wanted


def packing_of(precision: str) -> str:
    """Return in which way weights are packed here, as a name: what differs has another one."""
    projection = "-bf16" if precision == "int8" and _can_encode("bf16") else ""
    return f"{active_isa()}-{precision}{projection}"


def _best_precision(bytes_pass: Callable[[], bool]) -> str:
    if active_isa() in _FAST_BYTES and bytes_pass():
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
        kept: PackedWeights | None = None,
    ) -> None:
        """Pack the weights, or take those that are kept.

        Args:
            path: Where the tensors of the backbone are, for messages.
            tensors: Those tensors.
            config: Their shape.
            projection: What follows the backbone.
            precision: ``fp32``, ``bf16`` or ``int8``.
            threads: How many threads pack.
            kept: Where packed weights are kept; None: nowhere.

        Raises:
            EncoderError: A tensor is missing or has another shape than the configuration says.
        """
        self.precision = precision
        self.isa = active_isa()
        self.pack_tokens = PACK_TOKENS
        file = backbone_file(path, tensors)

        def load(packed: PackedBytes | None) -> tuple[Any, int]:
            model = _new_model(file, config, self.isa, precision, packed)
            for index, is_global in enumerate(config.global_layers):
                model.add_layer(_layer(file, config, index, is_global=is_global), threads=threads)
            return model, _add_projection(model, projection, config.hidden_size, threads)

        self._model, self.dim = _load_kept(load, kept)

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
            ids=ids,
            lengths=np.asarray(lengths, np.int64),
            seen=np.asarray(seen, np.int64),
            kept=kept,
            threads=threads,
            out=vectors,
        )
        return vectors


def _load_kept(
    load: Callable[[PackedBytes | None], tuple[Any, int]], kept: PackedWeights | None
) -> tuple[Any, int]:
    """Return a model from packed weights that are kept and fit; otherwise pack and keep them."""
    packed = None if kept is None else kept.read()
    if kept is not None and packed is not None:
        try:
            model, dim = load(packed)
        except ValueError:  # they end too early
            kept.refuse()
        else:
            if model.packed_left == 0:
                return model, dim
            kept.refuse()
    model, dim = load(None)
    if kept is not None:
        kept.write(model.packed)
    return model, dim


def _add_projection(
    model: Any, projection: Sequence[DenseSpec | NormaliseSpec], width: int, threads: int
) -> int:
    """Add the layers of the projection; return the length of a vector that comes out."""
    for spec in projection:
        if isinstance(spec, NormaliseSpec):
            model.add_normalisation()
            continue
        dense = dense_tensors(spec, width)
        model.add_dense(_dense(dense, width), threads=threads)
        width = dense.outputs
    return width


def _new_model(
    file: TensorFile,
    config: ModernBertConfig,
    isa: str,
    precision: str,
    packed: PackedBytes | None,
) -> Any:
    """Return the compiled model with its embeddings and norms, as yet without layers."""
    compiled = native()
    table = file.take("embeddings.tok_embeddings.weight", (config.vocab_size, config.hidden_size))
    return compiled.EncoderModel(
        isa=NATIVE_ISAS.index(isa),
        precision=PRECISIONS.index(precision),
        shape=compiled.EncoderShape(
            vocabulary=config.vocab_size,
            hidden=config.hidden_size,
            inner=config.intermediate_size,
            heads=config.n_heads,
            radius=config.local_radius,
            norm_eps=config.norm_eps,
        ),
        embeddings=table.values,
        embedding_norm=_norm(file, "embeddings.norm", config),
        final_norm=_norm(file, "final_norm", config),
        global_frequencies=rotary_frequencies(config.global_theta, config.head_dim).tolist(),
        local_frequencies=rotary_frequencies(config.local_theta, config.head_dim).tolist(),
        packed=packed,
    )


def _layer(file: TensorFile, config: ModernBertConfig, index: int, *, is_global: bool) -> Any:
    name = f"layers.{index}"
    hidden, inner = config.hidden_size, config.intermediate_size
    attention, mlp = config.attention_bias, config.mlp_bias
    return native().LayerArrays(
        is_global=is_global,
        # The first layer has none: its input has just been normalised.
        attention_norm=None if index == 0 else _norm(file, f"{name}.attn_norm", config),
        qkv=_linear(file, f"{name}.attn.Wqkv", hidden, 3 * hidden, bias=attention),
        attention_out=_linear(file, f"{name}.attn.Wo", hidden, hidden, bias=attention),
        mlp_norm=_norm(file, f"{name}.mlp_norm", config),
        mlp_in=_linear(file, f"{name}.mlp.Wi", hidden, 2 * inner, bias=mlp),
        mlp_out=_linear(file, f"{name}.mlp.Wo", inner, hidden, bias=mlp),
    )


def _norm(file: TensorFile, name: str, config: ModernBertConfig) -> Any:
    width = (config.hidden_size,)
    return native().NormArrays(
        weight=file.take(f"{name}.weight", width).values,
        bias=file.take(f"{name}.bias", width).values if config.norm_bias else None,
    )


def _linear(file: TensorFile, name: str, inputs: int, outputs: int, *, bias: bool) -> Any:
    return native().LinearArrays(
        weight=file.take(f"{name}.weight", (outputs, inputs)).values,
        bias=file.take(f"{name}.bias", (outputs,)).values if bias else None,
    )


def _dense(dense: DenseTensors, inputs: int) -> Any:
    compiled = native()
    return compiled.DenseArrays(
        inputs=inputs,
        outputs=dense.outputs,
        linear=compiled.LinearArrays(weight=dense.weight.values, bias=_values(dense.bias)),
        activation=ACTIVATION_NAMES.index(dense.activation),
        residual=dense.residual,
        residual_weight=_values(dense.residual_weight),
    )


def _values(tensor: StoredTensor | None) -> NDArray[Any] | None:
    return None if tensor is None else tensor.values
