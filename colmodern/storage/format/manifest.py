"""Which files make up an index, and what does each hold? The manifest as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from colmodern.frozen import frozen
from colmodern.storage.format.documents import EncoderInfo

__all__ = [
    "CHECKSUM_BYTES",
    "CodecRecord",
    "FileRecord",
    "Manifest",
    "SegmentRecord",
    "WordsRecord",
    "first_manifest",
]

# BLAKE2b with 16 bytes: collisions by chance are out of the question, and it is in the standard
# library of Python and of most other languages.
CHECKSUM_BYTES = 16


@frozen
class FileRecord:
    """One file: its name relative to the index, its size, its BLAKE2b-128 in hex."""

    name: str
    bytes: int
    checksum: str


@frozen
class WordsRecord:
    """What BM25 needs of a segment: which analysis split its texts, postings and lengths."""

    analysis: str
    postings: FileRecord
    lengths: FileRecord


@frozen
class SegmentRecord:
    """One segment: counts with the deleted documents included, and its files.

    ``squared_error`` is the mean over its tokens of the squared distance between a token vector
    and what its code stands for, as the program that made the codes measured it. ``keys`` is the
    checksum of the key columns of its documents; None: an older program wrote it.
    """

    name: str
    n_documents: int
    n_tokens: int
    documents: FileRecord
    tokens: FileRecord
    contexts: FileRecord
    postings: FileRecord
    squared_error: float = 0.0
    n_deleted_documents: int = 0
    n_deleted_tokens: int = 0
    tombstones: FileRecord | None = None
    words: WordsRecord | None = None
    keys: str | None = None

    def files(self) -> Iterator[FileRecord]:
        """Yield every file of the segment, the tombstones last."""
        yield from (self.documents, self.tokens, self.contexts, self.postings)
        if self.words is not None:
            yield from (self.words.postings, self.words.lengths)
        if self.tombstones is not None:
            yield self.tombstones


@frozen
class CodecRecord:
    """The codec: what decides the layout of the token columns, and its file."""

    dim: int
    bits: int
    n_centroids: int
    fingerprint: str
    file: FileRecord

    @property
    def residual_bytes(self) -> int:
        """How many bytes the residual of one token takes."""
        return self.dim * self.bits // 8


@frozen
class Manifest:
    """A whole index at one moment: what a reader opens and a commit replaces."""

    generation: int
    created_by: str
    updated_by: str
    config: Mapping[str, Any]
    encoder: EncoderInfo
    codec: CodecRecord
    next_segment: int
    segments: tuple[SegmentRecord, ...]
    sources: FileRecord | None

    @property
    def n_documents(self) -> int:
        """How many live documents there are."""
        return sum(s.n_documents - s.n_deleted_documents for s in self.segments)

    @property
    def n_tokens(self) -> int:
        """How many tokens the live documents have."""
        return sum(s.n_tokens - s.n_deleted_tokens for s in self.segments)

    def files(self) -> Iterator[FileRecord]:
        """Yield every file of the index but the manifest."""
        yield self.codec.file
        for segment in self.segments:
            yield from segment.files()
        if self.sources is not None:
            yield self.sources


def first_manifest(
    codec: CodecRecord,
    encoder: EncoderInfo,
    config: Mapping[str, Any],
    old: Manifest | None,
    *,
    program: str,
) -> Manifest:
    """Return the manifest, without segments, that a new index starts from.

    ``old`` is the index it replaces: numbers go on from there, so that no name is used twice.
    """
    return Manifest(
        generation=0 if old is None else old.generation,
        created_by=program,
        updated_by=program,
        config=dict(config),
        encoder=encoder,
        codec=codec,
        next_segment=1 if old is None else old.next_segment,
        segments=(),
        sources=None,
    )
