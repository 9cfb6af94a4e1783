"""How do documents with token vectors become segments?"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from colmodern.codec import Codec, Codes
from colmodern.codec.vectors import Vectors
from colmodern.errors import InputError
from colmodern.kernels import Contexts
from colmodern.storage import IndexWriter, SegmentWriter, StoredDocument
from colmodern.types import IntVector, Spans

THREADS = os.cpu_count() or 1
_ERROR_TOKENS = 2048
_MAX_LENGTH = 2.0**12  # of a vector, as in the codec


class SegmentSink:
    """Takes documents with their vectors and closes a segment whenever one is full."""

    def __init__(self, writer: IndexWriter, *, segment_tokens: int) -> None:
        """Write to ``writer``, compressing with its codec."""
        self._writer = writer
        self._limit = segment_tokens
        self._segment: SegmentWriter | None = None

    def add(
        self,
        documents: Sequence[StoredDocument],
        vectors: Vectors,
        offsets: IntVector,
        spans: Spans,
    ) -> None:
        """Compress and store some documents.

        Args:
            documents: The documents.
            vectors: Shape (n_tokens, dim), float32 or float16: their tokens one after another.
            offsets: Shape (n_documents + 1,), int64.
            spans: Shape (n_tokens, 2), int32.

        Raises:
            InputError: A vector is not finite or far too long; the message names its document.
        """
        codes, contexts = self._encoded(documents, vectors, offsets)
        error = reconstruction_error(self._writer.codec, vectors)
        bounds = offsets.tolist()
        for i, (document, start, end) in enumerate(
            zip(documents, bounds[:-1], bounds[1:], strict=True)
        ):
            if self._segment is None:
                self._segment = self._writer.new_segment()
            self._segment.add(
                document,
                codes[start:end],
                spans[start:end],
                squared_error=error * (end - start),
                contexts=contexts.of(i),
            )
            if self._segment.n_tokens >= self._limit:
                self.finish()

    def finish(self) -> None:
        """Close the open segment, if there is one."""
        if self._segment is not None:
            self._segment.finish()
            self._segment = None

    def _encoded(
        self, documents: Sequence[StoredDocument], vectors: Vectors, offsets: IntVector
    ) -> tuple[Codes, Contexts]:
        try:
            return self._writer.codec.encode_documents(vectors, offsets, threads=THREADS)
        except InputError:
            check_rows([d.id for d in documents], vectors, offsets, np.arange(len(vectors)))
            raise


def reconstruction_error(codec: Codec, vectors: Vectors) -> float:
    """Return the mean squared error of reconstructions over the mean square of a length.

    Contexts are left out: this tells how well the centroids fit, whatever the tokens around.

    Args:
        codec: The codec.
        vectors: Shape (n, dim); some thousand of them, evenly spread, are looked at.
    """
    rows = np.linspace(0, len(vectors), min(len(vectors), _ERROR_TOKENS), endpoint=False, dtype=int)
    chosen = vectors[rows].astype(np.float32, copy=False)
    errors = np.square(codec.decode(codec.encode(chosen, threads=THREADS)) - chosen)
    squares = np.square(chosen).sum(dtype=np.float64)
    return float(errors.sum(dtype=np.float64) / squares) if squares > 0 else 0.0


def check_rows(ids: Sequence[str], vectors: Vectors, offsets: IntVector, rows: IntVector) -> None:
    """Refuse some rows of the vectors of documents that cannot be coded, by name.

    Raises:
        InputError: A row is not finite or far too long.
    """
    chosen = vectors[rows]
    lengths = np.sqrt(np.einsum("ij,ij->i", chosen, chosen, dtype=np.float64))
    wrong = np.flatnonzero(~(lengths < _MAX_LENGTH))
    if len(wrong) == 0:
        return
    row, length = int(rows[wrong[0]]), lengths[wrong[0]]
    number = int(np.searchsorted(offsets, row, side="right")) - 1
    what = f"has length {length:.4g}" if np.isfinite(length) else "holds NaN or infinity"
    raise InputError(
        f"The vector of token {row - int(offsets[number])} of document {ids[number]!r} {what}; "
        "token vectors must be finite and about of unit length."
    )
