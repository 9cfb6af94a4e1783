"""What does one segment hold? Documents and codes as views of its mapped files.

A column is checked the first time it is asked for, and only then handed out: offsets rise and end
at the last value, ids are below what they count. Native code may therefore trust every array of a
segment, whatever bytes are on the disk. What is left to ``verify`` is whether values are the ones
that were written.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.codec import Codes
from colmodern.errors import IndexCorruptError
from colmodern.kernels import Contexts, block_offsets
from colmodern.storage.directory import Directory
from colmodern.storage.format.document_columns import DocumentColumns
from colmodern.storage.format.documents import StoredDocument
from colmodern.storage.format.keys import keys_checksum
from colmodern.storage.format.manifest import CodecRecord, FileRecord, SegmentRecord
from colmodern.storage.format.names import SEGMENT_PARTS
from colmodern.storage.format.schemas import (
    DocumentIds,
    contexts_schema,
    documents_schema,
    postings_schema,
    tokens_schema,
    tombstones_schema,
)
from colmodern.storage.format.spans import PackedSpans, unpack_spans
from colmodern.storage.format.tables import StringColumn, Table
from colmodern.storage.snapshot.checks import FileChecks, guarded
from colmodern.storage.snapshot.files import map_table
from colmodern.types import IntVector, Metadata, Spans

__all__ = ["Segment"]

_FLAT = frozenset({str, int, float, bool, type(None)})


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


class Segment:
    """One immutable part of an index, with the deletions of the snapshot it belongs to.

    Documents have positions 0 .. n_documents - 1, deleted ones included; ``live`` tells them
    apart.
    """

    def __init__(
        self,
        directory: Directory,
        record: SegmentRecord,
        codec: CodecRecord,
        *,
        checks: FileChecks | None = None,
        parts: Collection[str] = SEGMENT_PARTS,
    ) -> None:
        """Map the files of a segment.

        Args:
            directory: Where the index lives.
            record: What the manifest says of the segment.
            codec: The codec of the index.
            checks: Compares a file with its checksum before anything of it is handed out; None:
                that is left to ``verify``.
            parts: The files to map, ``documents`` among them; columns of others may not be asked
                for.

        Raises:
            IndexCorruptError: A file is missing, or has another size or layout than it should.
        """
        k = codec.n_centroids
        n = record.n_documents
        self.record = record
        self._n_centroids = k

        def mapped(file: FileRecord, schema: Any, n_rows: int | None = None) -> Table:
            table = map_table(directory, file, schema=schema, n_rows=n_rows)
            return guarded(table, file, checks)

        self._documents = mapped(record.documents, documents_schema(), n)
        unguarded = self._documents.guarded(None)
        # What says which documents there are; it can be compared without reading the texts.
        guard = None if checks is None else partial(checks.keys, record, unguarded)
        self._keys = unguarded.guarded(guard)
        if "tokens" in parts:
            schema = tokens_schema(n_centroids=k, residual_bytes=codec.residual_bytes)
            self._tokens = mapped(record.tokens, schema, record.n_tokens)
        if "contexts" in parts:
            self._contexts = mapped(record.contexts, contexts_schema(dim=codec.dim))
        if "postings" in parts:
            self._postings = mapped(record.postings, postings_schema(n_documents=n), k)
        self._tombstones = None
        if record.tombstones is not None:
            self._tombstones = mapped(
                record.tombstones, tombstones_schema(), record.n_deleted_documents
            )

    def __repr__(self) -> str:
        """Return the name and the counts."""
        return f"<Segment {self.name}: {self.n_documents} documents, {self.n_tokens} tokens>"

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.record.name

    @property
    def n_documents(self) -> int:
        """How many documents it holds, deleted ones included."""
        return self.record.n_documents

    @property
    def n_tokens(self) -> int:
        """How many tokens it holds, those of deleted documents included."""
        return self.record.n_tokens

    @cached_property
    def ids(self) -> StringColumn:
        """The id of each document, decoded when asked for."""
        return self._keys.strings("id")

    @cached_property
    def titles(self) -> StringColumn:
        """The title of each document, decoded when asked for."""
        return self._documents.strings("title")

    @cached_property
    def texts(self) -> StringColumn:
        """The text of each document, decoded when asked for."""
        return self._documents.strings("text")

    @cached_property
    def content_hashes(self) -> StringColumn:
        """The content hash of each document, decoded when asked for."""
        return self._keys.strings("content_hash")

    @cached_property
    def id_order(self) -> NDArray[np.int32]:
        """The positions in the order of the ids' UTF-8 bytes: shape (n_documents,), unchecked."""
        return self._keys.vector("id_order")

    @cached_property
    def id_ranks(self) -> NDArray[np.int32]:
        """The place of each document in the order of ids: shape (n_documents,), int32."""
        self._check_below(self._documents, self.id_order, self.n_documents)
        ranks = np.zeros(self.n_documents, np.int32)
        ranks[self.id_order] = np.arange(self.n_documents, dtype=np.int32)
        return ranks

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """Which documents are not deleted: shape (n_documents,), bool."""
        live = np.ones(self.n_documents, np.bool_)
        if self._tombstones is not None:
            deleted = self._tombstones.vector("document")
            self._check_below(self._tombstones, deleted, self.n_documents)
            if np.any(deleted[1:] <= deleted[:-1]):
                raise self._tombstones.corrupt("its documents are not in ascending order")
            live[deleted] = False
        live.flags.writeable = False
        return live

    @cached_property
    def token_offsets(self) -> IntVector:
        """Where the tokens of each document begin: shape (n_documents + 1,), int64."""
        offsets = self._keys.offsets("spans")
        if offsets[-1] != self.n_tokens:
            raise self._keys.corrupt(f"it has {offsets[-1]} spans for {self.n_tokens} tokens")
        return offsets

    @cached_property
    def codes(self) -> Codes:
        """The codes of all tokens, document after document."""
        ids = self._tokens.vector("centroid_id")
        self._check_below(self._tokens, ids, self._n_centroids)
        return Codes(
            centroid_ids=ids,
            residuals=self._tokens.matrix("residual"),
            gains=self._tokens.vector("gain"),
            norms=self._tokens.vector("norm"),
        )

    @cached_property
    def contexts(self) -> Contexts:
        """The contexts of all documents' blocks, document after document."""
        offsets = block_offsets(self.token_offsets)
        gains = self._contexts.vector("gain")
        if len(gains) != offsets[-1]:
            raise self._contexts.corrupt(
                f"it has {len(gains)} contexts for {offsets[-1]} blocks of tokens"
            )
        return Contexts(self._contexts.matrix("residual"), gains, offsets)

    @property
    def posting_offsets(self) -> IntVector:
        """Where the documents of each centroid begin: shape (n_centroids + 1,), int64."""
        return self._posting_lists[0]

    @property
    def posting_documents(self) -> DocumentIds:
        """The documents that have a token of each centroid, ascending: uint16 or uint32."""
        return self._posting_lists[1]

    def has_sound_keys(self) -> bool:
        """Say whether ids, hashes and numbers of tokens are those that the manifest knows."""
        try:
            return keys_checksum(self._documents.guarded(None)) == self.record.keys
        except IndexCorruptError:
            return False

    def id_of(self, position: int) -> str:
        """Return the id of the document at a position."""
        return self.ids[position]

    def position_of(self, document_id: str) -> int | None:
        """Return the position of the live document with this id, or None; O(log n_documents)."""
        wanted = document_id.encode("utf-8", "surrogatepass")
        low, high = 0, self.n_documents
        while low < high:  # the first place whose id is greater
            middle = (low + high) // 2
            if self.ids.bytes_at(self._place(middle)) <= wanted:
                low = middle + 1
            else:
                high = middle
        if low == 0:
            return None
        # Documents that had the id one after the other are in the order they came: the last counts.
        position = self._place(low - 1)
        found = self.ids.bytes_at(position) == wanted and self.live[position]
        return position if found else None

    def spans(self, position: int) -> Spans:
        """Return the spans of one document's tokens: shape (n_tokens, 2), int32, start and end.

        They count characters of the text; (0, 0) is a token without a place in it.
        """
        offsets, columns = self.token_offsets, self._spans
        tokens = slice(offsets[position], offsets[position + 1])
        wide_offsets, wide_columns = self._wide_spans
        wide = slice(wide_offsets[position], wide_offsets[position + 1])
        packed = PackedSpans(
            *[column[tokens] for column in columns], *[column[wide] for column in wide_columns]
        )
        try:
            return unpack_spans(packed)
        except ValueError as error:
            raise self._documents.corrupt(f"of document {position}, {error}") from error

    def source_of(self, position: int) -> str | None:
        """Return the key of the source that the document at a position was read from."""
        return self._sources[position] or None

    def document(self, position: int) -> StoredDocument:
        """Return everything that is kept about the document at a position."""
        return StoredDocument(
            id=self.ids[position],
            text=self.texts[position],
            title=self.titles[position],
            metadata=self.metadata(position),
            source=self._sources[position] or None,
            content_hash=self.content_hashes[position],
        )

    def columns(self, first: int, last: int) -> DocumentColumns:
        """Return the documents first .. last - 1 as they lie in the columns, unchecked texts."""
        strings = {
            "id": self.ids,
            "title": self.titles,
            "text": self.texts,
            "metadata": self._metadata,
            "source": self._sources,
            "content_hash": self.content_hashes,
        }
        texts = {name: column.bytes_of(first, last) for name, column in strings.items()}
        wide_offsets, wide_columns = self._wide_spans
        tokens = slice(*self.token_offsets[[first, last]].tolist())
        wide = slice(*wide_offsets[[first, last]].tolist())
        packed = PackedSpans(
            *[column[tokens] for column in self._spans], *[column[wide] for column in wide_columns]
        )
        own = [offsets[first : last + 1] for offsets in (self.token_offsets, wide_offsets)]
        return DocumentColumns(texts, packed, *(offsets - offsets[0] for offsets in own))

    def searched_texts(self) -> Iterator[str]:
        """Yield what BM25 sees of each document: its title and its text."""
        return (f"{self.titles[i]} {self.texts[i]}" for i in range(self.n_documents))

    def metadata(self, position: int) -> Metadata:
        """Return the metadata of the document at a position."""
        try:
            metadata = _DECODER.decode(self._metadata[position])
        except (ValueError, RecursionError) as error:
            raise self._documents.corrupt(f"metadata is not JSON ({error})") from error
        if not isinstance(metadata, dict):
            raise self._documents.corrupt("metadata is not a JSON object")
        if not _FLAT.issuperset(map(type, metadata.values())):
            raise self._documents.corrupt("metadata holds a value that is a list or an object")
        return metadata

    def not_finite(self, position: int) -> IndexCorruptError:
        """Return the error that says that a document's numbers give no score."""
        return self._tokens.corrupt(f"a number of document {position} is not finite")

    def live_positions(self) -> Iterator[int]:
        """Yield the positions of the documents that are not deleted."""
        yield from np.flatnonzero(self.live).tolist()

    @cached_property
    def _metadata(self) -> StringColumn:
        return self._documents.strings("metadata")

    @cached_property
    def _sources(self) -> StringColumn:
        return self._documents.strings("source")

    @cached_property
    def _spans(self) -> tuple[NDArray[Any], ...]:
        return self._documents.ragged("spans")[1]

    @cached_property
    def _wide_spans(self) -> tuple[IntVector, tuple[NDArray[Any], ...]]:
        return self._documents.ragged("wide_spans")

    @cached_property
    def _posting_lists(self) -> tuple[IntVector, DocumentIds]:
        offsets, (documents,) = self._postings.ragged("documents")
        self._check_below(self._postings, documents, self.n_documents)
        return offsets, documents

    def _place(self, rank: int) -> int:
        position = int(self.id_order[rank])
        if not 0 <= position < self.n_documents:
            raise self._documents.corrupt("the order of the ids is out of range")
        return position

    def _check_below(self, table: Table, values: NDArray[Any], limit: int) -> None:
        """Check 0 <= values < limit: one pass, at the speed of memory."""
        if limit <= np.iinfo(values.dtype).max and len(values):
            smallest = values.min() if values.dtype.kind == "i" else 0
            if smallest < 0 or values.max() >= limit:
                raise table.corrupt(f"ids run from {smallest} to {values.max()}, not below {limit}")
