"""How much does a token of a query say about a document of this corpus?

A checkpoint may hold ``query_weights.safetensors``, which ``colmodern adapt`` fits on a corpus: a
linear function of a token's vector that tells tokens which every document there matches from those
that few do. Only queries are weighed; documents have the vectors of the checkpoint without it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from colmodern import kernels
from colmodern.encoder.checkpoint.tensors import open_tensors
from colmodern.errors import EncoderError
from colmodern.types import FloatMatrix, FloatVector

QUERY_WEIGHTS_FILE = "query_weights.safetensors"


@dataclass(frozen=True, eq=False)
class QueryWeights:
    """What the token vectors of a query are multiplied by.

    Attributes:
        weight: Shape (dim,), float32, and
        bias: Shape (1,), float32: a token counts ``log(1 + exp(vector @ weight + bias))``.
    """

    weight: FloatVector
    bias: FloatVector

    @classmethod
    def read(cls, folder: Path, *, dim: int) -> Self | None:
        """Return those of a checkpoint with token vectors of this length; None if it has none.

        Raises:
            EncoderError: The file cannot be read, or does not fit the checkpoint.
        """
        path = folder / QUERY_WEIGHTS_FILE
        if not path.is_file():
            return None
        tensors = open_tensors(path)
        shapes = {name: one.shape for name, one in tensors.items()}
        if shapes != {"weight": (dim,), "bias": (1,)}:
            raise does_not_fit(path, f"holds {shapes}, which is not for vectors of {dim}")
        found = cls(**{name: one.to_float32() for name, one in tensors.items()})
        if not (np.isfinite(found.weight).all() and np.isfinite(found.bias).all()):
            raise does_not_fit(path, "holds numbers that are not finite")
        return found

    @property
    def digest(self) -> str:
        """A hex digest of the numbers."""
        return hashlib.sha256(self.weight.tobytes() + self.bias.tobytes()).hexdigest()

    def of(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return query vectors, shape (n_tokens, dim), float32, each as long as it counts."""
        if not len(vectors):
            return vectors
        rows = np.ascontiguousarray(vectors)
        products = kernels.centroid_scores(self.weight[np.newaxis], rows)
        amounts = np.logaddexp(0.0, products.astype(np.float64) + self.bias)
        weighed: FloatMatrix = (rows * amounts).astype(np.float32)
        return weighed


def unweighed(vectors: FloatMatrix) -> FloatMatrix:
    """Return rows of unit length, shape (n, dim), float32; on any machine the same.

    Rows of zeros stay so.
    """
    squares = np.square(vectors, dtype=np.float64)
    norms = np.sqrt(np.cumsum(squares, axis=1)[:, -1:])  # one order of additions everywhere
    unit: FloatMatrix = (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
    return unit


def does_not_fit(path: Path, why: str) -> EncoderError:
    """Return the error of a file beside the weights that is not for them."""
    return EncoderError(
        f"{path} {why}. Take the file that belongs to the checkpoint, or remove it.",
        code="encoder_unreadable",
        path=path,
    )
