"""What does a transaction want of documents, wherever they come from?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from colmodern.codec.vectors import Vectors
from colmodern.indexer.sampling import Sample
from colmodern.storage import StoredDocument
from colmodern.types import IntVector, Spans

__all__ = ["DocumentSource", "StoredBatch"]


@dataclass(frozen=True, slots=True, eq=False)
class StoredBatch:
    """Some documents as they are to be written, and their token vectors one after another.

    It can be pickled.

    Attributes:
        documents: The documents.
        vectors: Shape (n_tokens, dim), float32 or float16.
        offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.
        spans: Shape (n_tokens, 2), int32.
        ends_part: Whether its last document is to be made durable before what follows.
    """

    documents: Sequence[StoredDocument]
    vectors: Vectors
    offsets: IntVector
    spans: Spans
    ends_part: bool = False


class DocumentSource(Protocol):
    """Documents that are to be written, with their token vectors.

    It has been read once, so that ids are known to be unique and sizes are known.
    """

    @property
    def n_tokens(self) -> int:
        """About how many tokens there are; a better guess after ``training_sample``."""

    def content_hashes(self) -> Mapping[str, str]:
        """Return the content hash of each document by id, in the order of the stream."""

    def training_sample(self) -> Sample:
        """Return token vectors to train a codec on; called once, before ``batches``.

        Raises:
            InputError: A vector is not finite or far too long; the message names its document.
        """

    def batches(self, done: AbstractSet[str]) -> Iterator[StoredBatch]:
        """Yield the documents that must be written.

        Args:
            done: Ids of documents that an attempt before this one wrote; they are left out.

        Raises:
            InputError: Something is wrong with a document; the message names it.
        """
