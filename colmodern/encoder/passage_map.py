"""Which vectors of a query find its answer inside a document?

A checkpoint may hold ``passage_map.safetensors``: a matrix and the weights of query tokens, learned
from questions with known places of their answers (``benchmarks/passages/fit.py``). Only the query
is mapped, so that documents are stored once. A checkpoint without the file takes queries as they
are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from colmodern import kernels
from colmodern.encoder.checkpoint.tensors import open_tensors
from colmodern.encoder.query_weights import QUERY_WEIGHTS_FILE, does_not_fit, unweighed
from colmodern.types import FloatMatrix, FloatVector

PASSAGE_MAP_FILE = "passage_map.safetensors"
_SHAPES = {"matrix": 2, "weight": 1, "bias": 1}


@dataclass(frozen=True, eq=False)
class PassageMap:
    """What a query's token vectors become before passages are chosen.

    Attributes:
        matrix: Shape (dim, dim), float32: a row vector of the query is multiplied by it.
        weight: Shape (dim,), float32, and
        bias: Shape (1,), float32: a token counts ``log(1 + exp(vector @ weight + bias))``.
        weighed: Whether the checkpoint weighs the tokens of queries: the map takes them without.
    """

    matrix: FloatMatrix
    weight: FloatVector
    bias: FloatVector
    weighed: bool = False

    @classmethod
    def read(cls, folder: Path, *, dim: int | None = None) -> Self | None:
        """Return that of a checkpoint; None if it has none.

        Args:
            folder: The checkpoint.
            dim: The length of its token vectors; None: it is not known.

        Raises:
            EncoderError: The file cannot be read, or does not fit the checkpoint.
        """
        path = folder / PASSAGE_MAP_FILE
        if not path.is_file():
            return None
        tensors = open_tensors(path)
        if {name: len(one.shape) for name, one in tensors.items()} != _SHAPES:
            raise does_not_fit(path, f"holds {sorted(tensors)}, not {sorted(_SHAPES)}")
        found = cls(
            **{name: one.to_float32() for name, one in tensors.items()},
            weighed=(folder / QUERY_WEIGHTS_FILE).is_file(),
        )
        own = len(found.weight)
        if found.matrix.shape != (own, own) or len(found.bias) != 1 or dim not in (None, own):
            raise does_not_fit(path, f"is for vectors of {own} numbers, not of {dim}")
        if not all(np.isfinite(one).all() for one in (found.matrix, found.weight, found.bias)):
            raise does_not_fit(path, "holds numbers that are not finite")
        return found

    def of(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return query vectors, shape (n_tokens, dim), float32, mapped; on any machine the same."""
        rows = unweighed(vectors) if self.weighed else np.ascontiguousarray(vectors)
        products = kernels.centroid_scores(self._columns, rows)
        amounts = np.logaddexp(0.0, products[:, -1:].astype(np.float64) + self.bias)
        mapped: FloatMatrix = (products[:, :-1] * amounts).astype(np.float32)
        return mapped

    @cached_property
    def _columns(self) -> FloatMatrix:
        """The columns of the matrix, and the weight as one more: shape (dim + 1, dim)."""
        return np.ascontiguousarray(np.concatenate([self.matrix.T, self.weight[None]]))
