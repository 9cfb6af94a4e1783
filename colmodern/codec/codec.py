"""How does a token vector become bytes, and bytes a vector again?

A vector is rotated and told apart from its nearest centroid. What the centroids leave over of the
tokens of a stretch of text is alike: its mean, the context, is kept once for a block of tokens
(``kernels/contexts.py``). The direction of what is left after that is kept in 1, 2 or 4 bits a
dimension (``residual.py``) with two small floats: the gain, and the norm that gives the
reconstruction the length of the vector. The query is rotated as well, so scores do not
change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.codec.cells import cells_of, row_step
from colmodern.codec.centroids import MAX_VALUE, float_centroids
from colmodern.codec.codes import Codes
from colmodern.codec.document_sample import DocumentSample
from colmodern.codec.residual import Levels
from colmodern.codec.vectors import (
    MAX_LENGTH,
    Vectors,
    check_dim,
    check_vectors,
    not_a_vector,
)
from colmodern.kernels.coding import Columns, ContextColumns
from colmodern.types import FloatMatrix, FloatVector, IntVector

_MAX_QUERY = 127
_LARGEST = 1e6  # of a codec's numbers; products of them stay finite
_CONTEXT_ROOM = 0.25  # how much longer centroid and context may be than the longest centroid
_DTYPES = {
    "rotation": "f4",
    "centroids": "i1",
    "centroid_steps": "f4",
    "bits": "u1",
    "level_values": "i1",
    "level_step": "f4",
}
_SAMPLE_DTYPES = {"sample_ids": "u4", "sample_offsets": "i8"}


class Codec:
    """Codes token vectors and prepares queries to be scored against codes.

    Vectors are expected with unit length. Another length is kept (in the norm), a vector of zeros
    comes back as zeros and scores 0.
    """

    def __init__(
        self,
        rotation: FloatMatrix,
        centroids: NDArray[np.int8],
        centroid_steps: FloatVector,
        levels: Levels,
        documents: DocumentSample | None = None,
    ) -> None:
        """Put together what ``train_codec`` made.

        Args:
            rotation: Shape (dim, dim), float32, orthogonal; ``vectors @ rotation`` rotates.
            centroids: Shape (n_centroids, dim), int8 within -127..127, rotated.
            centroid_steps: Shape (n_centroids,), float32: what one means in each centroid.
            levels: What residual codes mean.
            documents: Some documents of the corpus; None: it is not known what they are like.

        Raises:
            ValueError: Shapes do not fit, dim is not a multiple of 16, or a number is not finite.
        """
        dim = check_dim(centroids.shape[1])
        if rotation.shape != (dim, dim):
            raise ValueError(f"rotation must have shape {(dim, dim)}, got {rotation.shape}.")
        if centroids.min(initial=0) < -MAX_VALUE:
            raise ValueError(f"centroids must lie within +-{MAX_VALUE}, got {centroids.min()}.")
        if centroid_steps.shape != (len(centroids),):
            raise ValueError(
                f"centroid_steps must have shape ({len(centroids)},), got {centroid_steps.shape}."
            )
        if levels.values.shape != (kernels.N_LEVELS,):
            raise ValueError(
                f"level_values must have shape ({kernels.N_LEVELS},), got {levels.values.shape}."
            )
        for name, values in (
            ("rotation", rotation),
            ("centroid_steps", centroid_steps),
            ("level_step", levels.step),
        ):
            if not np.abs(values).max(initial=0) <= _LARGEST:
                raise ValueError(f"{name} must hold finite numbers up to {_LARGEST:g}.")
        if levels.bits not in {1, 2, 4}:
            raise ValueError(f"bits must be 1, 2 or 4, got {levels.bits}.")
        self.rotation = rotation
        self.centroids = centroids
        self.centroid_steps = centroid_steps
        if documents is not None:
            documents.check(len(centroids))
        self._levels = levels
        self.documents = documents

    def __repr__(self) -> str:
        """Say what it is."""
        return f"<Codec: {self.dim} dimensions, {self.n_centroids} centroids, {self.bits} bits>"

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return len(self.rotation)

    @property
    def bits(self) -> int:
        """How many bits a dimension of a residual takes: 1, 2 or 4."""
        return self._levels.bits

    @property
    def residual_bytes(self) -> int:
        """How many bytes the residual of one token takes."""
        return self.dim * self.bits // 8

    @property
    def n_centroids(self) -> int:
        """How many centroids there are."""
        return len(self.centroids)

    @cached_property
    def float_centroids(self) -> FloatMatrix:
        """Shape (n_centroids, dim), float32, rotated: the centroids as vectors."""
        return float_centroids(self.centroids, self.centroid_steps)

    @property
    def levels(self) -> FloatVector:
        """Shape (16,), float32: the components of a unit residual that level numbers stand for."""
        return self._levels.reals

    @cached_property
    def longest_centroid(self) -> float:
        """The length of the longest centroid."""
        squares = np.einsum("ij,ij->i", self.centroids, self.centroids, dtype=np.int32)
        return float((np.sqrt(squares, dtype=np.float32) * self.centroid_steps).max(initial=0))

    @cached_property
    def fingerprint(self) -> str:
        """A hex digest of everything that decides codes and scores."""
        digest = hashlib.sha256()
        for name, array in self.to_table().items():
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def encode_documents(
        self, vectors: Vectors, offsets: IntVector, *, threads: int = 1
    ) -> tuple[Codes, kernels.Contexts]:
        """Return the codes of the token vectors of documents, and the contexts of their blocks.

        Args:
            vectors: Shape (n, dim), float32 or float16, rows of unit length: document by document.
            offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.
            threads: How many threads to use; the codes do not depend on it.

        Raises:
            InputError: A row holds NaN or infinity, or is far too long.
            TypeError: The vectors are neither float32 nor float16.
            ValueError: They have another shape.
        """
        columns, contexts, _ = self._encode(vectors, kernels.block_bounds(offsets), threads)
        return Codes(*columns), kernels.Contexts(*contexts, kernels.block_offsets(offsets))

    def encode(self, vectors: Vectors, *, threads: int = 1) -> Codes:
        """Return the codes of token vectors that have no context.

        Args:
            vectors: Shape (n, dim), float32 or float16, rows of unit length.
            threads: How many threads to use; the codes do not depend on it.

        Raises:
            InputError: A row holds NaN or infinity, or is far too long.
            TypeError: The vectors are neither float32 nor float16.
            ValueError: They have another shape.
        """
        return self.encode_measured(vectors, threads=threads)[0]

    def encode_measured(self, vectors: Vectors, *, threads: int = 1) -> tuple[Codes, FloatVector]:
        """Return what ``encode`` does, and how well the codes fit.

        Returns:
            The codes, and for each token the squared distance between the vector and what its code
            stands for, shape (n,), float32.
        """
        columns, _, errors = self._encode(vectors, None, threads)
        return Codes(*columns), errors

    def _encode(
        self, vectors: Vectors, bounds: IntVector | None, threads: int
    ) -> tuple[Columns, ContextColumns, FloatVector]:
        columns, contexts, errors, bad = kernels.encode_tokens(
            np.ascontiguousarray(vectors),
            self._rounding,
            self._cells,
            self._codebook,
            longest=MAX_LENGTH,
            bounds=bounds,
            threads=threads,
        )
        if bad >= 0:
            raise not_a_vector("vectors", vectors, bad)
        return columns, contexts, errors

    def decode(
        self,
        codes: Codes,
        contexts: kernels.Contexts | None = None,
        offsets: IntVector | None = None,
    ) -> FloatMatrix:
        """Return the vectors that codes stand for, in the space they came from, shape (n, dim).

        Args:
            codes: From ``encode``, or from ``encode_documents`` together with the other two.
            contexts: The contexts of the documents' blocks.
            offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.
        """
        directions = self._levels.unpack(codes.residuals)
        gains = codes.gains.astype(np.float32)[:, np.newaxis]
        norms = codes.norms.astype(np.float32)[:, np.newaxis]
        rotated = self.float_centroids[codes.centroid_ids] + gains * directions
        if contexts is not None and offsets is not None:
            lengths = np.diff(kernels.block_bounds(offsets))
            rotated += np.repeat(contexts.vectors(), lengths, axis=0)
        rotated *= norms
        return kernels.centroid_scores(self.rotation, rotated)

    def rotate(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return vectors in the space of the centroids, ``vectors @ rotation``, shape (n, dim)."""
        return kernels.centroid_scores(self._rotation_columns, np.ascontiguousarray(vectors))

    def quantise_query(self, query: FloatMatrix) -> kernels.QuantisedQuery:
        """Return a query, shape (n_tokens, dim), float32, as the kernels want it.

        Raises:
            InputError: A row holds NaN or infinity.
        """
        check_vectors("query", query, self.dim)
        rotated = self.rotate(query)
        steps = np.abs(rotated).max(axis=1, initial=0) / np.float32(_MAX_QUERY)
        values = np.rint(rotated / np.where(steps > 0, steps, 1)[:, np.newaxis]).astype(np.int8)
        levels = self._levels
        return kernels.QuantisedQuery(
            values, steps.astype(np.float32), levels.values, levels.step, levels.bits
        )

    def centroid_table(
        self, query: kernels.QuantisedQuery, *, threads: int = 1
    ) -> kernels.CentroidTable:
        """Return what a query from ``quantise_query`` thinks of the centroids."""
        longest = self.longest_centroid + _CONTEXT_ROOM
        return kernels.centroid_table(
            query, self.centroids, self.centroid_steps, longest, threads=threads
        )

    def with_documents(self, vectors: Vectors, offsets: IntVector, *, threads: int = 1) -> Codec:
        """Return the same codec with some documents of the corpus.

        Args:
            vectors: Shape (n, dim), float32 or float16, rows of unit length: document by document.
            offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.
            threads: How many threads to use.

        Raises:
            InputError: A row holds NaN or infinity, or is far too long.
            ValueError: There are too many, or offsets do not fit.
        """
        ids = self.encode(vectors, threads=threads).centroid_ids
        documents = DocumentSample.of(ids, offsets)
        return Codec(self.rotation, self.centroids, self.centroid_steps, self._levels, documents)

    def to_table(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that make up the codec, by name; ``from_table`` takes them."""
        table: dict[str, NDArray[Any]] = {
            "rotation": self.rotation,
            "centroids": self.centroids,
            "centroid_steps": self.centroid_steps,
            "bits": np.array([self.bits], np.uint8),
            "level_values": self._levels.values,
            "level_step": np.array([self._levels.step], np.float32),
        }
        if self.documents is not None:
            table["sample_ids"] = self.documents.centroid_ids
            table["sample_offsets"] = self.documents.offsets
        return table

    @classmethod
    def from_table(cls, table: Mapping[str, NDArray[Any]]) -> Codec:
        """Return the codec whose ``to_table`` gave these arrays.

        Raises:
            KeyError: An array is missing.
            TypeError: An array has another dtype.
            ValueError: An array has a shape or values that no codec has.
        """
        has_documents = any(name in table for name in _SAMPLE_DTYPES)
        for name, dtype in (_DTYPES | (_SAMPLE_DTYPES if has_documents else {})).items():
            if table[name].dtype != dtype:
                raise TypeError(f"{name} must be {np.dtype(dtype)}, got {table[name].dtype}.")
        if table["centroids"].ndim != 2:
            raise ValueError("centroids must have two dimensions.")
        if np.abs(table["level_values"].astype(np.int16)).max(initial=0) > kernels.MAX_LEVEL:
            raise ValueError(f"level_values must lie within +-{kernels.MAX_LEVEL}.")
        (step,), (bits,) = table["level_step"], table["bits"]
        levels = Levels(table["level_values"], np.float32(step), int(bits))
        documents = None
        if has_documents:
            documents = DocumentSample(table["sample_ids"], table["sample_offsets"])
        return cls(
            table["rotation"], table["centroids"], table["centroid_steps"], levels, documents
        )

    @cached_property
    def _rounding(self) -> kernels.Rounding:
        return kernels.pack_rotation(self.rotation, row_step(self.dim))

    @cached_property
    def _cells(self) -> kernels.Cells:
        return cells_of(self.centroids, self.centroid_steps)

    @cached_property
    def _codebook(self) -> kernels.Codebook:
        levels = self._levels
        return kernels.Codebook(
            self.centroids, self.centroid_steps, levels.values, float(levels.step), levels.bits
        )

    @cached_property
    def _rotation_columns(self) -> FloatMatrix:
        return np.ascontiguousarray(self.rotation.T)
