"""How do batches of documents with token vectors become codes, and how good are those?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from colmodern.codec import Codec, Codes
from colmodern.codec.vectors import Vectors
from colmodern.errors import InputError
from colmodern.indexer.row_checks import check_rows
from colmodern.indexer.sources.base import StoredBatch
from colmodern.kernels import Contexts
from colmodern.storage import StoredDocument
from colmodern.types import Spans

__all__ = ["CodedDocument", "coded_documents", "reconstruction_error"]

THREADS = os.cpu_count() or 1
_ERROR_TOKENS = 2048


class CodedDocument(NamedTuple):
    """One document as a segment takes it.

    Attributes:
        document: The document.
        codes: The codes of its tokens.
        contexts: The contexts of its blocks.
        spans: Shape (n_tokens, 2), int32.
        squared_error: The sum over its tokens of the squared distance to what the code stands for.
        ends_part: Whether it is the last of its part.
    """

    document: StoredDocument
    codes: Codes
    contexts: Contexts
    spans: Spans
    squared_error: float
    ends_part: bool


def coded_documents(batches: Iterable[StoredBatch], codec: Codec) -> Iterator[CodedDocument]:
    """Yield the documents of some batches one by one; a batch is coded as a whole.

    Raises:
        InputError: A vector is not finite or far too long; the message names its document.
    """
    for batch in batches:
        # Whoever has no tokens need not know how long they would be.
        vectors = batch.vectors if len(batch.vectors) else np.zeros((0, codec.dim), np.float32)
        codes, contexts = _encoded(batch, vectors, codec)
        error = reconstruction_error(codec, vectors)
        bounds = batch.offsets.tolist()
        last = len(batch.documents) - 1
        for i, document in enumerate(batch.documents):
            start, end = bounds[i], bounds[i + 1]
            yield CodedDocument(
                document,
                codes[start:end],
                contexts.of(i),
                batch.spans[start:end],
                error * (end - start),
                batch.ends_part and i == last,
            )


def _encoded(batch: StoredBatch, vectors: Vectors, codec: Codec) -> tuple[Codes, Contexts]:
    try:
        return codec.encode_documents(vectors, batch.offsets, threads=THREADS)
    except InputError:
        ids = [document.id for document in batch.documents]
        check_rows(ids, vectors, batch.offsets, np.arange(len(vectors)))
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
