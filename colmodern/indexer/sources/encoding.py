"""How do documents become token vectors, a bounded number at a time?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import EncoderError
from colmodern.indexer.ahead import ahead
from colmodern.indexer.pooling import pool_tokens
from colmodern.indexer.sources.base import StoredBatch
from colmodern.indexer.sources.embedded import BATCH_KEPT, kept_of, offsets_of
from colmodern.request import IndexConfig
from colmodern.storage import StoredDocument
from colmodern.types import DocumentEncoder, PreparingEncoder, TokenEmbeddings

_BATCH_CHARS = 200_000
_BATCH_DOCUMENTS = 512


EncodedDocument: TypeAlias = tuple[StoredDocument, TokenEmbeddings]
AnyArray: TypeAlias = NDArray[Any]


def encode_documents(
    documents: Iterable[StoredDocument], encoder: DocumentEncoder, config: IndexConfig
) -> Iterator[list[EncodedDocument]]:
    """Yield documents with their token vectors, pooled as ``config`` says, some at a time.

    A title is encoded in front of its text; spans count from the start of the text, and a token of
    the title has the empty span (0, 0). The next documents are read, and tokenised if the encoder
    can do that apart, while others are encoded.

    Raises:
        EncoderError: The encoder gives something else than one ``TokenEmbeddings`` a text, with
            vectors of its ``dim`` and spans in the text.
    """
    prepare, encode = _stages(encoder)
    for batch, texts, prepared in ahead(_prepared(documents, prepare)):
        vectors = list(encode(prepared))
        _check(encoder, texts, vectors)
        yield [
            (document, pool_tokens(_placed(document, tokens), config.pool, config.pooling))
            for document, tokens in zip(batch, vectors, strict=True)
        ]


def batch_of(documents: Sequence[EncodedDocument], *, ends_part: bool = False) -> StoredBatch:
    """Return encoded documents, at least one, with their vectors one after another."""
    return StoredBatch(
        [document for document, _ in documents],
        np.concatenate([tokens.vectors for _, tokens in documents]),
        offsets_of(len(tokens) for _, tokens in documents),
        np.concatenate([tokens.spans for _, tokens in documents]),
        ends_part,
    )


def _stages(
    encoder: DocumentEncoder,
) -> tuple[Callable[[list[str]], Any], Callable[[Any], Iterable[TokenEmbeddings]]]:
    """Return what is done with texts ahead of time, and what makes vectors of the outcome."""
    if isinstance(encoder, PreparingEncoder):
        return encoder.prepare_documents, encoder.encode_prepared
    return (lambda texts: texts), encoder.encode_documents


def _prepared(
    documents: Iterable[StoredDocument], prepare: Callable[[list[str]], Any]
) -> Iterator[tuple[list[StoredDocument], list[str], Any]]:
    for batch in _batches(documents):
        texts = [encoded_text(document) for document in batch]
        yield batch, texts, prepare(texts)


def _check(encoder: DocumentEncoder, texts: Sequence[str], results: Sequence[Any]) -> None:
    """Refuse what would make an index that nobody can search; encoders come from anywhere."""
    if len(results) != len(texts):
        raise EncoderError(
            f"Encoder {encoder.name} gave {len(results)} results for {len(texts)} documents."
        )
    for text, tokens in zip(texts, results, strict=True):
        if not isinstance(tokens, TokenEmbeddings):
            kind = type(tokens).__name__
            raise EncoderError(f"Encoder {encoder.name} gave a {kind}, not TokenEmbeddings.")
        n_tokens = len(tokens.vectors)
        _check_array(encoder, "vectors", tokens.vectors, (n_tokens, encoder.dim), np.float32)
        _check_array(encoder, "spans", tokens.spans, (n_tokens, 2), np.int32)
        if n_tokens and not 0 <= tokens.spans.min() <= tokens.spans.max() <= len(text):
            raise EncoderError(
                f"Encoder {encoder.name} gave spans from {tokens.spans.min()} to "
                f"{tokens.spans.max()} for a text of {len(text)} characters."
            )


def _check_array(
    encoder: DocumentEncoder, name: str, array: AnyArray, shape: tuple[int, int], dtype: type
) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise EncoderError(
            f"Encoder {encoder.name} gave {name} of shape {array.shape}, {array.dtype}; "
            f"expected {shape}, {np.dtype(dtype)}."
        )


def encoded_text(document: StoredDocument) -> str:
    """Return what the encoder sees of a document."""
    return document.full_text


def _placed(document: StoredDocument, tokens: TokenEmbeddings) -> TokenEmbeddings:
    """Move spans back by the length of the title; what lies before the text becomes (0, 0)."""
    if not document.title:
        return tokens
    spans = np.maximum(tokens.spans - np.int32(len(document.title) + 1), 0)
    return TokenEmbeddings(tokens.vectors, spans)


def _batches(documents: Iterable[StoredDocument]) -> Iterator[list[StoredDocument]]:
    batch: list[StoredDocument] = []
    chars = kept = 0
    for document in documents:
        batch.append(document)
        chars += len(document.text)
        kept += kept_of(document)
        if chars >= _BATCH_CHARS or kept >= BATCH_KEPT or len(batch) >= _BATCH_DOCUMENTS:
            yield batch
            batch, chars, kept = [], 0, 0
    if batch:
        yield batch
