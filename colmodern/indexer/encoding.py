"""How do documents become token vectors, a bounded number at a time?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from colmodern.storage import StoredDocument
from colmodern.types import DocumentEncoder, Spans, TokenEmbeddings

_BATCH_CHARS = 200_000
_BATCH_DOCUMENTS = 512


def encode_documents(
    documents: Iterable[StoredDocument], encoder: DocumentEncoder
) -> Iterator[tuple[StoredDocument, TokenEmbeddings]]:
    """Yield each document with its token vectors, in order.

    A title is encoded in front of its text; spans count from the start of the text, and a token of
    the title has the empty span (0, 0).
    """
    for batch in _batches(documents):
        texts = [encoded_text(document) for document in batch]
        for document, tokens in zip(batch, encoder.encode_documents(texts), strict=True):
            shift = len(document.title) + 1 if document.title else 0
            yield document, TokenEmbeddings(tokens.vectors, _shifted(tokens.spans, shift))


def encoded_text(document: StoredDocument) -> str:
    """Return what the encoder sees of a document."""
    return f"{document.title} {document.text}" if document.title else document.text


def _shifted(spans: Spans, shift: int) -> Spans:
    """Move spans back by the length of the title; what lies before the text becomes (0, 0)."""
    return np.maximum(spans - np.int32(shift), 0) if shift else spans


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
