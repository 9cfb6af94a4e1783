"""How do documents become the files of one segment?

Texts and codes wait in scratch files in the segment's folder, so that memory does not grow with
the segment; the caller decides when it is full. A document is never split.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from colmodern.codec import Codes
from colmodern.kernels import Contexts
from colmodern.storage.directory import Directory, Scratch
from colmodern.storage.directory.durable import writing
from colmodern.storage.format.document_columns import TEXT_COLUMNS, DocumentColumns, columns_of
from colmodern.storage.format.documents import StoredDocument
from colmodern.storage.format.keys import keys_checksum
from colmodern.storage.format.manifest import FileRecord, SegmentRecord
from colmodern.storage.format.postings import distinct_centroids, posting_lists
from colmodern.storage.format.schemas import (
    centroid_dtype,
    contexts_schema,
    documents_schema,
    postings_schema,
    tokens_schema,
)
from colmodern.storage.format.tables import fixed_lists, lists, structs
from colmodern.storage.snapshot.files import map_table
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.column_buffer import ColumnBuffer, TextColumnBuffer
from colmodern.storage.writer.files import write_table
from colmodern.storage.writer.segment_checks import (
    CodecLayout,
    check_codes,
    check_offsets,
    check_spans,
    check_texts,
    checked_contexts,
    metadata_json,
)
from colmodern.types import IntVector, Spans

__all__ = ["SegmentWriter"]

_SPANS = ("skip", "length")
_WIDE_SPANS = ("token", "start", "length")
_CONTEXTS = ("residual", "gain")
_CODES = ("centroid_id", "residual", "gain", "norm")


class SegmentWriter:
    """The documents of a segment that is not written yet; made by ``IndexWriter.new_segment``."""

    def __init__(
        self,
        directory: Directory,
        name: str,
        codec: CodecLayout,
        *,
        claim: Callable[[str, int], None],
        finished: Callable[[SegmentRecord | None], None],
    ) -> None:
        """Start an empty segment.

        Args:
            directory: Where the index lives.
            name: The name of the segment.
            codec: What the codes must look like.
            claim: Called with the id and the position of each new document; raises if it may not
                be added.
            finished: Called with the record once the files are on the disk (None: no documents).
        """
        self.name = name
        self.n_tokens = 0
        self._directory = directory
        self._codec = codec
        self._claim = claim
        self._finished = finished
        self._squared_error = 0.0
        self._texts = {name: TextColumnBuffer(self._scratch()) for name in TEXT_COLUMNS}
        self._spans = [ColumnBuffer(self._scratch()) for _ in _SPANS]
        self._wide_spans = [ColumnBuffer(self._scratch()) for _ in _WIDE_SPANS]
        self._codes = {name: ColumnBuffer(self._scratch()) for name in _CODES}
        self._contexts = {name: ColumnBuffer(self._scratch()) for name in _CONTEXTS}
        self._token_offsets = array("q", [0])
        self._wide_offsets = array("q", [0])
        self._is_open = True

    @property
    def n_documents(self) -> int:
        """How many documents were added."""
        return len(self._token_offsets) - 1

    def add(
        self,
        document: StoredDocument,
        codes: Codes,
        spans: Spans,
        squared_error: float = 0.0,
        *,
        contexts: Contexts | None = None,
    ) -> None:
        """Add one document; see ``add_all``."""
        self.add_all(
            [document],
            codes,
            spans,
            np.array([0, len(codes)], np.int64),
            squared_error=squared_error,
            contexts=contexts,
        )

    def add_all(
        self,
        documents: Sequence[StoredDocument],
        codes: Codes,
        spans: Spans,
        offsets: IntVector,
        *,
        squared_error: float = 0.0,
        contexts: Contexts | None = None,
    ) -> None:
        """Add documents; of many, all at once is many times as fast as one by one.

        Args:
            documents: The documents; no id may be that of a live document.
            codes: The codes of their tokens, one document after the other; none is allowed.
            spans: Shape (n_tokens, 2), int32: start and end character of each token.
            offsets: Shape (n_documents + 1,), int64: where the tokens of each begin, from 0.
            squared_error: The sum over their tokens of the squared distance between the vector and
                what its code stands for; the manifest keeps the mean of the segment.
            contexts: The contexts of their blocks that the codes were made in; None: zeros.

        Raises:
            InputError: An id is empty or taken, metadata are not flat, or a text cannot be written
                as UTF-8. Of several documents none is added, and the segment is lost.
            IndexWriteError: The disk is full or refuses; the segment is lost.
            ValueError: ``codes``, ``contexts``, ``spans`` or ``offsets`` do not fit the codec or
                each other.
        """
        self._check_open()
        check_codes(codes, self._codec)
        check_offsets(offsets, len(documents), len(codes))
        contexts = checked_contexts(contexts, offsets, self._codec)
        check_spans(spans, len(codes))
        if not 0 <= squared_error < float("inf"):
            raise ValueError(f"squared_error must be finite and not negative, not {squared_error}")
        for document in documents:
            check_texts(document)
        columns = columns_of(documents, map(metadata_json, documents), spans, offsets)
        try:
            for position, document in enumerate(documents, self.n_documents):
                self._claim(document.id, position)
        except BaseException:
            if len(documents) > 1:  # some may be claimed
                self.discard()
            raise
        self._append(columns, codes, contexts, squared_error)

    def copy(self, segment: Segment, first: int, last: int) -> None:
        """Add the documents first .. last - 1 of a segment of the same codec, byte for byte.

        Nothing is claimed, and texts are not looked at: its files were compared with their
        checksums.

        Raises:
            IndexCorruptError: A column leaves its file.
            IndexWriteError: The disk is full or refuses; the segment is lost.
        """
        self._check_open()
        columns = segment.columns(first, last)
        start, end = segment.token_offsets[[first, last]].tolist()
        squared_error = segment.record.squared_error * (end - start)
        contexts = segment.contexts.of_documents(first, last)
        self._append(columns, segment.codes[start:end], contexts, squared_error)

    def finish(self) -> None:
        """Write the files and hand the segment to the index writer; empty segments vanish.

        Raises:
            IndexWriteError: The disk is full or refuses; nothing of the segment is left there.
        """
        self._check_open()
        if not self.n_documents:
            self.discard()
            self._finished(None)
            return
        with writing(self._directory.path):
            try:
                record = self._write()
            except BaseException:
                self.discard()
                raise
        self._close()
        self._finished(record)

    def discard(self) -> None:
        """Forget the documents and remove what was written; does nothing after ``finish``."""
        if self._is_open:
            self._close()
            with suppress(OSError):  # most of the time there is nothing yet
                self._directory.delete(self.name)

    def _scratch(self) -> Scratch:
        return self._directory.scratch(self.name)

    def _close(self) -> None:
        self._is_open = False
        for texts in self._texts.values():
            texts.close()
        for column in self._columns():
            column.close()

    def _columns(self) -> Iterator[ColumnBuffer]:
        yield from (*self._spans, *self._wide_spans)
        yield from (*self._codes.values(), *self._contexts.values())

    def _append(
        self, columns: DocumentColumns, codes: Codes, contexts: Contexts, squared_error: float
    ) -> None:
        with writing(self._directory.path):
            try:
                self._append_columns(columns)
                ids = codes.centroid_ids.astype(centroid_dtype(self._codec.n_centroids), copy=False)
                _append_all(self._codes.values(), (ids, codes.residuals, codes.gains, codes.norms))
                _append_all(self._contexts.values(), (contexts.residuals, contexts.gains))
            except BaseException:
                self.discard()
                raise
        self.n_tokens += len(codes)
        self._squared_error += squared_error

    def _append_columns(self, columns: DocumentColumns) -> None:
        for name, texts in self._texts.items():
            texts.append(*columns.texts[name])
        packed = columns.spans
        _append_all(self._spans, (packed.skips, packed.lengths))
        _append_all(self._wide_spans, (packed.wide_tokens, packed.wide_starts, packed.wide_lengths))
        _extend(self._token_offsets, columns.token_offsets)
        _extend(self._wide_offsets, columns.wide_offsets)

    def _write(self) -> SegmentRecord:
        (documents, keys), tokens = self._write_documents(), self._write_tokens()
        contexts, postings = self._write_contexts(), self._write_postings()
        self._directory.sync(self.name)
        return SegmentRecord(
            name=self.name,
            n_documents=self.n_documents,
            n_tokens=self.n_tokens,
            documents=documents,
            tokens=tokens,
            contexts=contexts,
            postings=postings,
            squared_error=self._squared_error / max(self.n_tokens, 1),
            keys=keys,
        )

    def _write_part(self, part: str, schema: Any, columns: list[Any]) -> FileRecord:
        return write_table(self._directory, f"{self.name}/{part}.arrow", schema, columns)

    def _write_documents(self) -> tuple[FileRecord, str]:
        schema = documents_schema()
        kinds = [schema.field(name).type.value_type for name in ("spans", "wide_spans")]
        spans = structs(kinds[0], [column.array(np.uint8) for column in self._spans])
        wide = structs(kinds[1], [column.array(np.int32) for column in self._wide_spans])
        columns = [
            *(texts.column() for texts in self._texts.values()),
            pa.array(self._texts["id"].order()),
            lists(_vector(self._token_offsets), spans),
            lists(_vector(self._wide_offsets), wide),
        ]
        record = self._write_part("documents", schema, columns)
        return record, keys_checksum(map_table(self._directory, record, schema=schema))

    def _write_tokens(self) -> FileRecord:
        width = self._codec.residual_bytes
        schema = tokens_schema(n_centroids=self._codec.n_centroids, residual_bytes=width)
        columns = [
            pa.array(self._centroid_ids()),
            fixed_lists(self._codes["residual"].array(np.uint8).reshape(-1, width)),
            pa.array(self._codes["gain"].array(np.float16)),
            pa.array(self._codes["norm"].array(np.float16)),
        ]
        return self._write_part("tokens", schema, columns)

    def _write_contexts(self) -> FileRecord:
        residuals = self._contexts["residual"].array(np.uint8).reshape(-1, self._codec.dim // 2)
        columns = [fixed_lists(residuals), pa.array(self._contexts["gain"].array(np.float16))]
        return self._write_part("contexts", contexts_schema(dim=self._codec.dim), columns)

    def _write_postings(self) -> FileRecord:
        k, n = self._codec.n_centroids, self.n_documents
        distinct = distinct_centroids(
            self._centroid_ids(), _vector(self._token_offsets), n_centroids=k
        )
        offsets, documents = posting_lists(*distinct, n_centroids=k)
        columns = [lists(offsets, pa.array(documents))]
        return self._write_part("postings", postings_schema(n_documents=n), columns)

    def _centroid_ids(self) -> NDArray[Any]:
        return self._codes["centroid_id"].array(centroid_dtype(self._codec.n_centroids))

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError(f"{self.name} is finished; start another with new_segment()")


def _append_all(columns: Iterable[ColumnBuffer], values: Iterable[NDArray[Any]]) -> None:
    for column, rows in zip(columns, values, strict=True):
        column.append(rows)


def _extend(offsets: array[int], more: IntVector) -> None:
    offsets.frombytes((more[1:] + offsets[-1]).tobytes())


def _vector(offsets: array[int]) -> IntVector:
    return np.frombuffer(offsets, np.int64)
