"""The values that pass between the rooms of the house: documents, token vectors, protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatMatrix: TypeAlias = NDArray[np.float32]
    FloatVector: TypeAlias = NDArray[np.float32]
    IntVector: TypeAlias = NDArray[np.int64]
    Spans: TypeAlias = NDArray[np.int32]
else:  # documents and protocols need no NumPy, which takes longer than all of help
    FloatMatrix = FloatVector = IntVector = Spans = Any

MetadataValue: TypeAlias = str | int | float | bool | None
Metadata: TypeAlias = Mapping[str, MetadataValue]


@dataclass(frozen=True, slots=True)
class Document:
    """One document, as the user knows it.

    Attributes:
        id: The user's name for it; unique in an index, never changed by us.
        text: The whole text. Spans and passages are character offsets into it.
        title: Encoded before the text (``"title text"``) and searched with it; may be empty.
        metadata: Flat values kept beside the document and given back with a hit.
    """

    id: str
    text: str
    title: str = ""
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class TokenEmbeddings:
    """The token vectors of one text.

    Attributes:
        vectors: Shape (n_tokens, dim), float32, C-contiguous, rows L2-normalised.
        spans: Shape (n_tokens, 2), int32: start and end character of each token in the text that
            was encoded. A token with no place in the text (a prefix, an expansion) has (0, 0).
    """

    vectors: FloatMatrix
    spans: Spans

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.vectors)


@runtime_checkable
class EncoderIdentity(Protocol):
    """Says which encoder made token vectors; enough where vectors are made elsewhere."""

    @property
    def name(self) -> str:
        """What ``Encoder.load`` takes to load this encoder again."""
        ...

    @property
    def dim(self) -> int:
        """The length of a token vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hex digest of everything that decides the vectors."""
        ...


@runtime_checkable
class QueryEncoder(EncoderIdentity, Protocol):
    """Turns queries into token vectors."""

    def encode_queries(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Return the token vectors of each query; an empty query may have none."""
        ...


@runtime_checkable
class DocumentEncoder(QueryEncoder, Protocol):
    """Turns documents and queries into token vectors."""

    def encode_documents(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Return the token vectors of each document, whatever its length."""
        ...


@runtime_checkable
class PreparingEncoder(DocumentEncoder, Protocol):
    """Can make documents ready (tokenise them) in one thread while it encodes others in another.

    ``encode_prepared(prepare_documents(texts))`` is ``encode_documents(texts)``.
    """

    def prepare_documents(self, texts: Sequence[str]) -> Any:
        """Return all that ``encode_prepared`` wants to know of some documents."""
        ...

    def encode_prepared(self, prepared: Any) -> list[TokenEmbeddings]:
        """Return the token vectors of documents that are ready."""
        ...


class Progress(Protocol):
    """What a long job calls to say how far it is."""

    def __call__(self, stage: str, done: int, total: int) -> Any:
        """Report that ``done`` of ``total`` units of ``stage`` are finished (total 0: unknown)."""
        ...
