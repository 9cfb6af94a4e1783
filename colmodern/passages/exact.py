"""What would a document score if nothing were lost in compression?"""

from __future__ import annotations

import numpy as np

from colmodern.errors import EncoderError
from colmodern.storage import StoredDocument
from colmodern.types import DocumentEncoder, FloatMatrix, FloatVector, QueryEncoder

_ROWS = 4096


def exact_scores(
    encoder: QueryEncoder, query: FloatMatrix, document: StoredDocument, *, n_tokens: int
) -> FloatVector:
    """Return the best float score of each query token in a document, encoded anew.

    Args:
        encoder: The encoder of the index.
        query: Token vectors, shape (n_query, dim), float32.
        document: The document.
        n_tokens: How many tokens the index has of it.

    Returns:
        Shape (n_query,), float32.

    Raises:
        EncoderError: The encoder knows queries only, or makes another number of tokens of the text
            than are in the index: they came as vectors, or were pooled.
    """
    if not isinstance(encoder, DocumentEncoder):
        raise EncoderError(
            f"Encoder {encoder.name} encodes queries only; exact scores need one that encodes "
            "documents.",
            code="encoder_unsupported",
        )
    (tokens,) = encoder.encode_documents([document.full_text])
    if len(tokens) != n_tokens:
        raise EncoderError(
            f"Encoder {encoder.name} makes {len(tokens)} tokens of document {document.id!r}, the "
            f"index has {n_tokens}: they were pooled, or came as vectors. Exact scores would be "
            "those of something else.",
            code="encoder_result_invalid",
        )
    best = np.full(len(query), -np.inf, np.float32)
    for start in range(0, len(tokens), _ROWS):
        rows = tokens.vectors[start : start + _ROWS]
        np.maximum(best, (rows @ query.T).max(axis=0), out=best)
    return best
