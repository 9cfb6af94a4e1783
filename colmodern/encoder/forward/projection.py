"""How do the backbone's hidden states become the vectors that are compared?

One or more linear layers and a scaling to length 1, in the order the checkpoint gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from colmodern.encoder.checkpoint.shards import open_weights
from colmodern.encoder.checkpoint.specs import DenseSpec, NormaliseSpec
from colmodern.encoder.checkpoint.tensors import StoredTensor
from colmodern.encoder.forward.arithmetic import Linear, gelu, normalise
from colmodern.encoder.forward.weights import TensorFile
from colmodern.errors import EncoderError
from colmodern.frozen import frozen
from colmodern.types import FloatMatrix

Activation = Callable[[FloatMatrix], FloatMatrix]


def _sigmoid(rows: FloatMatrix) -> FloatMatrix:
    half = np.float32(0.5)
    result: FloatMatrix = half * np.tanh(half * rows) + half
    return result


# By the last part of the class's name.
_ACTIVATIONS: dict[str, Activation] = {
    "Identity": lambda rows: rows,
    "Tanh": np.tanh,
    "ReLU": lambda rows: np.maximum(rows, np.float32(0.0)),
    "GELU": lambda rows: gelu(rows, np.empty_like(rows)),
    "SiLU": lambda rows: rows * _sigmoid(rows),
    "Sigmoid": _sigmoid,
}
ACTIVATION_NAMES = tuple(_ACTIVATIONS)
"""In the order of their numbers in the extension."""


@frozen(eq=False)
class DenseLayer:
    """A linear layer with an activation; ``residual`` adds the input, projected if need be."""

    linear: Linear
    activation: Activation
    residual: bool
    residual_linear: Linear | None

    def __call__(self, rows: FloatMatrix) -> FloatMatrix:
        """Return the projected rows in a new array."""
        projected = self.activation(self.linear(rows))
        if self.residual:
            projected = projected + (
                rows if self.residual_linear is None else self.residual_linear(rows)
            )
        return projected


class Projection:
    """The way from hidden states to token vectors."""

    def __init__(self, specs: Sequence[DenseSpec | NormaliseSpec], *, hidden_size: int) -> None:
        """Read the weights.

        Raises:
            EncoderError: A layer's weights are missing or do not fit, or its activation is not
                known.
        """
        self.dim = hidden_size
        self._steps: list[Callable[[FloatMatrix], FloatMatrix]] = []
        for spec in specs:
            if isinstance(spec, NormaliseSpec):
                self._steps.append(normalise)
                continue
            dense, self.dim = _read_dense(spec, self.dim)
            self._steps.append(dense)

    def __call__(self, hidden: FloatMatrix) -> FloatMatrix:
        """Return token vectors for hidden states, which may be overwritten.

        Args:
            hidden: Shape (n, hidden_size), float32.

        Returns:
            Shape (n, dim), float32, C-contiguous.
        """
        for step in self._steps:
            hidden = step(hidden)
        return np.ascontiguousarray(hidden)


@frozen(eq=False)
class DenseTensors:
    """A linear layer of the projection as its file has it; ``activation`` is a name known here."""

    outputs: int
    weight: StoredTensor
    bias: StoredTensor | None
    activation: str
    residual: bool
    residual_weight: StoredTensor | None


def dense_tensors(spec: DenseSpec, inputs: int) -> DenseTensors:
    """Return the tensors of a linear layer that takes ``inputs`` values a token.

    Raises:
        EncoderError: They are missing or do not fit, or the activation is not known.
    """
    if spec.inputs not in (None, inputs):
        raise EncoderError(
            f"{spec.file.parent}: the layer takes {spec.inputs} values a token, the one before it "
            f"gives {inputs}.",
            code="encoder_unreadable",
        )
    activation = spec.activation.rsplit(".", 1)[-1]
    if activation not in _ACTIVATIONS or not spec.activation.startswith("torch.nn."):
        raise EncoderError(
            f"{spec.file.parent}: the activation {spec.activation!r} is not supported, only "
            f"torch.nn's {', '.join(_ACTIVATIONS)}.",
            code="encoder_unsupported",
        )
    tensors = open_weights(spec.file)
    file = TensorFile(spec.file, tensors)
    outputs = spec.outputs
    if outputs is None:
        weight = tensors.get("linear.weight")
        if weight is None or len(weight.shape) != 2:
            raise EncoderError(
                f"{spec.file} lacks the projection, a matrix 'linear.weight'.",
                code="encoder_unreadable",
            )
        outputs = weight.shape[0]
    turns = spec.residual and inputs != outputs
    return DenseTensors(
        outputs,
        file.take("linear.weight", (outputs, inputs)),
        file.take("linear.bias", (outputs,)) if spec.bias else None,
        activation,
        spec.residual,
        file.take("residual.weight", (outputs, inputs)) if turns else None,
    )


def _read_dense(spec: DenseSpec, inputs: int) -> tuple[DenseLayer, int]:
    found = dense_tensors(spec, inputs)
    bias = None if found.bias is None else found.bias.to_float32()
    residual = found.residual_weight
    return DenseLayer(
        Linear(found.weight.transposed(), bias),
        _ACTIVATIONS[found.activation],
        found.residual,
        None if residual is None else Linear(residual.transposed(), None),
    ), found.outputs
