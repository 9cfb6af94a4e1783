"""How do batches of documents with token vectors become codes, and how good are those?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from colmodern.codec import Codec, Codes
from colmodern.codec.vectors import Vectors
from colmodern.errors import InputError
from colmodern.indexer.row_checks import check_rows
from colmodern.indexer.sources.base import StoredBatch
from colmodern.kernels import Contexts
from colmodern.storage import StoredDocument
from colmodern.types import IntVector, Spans

__all__ = ["CodedBatch", "CodedBatches", "reconstruction_error"]

THREADS = os.cpu_count() or 1
_ERROR_TOKENS = 2048


class CodedBatch(NamedTuple):
    """Documents as a segment takes them, at least one.

    Attributes:
        documents: The documents.
        codes: The codes of their tokens.
        contexts: The contexts of their blocks.
        spans: Shape (n_tokens, 2), int32.
        offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin, from 0.
        squared_error: The mean over tokens of the squared distance to what the code stands for.
        ends_part: Whether the last document is the last of its part.
    """

    documents: Sequence[StoredDocument]
    codes: Codes
    contexts: Contexts
    spans: Spans
    offsets: IntVector
    squared_error: float
    ends_part: bool

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.documents)

    def until(self, n_tokens: int) -> int:
        """Return how many documents it takes for so many tokens, or all where those have fewer."""
        return min(len(self), 1 + int(np.searchsorted(self.offsets[1:], n_tokens)))

    def part(self, first: int, last: int) -> CodedBatch:
        """Return the documents first .. last - 1; views, nothing is copied."""
        tokens = slice(*self.offsets[[first, last]].tolist())
        return CodedBatch(
            self.documents[first:last],
            self.codes[tokens],
            self.contexts.of_documents(first, last),
            self.spans[tokens],
            self.offsets[first : last + 1] - self.offsets[first],
            self.squared_error,
            self.ends_part and last == len(self),
        )


class CodedBatches(Iterator[CodedBatch]):
    """The documents of some batches, each coded as a whole; what is too much may be given back.

    Raises:
        InputError: A vector is not finite or far too long; the message names its document.
    """

    def __init__(self, batches: Iterable[StoredBatch], codec: Codec) -> None:
        """Take batches, and the codec; nothing is coded before it is asked for."""
        self._coded = (_coded(batch, codec) for batch in batches if len(batch.documents))
        self._given_back: list[CodedBatch] = []

    def __next__(self) -> CodedBatch:
        """Return what was given back, else the next batch."""
        return self._given_back.pop() if self._given_back else next(self._coded)

    def give_back(self, batch: CodedBatch) -> None:
        """Let a batch come next."""
        self._given_back.append(batch)


def _coded(batch: StoredBatch, codec: Codec) -> CodedBatch:
    # Whoever has no tokens need not know how long they would be.
    vectors = batch.vectors if len(batch.vectors) else np.zeros((0, codec.dim), np.float32)
    codes, contexts = _encoded(batch, vectors, codec)
    error = reconstruction_error(codec, vectors)
    return CodedBatch(
        batch.documents, codes, contexts, batch.spans, batch.offsets, error, batch.ends_part
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
