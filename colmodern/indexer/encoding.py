"""How do documents become token vectors, a bounded number at a time?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np

from colmodern.storage import StoredDocument
from colmodern.types import DocumentEncoder, TokenEmbeddings

_BATCH_CHARS = 200_000
_BATCH_DOCUMENTS = 512


EncodedDocument: TypeAlias = tuple[StoredDocument, TokenEmbeddings]


def encode_documents(
    documents: Iterable[StoredDocument], encoder: DocumentEncoder
) -> Iterator[list[EncodedDocument]]:
    """Yield documents with their token vectors, in order, some at a time.

    A title is encoded in front of its text; spans count from the start of the text, and a token of
    the title has the empty span (0, 0).
    """
    for batch in _batches(documents):
        texts = [encoded_text(document) for document in batch]
        vectors = encoder.encode_documents(texts)
        yield [_placed(document, tokens) for document, tokens in zip(batch, vectors, strict=True)]


def encoded_text(document: StoredDocument) -> str:
    """Return what the encoder sees of a document."""
    return f"{document.title} {document.text}" if document.title else document.text


def _placed(document: StoredDocument, tokens: TokenEmbeddings) -> EncodedDocument:
    """Move spans back by the length of the title; what lies before the text becomes (0, 0)."""
    if not document.title:
        return document, tokens
    spans = np.maximum(tokens.spans - np.int32(len(document.title) + 1), 0)
    return document, TokenEmbeddings(tokens.vectors, spans)


def _batches(documents: Iterable[StoredDocument]) -> Iterator[list[StoredDocument]]:
    batch: list[StoredDocument] = []
    chars = 0
    for document in documents:
        batch.append(document)
        chars += len(document.text)
        if chars >= _BATCH_CHARS or len(batch) >= _BATCH_DOCUMENTS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch
