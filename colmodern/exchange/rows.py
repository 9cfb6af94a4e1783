"""What is a row that leaves: a document with its vectors, as far as the codes keep them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from colmodern.storage import IndexReader, StoredDocument, reconstructed
from colmodern.types import FloatMatrix, Spans


@dataclass(frozen=True, slots=True, eq=False)
class ExportedDocument:
    """A document that leaves.

    Attributes:
        document: Its id, text, title, metadata and source.
        vectors: Shape (n_tokens, dim), float32, reconstructed.
        spans: Shape (n_tokens, 2), int32: start and end character of each token in the text.
    """

    document: StoredDocument
    vectors: FloatMatrix
    spans: Spans


def rows_of(reader: IndexReader) -> Iterator[ExportedDocument]:
    """Yield the live documents of an index, in its order, one at a time."""
    for segment in reader.segments:
        for position in segment.live_positions():
            tokens = reconstructed(reader.codec, segment, position)
            yield ExportedDocument(segment.document(position), tokens.vectors, tokens.spans)
