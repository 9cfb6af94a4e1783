"""What are documents that come with their token vectors? Values, one document or many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.codec.vectors import Vectors
from colmodern.errors import InputError
from colmodern.storage import StoredDocument
from colmodern.types import Document, IntVector, Metadata, Spans

BATCH_TOKENS = 1 << 16
"""About how many tokens a batch has; a longer document is a batch of its own."""
BATCH_KEPT = 1 << 22
"""About how many characters a batch has, those of titles and metadata counted, too."""

_DTYPES = (np.dtype(np.float16), np.dtype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedDocument:
    """One document with the token vectors that an encoder outside made of it.

    Attributes:
        id: The user's name for it; unique in an index.
        vectors: Shape (n_tokens, dim), float16 or float32, taken as they are: MaxSim means cosines
            only if rows have unit length. No tokens and rows of zeros are allowed.
        spans: Shape (n_tokens, 2), whole numbers: start and end character of each token in
            ``text``, (0, 0) for a token that does not stand there; None: none does. Hits have
            passages only with spans.
        text: Kept and shown, not encoded.
        title: Kept and shown, not encoded.
        metadata: Flat values kept beside the document and given back with a hit.
    """

    id: str
    vectors: Vectors
    spans: NDArray[Any] | None = None
    text: str = ""
    title: str = ""
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedBatch:
    """Some documents, and their token vectors one after another.

    Attributes:
        documents: The documents without their vectors.
        vectors: Shape (n_tokens, dim), float16 or float32.
        offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.
        spans: Shape (n_tokens, 2), int32; None: no token stands in a text.
    """

    documents: Sequence[Document]
    vectors: Vectors
    offsets: IntVector
    spans: Spans | None = None

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.vectors)

    def take(self, wanted: NDArray[np.bool_]) -> EmbeddedBatch:
        """Return some of the documents: shape (n_documents,), bool."""
        if wanted.all():
            return self
        lengths = np.diff(self.offsets)
        rows = np.repeat(wanted, lengths)
        return EmbeddedBatch(
            [document for document, is_in in zip(self.documents, wanted, strict=True) if is_in],
            self.vectors[rows],
            offsets_of(lengths[wanted]),
            None if self.spans is None else self.spans[rows],
        )


def offsets_of(lengths: Iterable[int] | NDArray[np.integer]) -> IntVector:
    """Return where each of some things of these lengths begins, and where the last ends, int64."""
    return np.cumsum([0, *lengths], dtype=np.int64)


def kept_of(document: Document | EmbeddedDocument | StoredDocument) -> int:
    """Return how many characters are kept of a document, which may have few tokens and many."""
    texts = [value for value in document.metadata.values() if isinstance(value, str)]
    return len(document.title) + len(document.text) + sum(map(len, texts))


def cut(offsets: IntVector) -> Iterator[tuple[int, int]]:
    """Yield ranges of documents, (first, one past the last), of about ``BATCH_TOKENS`` tokens."""
    first, n_documents = 0, len(offsets) - 1
    while first < n_documents:
        enough = int(np.searchsorted(offsets, offsets[first] + BATCH_TOKENS))
        last = min(max(enough, first + 1), first + BATCH_TOKENS, n_documents)
        yield first, last
        first = last


def batched(documents: Iterable[EmbeddedDocument]) -> Iterator[EmbeddedBatch]:
    """Yield documents in batches.

    Raises:
        InputError: The vectors or spans of a document cannot be used; the message names it.
    """
    waiting: list[EmbeddedDocument] = []
    n_tokens, n_kept, dim = 0, 0, None
    for document in documents:
        if not isinstance(document, EmbeddedDocument):
            raise InputError(f"Expected an EmbeddedDocument, not {document!r:.80}.")
        dim = check_vectors(document.id, document.vectors, dim)
        if waiting and waiting[0].vectors.dtype != document.vectors.dtype:
            yield _joined(waiting)
            waiting, n_tokens, n_kept = [], 0, 0
        waiting.append(document)
        n_tokens += len(document.vectors)
        n_kept += kept_of(document)
        if max(n_tokens, len(waiting)) >= BATCH_TOKENS or n_kept >= BATCH_KEPT:
            yield _joined(waiting)
            waiting, n_tokens, n_kept = [], 0, 0
    if waiting:
        yield _joined(waiting)


def check_vectors(identifier: str, vectors: object, dim: int | None) -> int:
    """Return the length of the vectors of a document if they may be token vectors.

    Raises:
        InputError: They are no matrix of float16 or float32, or not ``dim`` wide.
    """
    if not isinstance(vectors, np.ndarray):
        kind = type(vectors).__name__
        raise InputError(f"The vectors of document {identifier!r} are a {kind}, not a NumPy array.")
    if vectors.ndim != 2 or vectors.dtype not in _DTYPES:
        raise InputError(
            f"The vectors of document {identifier!r} have shape {vectors.shape} and dtype "
            f"{vectors.dtype}; expected (n_tokens, dim), float16 or float32."
        )
    if dim is not None and vectors.shape[1] != dim:
        raise InputError(
            f"The vectors of document {identifier!r} have {vectors.shape[1]} dimensions, those "
            f"before it {dim}."
        )
    return int(vectors.shape[1])


def checked_spans(identifier: str, spans: NDArray[Any], n_tokens: int, n_chars: int) -> Spans:
    """Return the spans of a document, int32, if they lie in its text.

    Raises:
        InputError: They have another shape or dtype, or lie outside the text.
    """
    if spans.shape != (n_tokens, 2) or spans.dtype.kind not in "iu":
        raise InputError(
            f"The spans of document {identifier!r} have shape {spans.shape} and dtype "
            f"{spans.dtype}; expected {(n_tokens, 2)}, whole numbers."
        )
    wrong = (spans[:, 0] < 0) | (spans[:, 1] < spans[:, 0]) | (spans[:, 1] > n_chars)
    if wrong.any():
        token = int(wrong.argmax())
        start, end = spans[token].tolist()
        raise InputError(
            f"Token {token} of document {identifier!r} has the span {start} to {end}; its text "
            f"has {n_chars} characters."
        )
    return spans.astype(np.int32)


def _joined(documents: Sequence[EmbeddedDocument]) -> EmbeddedBatch:
    spans = None
    if any(document.spans is not None for document in documents):
        spans = np.concatenate([_spans_of(document) for document in documents])
    return EmbeddedBatch(
        [Document(d.id, d.text, d.title, d.metadata) for d in documents],
        np.concatenate([document.vectors for document in documents]),
        offsets_of(len(document.vectors) for document in documents),
        spans,
    )


def _spans_of(document: EmbeddedDocument) -> Spans:
    n_tokens = len(document.vectors)
    if document.spans is None:
        return np.zeros((n_tokens, 2), np.int32)
    return checked_spans(document.id, np.asarray(document.spans), n_tokens, len(document.text))
