"""How a token vector becomes bytes and back: centroids, and a few bits a dimension for the rest."""

from __future__ import annotations

from colmodern.codec.codec import Codec
from colmodern.codec.codes import Codes
from colmodern.codec.document_sample import (
    MOST_DOCUMENTS,
    MOST_TOKENS,
    MOST_TOKENS_OF_ONE,
    DocumentReservoir,
    DocumentSample,
)
from colmodern.codec.training import plan_n_centroids, train_codec

__all__ = [
    "MOST_DOCUMENTS",
    "MOST_TOKENS",
    "MOST_TOKENS_OF_ONE",
    "Codec",
    "Codes",
    "DocumentReservoir",
    "DocumentSample",
    "plan_n_centroids",
    "train_codec",
]
