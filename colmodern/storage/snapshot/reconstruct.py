"""Which token vectors do the codes of a document stand for?"""

from __future__ import annotations

import numpy as np

from colmodern.codec import Codec
from colmodern.storage.snapshot.segment import Segment
from colmodern.types import TokenEmbeddings

__all__ = ["reconstructed"]


def reconstructed(codec: Codec, segment: Segment, position: int) -> TokenEmbeddings:
    """Return the token vectors of a document as far as its codes keep them.

    They are not those that the encoder made: with 4 bits a dimension the cosine of the two is about
    .99.

    Args:
        codec: The codec of the index.
        segment: Where the document is.
        position: Its position there.

    Returns:
        Vectors, shape (n_tokens, dim), float32, and spans of the document's text.
    """
    start, end = segment.token_offsets[position : position + 2].tolist()
    vectors = codec.decode(
        segment.codes[start:end], segment.contexts.of(position), np.array([0, end - start])
    )
    return TokenEmbeddings(vectors, segment.spans(position))
