"""How a token vector becomes bytes and back: centroids, and a few bits a dimension for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colmodern.codec.codec import Codec
from colmodern.codec.codes import Codes
from colmodern.codec.document_sample import (
    MOST_DOCUMENTS,
    MOST_TOKENS,
    MOST_TOKENS_OF_ONE,
    DocumentReservoir,
    DocumentSample,
)

if TYPE_CHECKING:
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


def __getattr__(name: str) -> object:
    """Import what trains a codec when it is first used: a search does not."""
    if name not in ("plan_n_centroids", "train_codec"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from colmodern.codec import training

    return getattr(training, name)
