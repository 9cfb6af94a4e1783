"""Where in a checkpoint is each weight, and in which form does the arithmetic want it?

The embedding table stays mapped in its own type. Linear layers become float32 once, transposed
for the matrix product; the rows of queries and keys are put in the order in which rotary
embedding is one complex multiplication, and queries take the softmax scale with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from colmodern.encoder.checkpoint.model_config import ModernBertConfig
from colmodern.encoder.checkpoint.tensors import StoredTensor
from colmodern.encoder.forward.arithmetic import Linear, Norm
from colmodern.errors import EncoderError
from colmodern.frozen import frozen
from colmodern.types import IntVector

# A masked-language-model checkpoint keeps the backbone under this name.
_PREFIXES = ("", "model.")
_EMBEDDINGS = "embeddings.tok_embeddings.weight"


@frozen(eq=False)
class LayerWeights:
    """One layer; the first has no norm before its attention."""

    attention_norm: Norm | None
    qkv: Linear
    attention_out: Linear
    mlp_norm: Norm
    mlp_in: Linear
    mlp_out: Linear


@frozen(eq=False)
class ModernBertWeights:
    """All weights of a backbone; ``embeddings`` is the mapped table (vocab_size, hidden_size)."""

    embeddings: StoredTensor
    embedding_norm: Norm
    layers: tuple[LayerWeights, ...]
    final_norm: Norm


class TensorFile:
    """The tensors of one file, taken by name with the shape they must have."""

    def __init__(self, path: Path, tensors: Mapping[str, StoredTensor], prefix: str = "") -> None:
        """Names are looked up with ``prefix`` before them."""
        self._path = path
        self._tensors = tensors
        self._prefix = prefix

    def take(self, name: str, shape: tuple[int, ...]) -> StoredTensor:
        """Return the tensor.

        Raises:
            EncoderError: There is none of that name, or it has another shape.
        """
        tensor = self._tensors.get(self._prefix + name)
        if tensor is None:
            raise EncoderError(
                f"{self._path} lacks the tensor {self._prefix + name!r} that its configuration "
                "calls for.",
                code="encoder_unreadable",
            )
        if tensor.shape != shape:
            raise EncoderError(
                f"{self._path}: tensor {self._prefix + name!r} has shape {list(tensor.shape)}, "
                f"the configuration calls for {list(shape)}.",
                code="encoder_unreadable",
            )
        return tensor

    def linear(
        self, name: str, inputs: int, outputs: int, *, bias: bool, order: IntVector | None = None
    ) -> Linear:
        """Return a linear layer, its outputs put in ``order`` if one is given."""
        weight = self.take(f"{name}.weight", (outputs, inputs)).transposed(order)
        if not bias:
            return Linear(weight, None)
        values = self.take(f"{name}.bias", (outputs,)).to_float32()
        return Linear(weight, values if order is None else values[order])

    def norm(self, name: str, width: int, *, bias: bool, eps: float) -> Norm:
        """Return a layer norm."""
        weight = self.take(f"{name}.weight", (width,)).to_float32()
        shift = self.take(f"{name}.bias", (width,)).to_float32() if bias else None
        return Norm(weight, shift, eps)


def backbone_file(path: Path, tensors: Mapping[str, StoredTensor]) -> TensorFile:
    """Return the tensors of a backbone, under whichever name its file keeps it."""
    prefix = next((p for p in _PREFIXES if p + _EMBEDDINGS in tensors), "")
    return TensorFile(path, tensors, prefix)


def read_weights(
    path: Path, tensors: Mapping[str, StoredTensor], config: ModernBertConfig
) -> ModernBertWeights:
    """Return the weights of a backbone in the form the forward pass wants.

    Raises:
        EncoderError: A tensor is missing or has another shape than the configuration says.
    """
    file = backbone_file(path, tensors)

    def norm(key: str) -> Norm:
        return file.norm(key, config.hidden_size, bias=config.norm_bias, eps=config.norm_eps)

    return ModernBertWeights(
        embeddings=file.take(_EMBEDDINGS, (config.vocab_size, config.hidden_size)),
        embedding_norm=norm("embeddings.norm"),
        layers=tuple(
            _read_layer(file, f"layers.{index}", config, norm, first=index == 0)
            for index in range(len(config.global_layers))
        ),
        final_norm=norm("final_norm"),
    )


def _read_layer(
    file: TensorFile,
    name: str,
    config: ModernBertConfig,
    norm: Callable[[str], Norm],
    *,
    first: bool,
) -> LayerWeights:
    hidden, inner = config.hidden_size, config.intermediate_size
    order = _rotary_order(config.n_heads, config.head_dim)
    attention, mlp = config.attention_bias, config.mlp_bias
    qkv = file.linear(f"{name}.attn.Wqkv", hidden, 3 * hidden, bias=attention, order=order)
    _scale_queries(qkv, hidden, config.head_dim)
    return LayerWeights(
        attention_norm=None if first else norm(f"{name}.attn_norm"),
        qkv=qkv,
        attention_out=file.linear(f"{name}.attn.Wo", hidden, hidden, bias=attention),
        mlp_norm=norm(f"{name}.mlp_norm"),
        mlp_in=file.linear(f"{name}.mlp.Wi", hidden, 2 * inner, bias=mlp),
        mlp_out=file.linear(f"{name}.mlp.Wo", inner, hidden, bias=mlp),
    )


def _rotary_order(n_heads: int, head_dim: int) -> IntVector:
    """Return the order of Wqkv's rows that puts the two halves of each rotated pair side by side.

    Dot products of queries and keys do not change when both are reordered alike.
    """
    pairs = np.arange(head_dim, dtype=np.int64).reshape(2, -1).T.reshape(-1)
    heads = np.arange(2 * n_heads, dtype=np.int64)[:, None] * head_dim
    rotated = (heads + pairs).reshape(-1)
    return np.concatenate([rotated, np.arange(rotated.size, rotated.size * 3 // 2, dtype=np.int64)])


def _scale_queries(qkv: Linear, hidden: int, head_dim: int) -> None:
    scale = np.float32(head_dim**-0.5)
    qkv.weight[:, :hidden] *= scale
    if qkv.bias is not None:
        qkv.bias[:hidden] *= scale
