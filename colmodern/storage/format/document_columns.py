"""What are documents in the columns of a segment? Bytes of texts and places of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from colmodern.storage.format.documents import StoredDocument
from colmodern.storage.format.spans import PackedSpans, pack_spans
from colmodern.types import IntVector, Spans

__all__ = ["TEXT_COLUMNS", "DocumentColumns", "TextBytes", "columns_of"]

TEXT_COLUMNS = ("id", "title", "text", "metadata", "source", "content_hash")
"""The columns of strings, in the order of the format."""

TextBytes: TypeAlias = tuple[IntVector, Any]
"""Where each string begins and the last one ends, int64, and a buffer of the UTF-8 bytes."""


class DocumentColumns(NamedTuple):
    """Some documents, one after the other, without their codes.

    Attributes:
        texts: For each of ``TEXT_COLUMNS`` its strings.
        spans: Those of all their tokens.
        token_offsets: Shape (n_documents + 1,), int64: where the tokens of each begin, from 0.
        wide_offsets: The same of their wide spans.
    """

    texts: Mapping[str, TextBytes]
    spans: PackedSpans
    token_offsets: IntVector
    wide_offsets: IntVector

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.token_offsets) - 1


def columns_of(
    documents: Sequence[StoredDocument],
    metadata: Iterable[str],
    spans: Spans,
    offsets: IntVector,
) -> DocumentColumns:
    """Return documents as columns.

    Args:
        documents: The documents; their texts are valid Unicode.
        metadata: The metadata of each, as JSON.
        spans: Shape (n_tokens, 2), int32.
        offsets: Shape (n_documents + 1,), int64: where the tokens of each begin, from 0.
    """
    texts = {
        name: _joined(getattr(document, name) or "" for document in documents)
        for name in TEXT_COLUMNS
        if name != "metadata"
    }
    texts["metadata"] = _joined(metadata)
    packed, wide_offsets = pack_spans(spans, offsets)
    return DocumentColumns(texts, packed, offsets, wide_offsets)


def _joined(strings: Iterable[str]) -> TextBytes:
    encoded = [string.encode("utf-8") for string in strings]
    ends = [0, *accumulate(map(len, encoded))]
    return np.array(ends, np.int64), b"".join(encoded)
