"""What does an index keep beside the vectors? Documents, their sources, the encoder's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from colmodern.frozen import frozen
from colmodern.types import Metadata

__all__ = ["EncoderInfo", "SourceRecord", "StoredDocument"]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One document as the index keeps it.

    Attributes:
        id: The user's name for it; not empty, unique among the live documents of an index.
        text: The whole text.
        title: May be empty.
        metadata: Flat values (str, int, float, bool, None), given back with a hit.
        source: The key of the source it came from; None for a document given by a program.
        content_hash: What change detection compares; storage does not look into it.
    """

    id: str
    text: str
    title: str = ""
    metadata: Metadata = field(default_factory=dict)
    source: str | None = None
    content_hash: str = ""

    @property
    def full_text(self) -> str:
        """Title and text, as an encoder sees them."""
        return f"{self.title} {self.text}" if self.title else self.text


@frozen
class SourceRecord:
    """One file that documents were read from, as it was when it was read.

    Attributes:
        path: Its absolute path; tells it from every other source.
        root: The folder that was indexed.
        size: Bytes.
        mtime_ns: Time of the last change, nanoseconds since 1970.
        content_hash: A digest of its bytes.
        extractor: Which extractor read it, with its version.
        document_ids: The documents it gave, in order.
    """

    path: str
    root: str
    size: int
    mtime_ns: int
    content_hash: str
    extractor: str
    document_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """Which encoder made the token vectors.

    Attributes:
        name: What ``Encoder.load`` takes.
        fingerprint: A hex digest of everything that decides the vectors.
        dim: The length of a token vector.
    """

    name: str
    fingerprint: str
    dim: int

    def __str__(self) -> str:
        """Return ``name (fingerprint)``."""
        return f"{self.name} ({self.fingerprint})"
