"""How documents become the files of one segment.

Everything is held in memory until ``finish``; the caller decides when a segment is full. A
document is never split.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from colmodern.codec import Codes
from colmodern.errors import InputError
from colmodern.storage.durable import sync_folder, writing
from colmodern.storage.layout import (
    CentroidIds,
    centroid_dtype,
    distinct_schema,
    documents_schema,
    postings_schema,
    tokens_schema,
)
from colmodern.storage.manifest import CodecRecord, FileRecord, SegmentRecord
from colmodern.storage.postings import distinct_centroids, posting_lists
from colmodern.storage.records import StoredDocument
from colmodern.storage.tables import fixed_lists, lists, strings, write_table
from colmodern.types import IntVector, Spans

__all__ = ["SegmentWriter"]

MAX_SPAN_LENGTH = np.iinfo(np.uint16).max


class SegmentWriter:
    """The documents of a segment that is not written yet; made by ``IndexWriter.new_segment``."""

    def __init__(
        self,
        folder: Path,
        name: str,
        codec: CodecRecord,
        *,
        claim: Callable[[str, int], None],
        finished: Callable[[SegmentRecord | None], None],
    ) -> None:
        """Start an empty segment.

        Args:
            folder: The folder of the index.
            name: The name of the segment.
            codec: What the codes must look like.
            claim: Called with the id and the position of each new document; raises if it may not
                be added.
            finished: Called with the record once the files are on the disk (None: no documents).
        """
        self.name = name
        self.n_tokens = 0
        self._folder = folder
        self._codec = codec
        self._claim = claim
        self._finished = finished
        self._documents: list[StoredDocument] = []
        self._metadata: list[str] = []
        self._codes: list[Codes] = []
        self._spans: list[Spans] = []
        self._is_open = True

    @property
    def n_documents(self) -> int:
        """How many documents were added."""
        return len(self._documents)

    def add(self, document: StoredDocument, codes: Codes, spans: Spans) -> None:
        """Add one document.

        Args:
            document: The document; its id may not be that of a living document.
            codes: The codes of its tokens; none is allowed.
            spans: Shape (n_tokens, 2), int32: start and end character of each token. A span longer
                than 65,535 characters is kept with that length.

        Raises:
            InputError: The id is empty or taken, the metadata are not flat, or a text cannot be
                written as UTF-8.
            ValueError: ``codes`` or ``spans`` do not fit the codec or each other.
        """
        self._check_open()
        self._check_codes(codes)
        _check_spans(spans, len(codes))
        _check_texts(document)
        metadata = _metadata_json(document)
        self._claim(document.id, self.n_documents)
        self._documents.append(document)
        self._metadata.append(metadata)
        self._codes.append(codes)
        self._spans.append(spans)
        self.n_tokens += len(codes)

    def finish(self) -> None:
        """Write the files and hand the segment to the index writer; empty segments vanish.

        Raises:
            IndexWriteError: The disk is full or refuses; nothing of the segment is left there.
        """
        self._check_open()
        self._is_open = False
        if not self._documents:
            self._finished(None)
            return
        with writing(self._folder):
            try:
                record = self._write()
            except BaseException:
                shutil.rmtree(self._folder / self.name, ignore_errors=True)
                raise
        self._finished(record)

    def _write(self) -> SegmentRecord:
        (self._folder / self.name).mkdir(exist_ok=True)
        k = self._codec.n_centroids
        token_offsets = _offsets(len(codes) for codes in self._codes)
        documents = self._write_part("documents", documents_schema(), self._columns(token_offsets))
        ids, tokens = self._write_tokens()
        distinct_offsets, distinct_ids = distinct_centroids(ids, token_offsets, n_centroids=k)
        posting_offsets, posting_documents = posting_lists(
            distinct_offsets, distinct_ids, n_centroids=k
        )
        distinct = lists(distinct_offsets, pa.array(distinct_ids))
        postings = lists(posting_offsets, pa.array(posting_documents))
        record = SegmentRecord(
            name=self.name,
            n_documents=self.n_documents,
            n_tokens=self.n_tokens,
            documents=documents,
            tokens=tokens,
            distinct=self._write_part("distinct", distinct_schema(n_centroids=k), [distinct]),
            postings=self._write_part("postings", postings_schema(), [postings]),
        )
        sync_folder(self._folder / self.name)
        return record

    def _write_part(self, part: str, schema: Any, columns: list[Any]) -> FileRecord:
        return write_table(self._folder, f"{self.name}/{part}.arrow", schema, columns)

    def _columns(self, token_offsets: IntVector) -> list[Any]:
        documents = self._documents
        return [
            strings(d.id for d in documents),
            strings(d.title for d in documents),
            strings(d.text for d in documents),
            strings(self._metadata),
            strings(d.source or "" for d in documents),
            strings(d.content_hash for d in documents),
            pa.array(_id_order(documents)),
            lists(token_offsets, _span_column(self._spans)),
        ]

    def _write_tokens(self) -> tuple[CentroidIds, FileRecord]:
        """Write the token columns and forget the codes, the largest part of what is held."""
        codes, self._codes, self._spans = self._codes, [], []
        k, width = self._codec.n_centroids, self._codec.residual_bytes
        ids = np.concatenate([c.centroid_ids for c in codes]).astype(centroid_dtype(k), copy=False)
        columns = [
            pa.array(ids),
            fixed_lists(np.concatenate([c.residuals for c in codes])),
            pa.array(np.concatenate([c.gains for c in codes])),
            pa.array(np.concatenate([c.norms for c in codes])),
        ]
        schema = tokens_schema(n_centroids=k, residual_bytes=width)
        return ids, self._write_part("tokens", schema, columns)

    def _check_open(self) -> None:
        if not self._is_open:
            raise ValueError(f"{self.name} is finished; start another with new_segment()")

    def _check_codes(self, codes: Codes) -> None:
        expected = (len(codes), self._codec.residual_bytes)
        if codes.residuals.shape != expected or codes.residuals.dtype != np.uint8:
            found = (codes.residuals.shape, codes.residuals.dtype)
            raise ValueError(f"residuals must be {expected} uint8, not {found[0]} {found[1]}")
        for name, column in (("gains", codes.gains), ("norms", codes.norms)):
            if column.shape != (len(codes),) or column.dtype != np.float16:
                expected_column = f"{(len(codes),)} float16"
                raise ValueError(
                    f"{name} must be {expected_column}, not {column.shape} {column.dtype}"
                )
        k = self._codec.n_centroids
        if len(codes) and not 0 <= int(codes.centroid_ids.max()) < k:
            raise ValueError(f"centroid ids must be below {k}, not {codes.centroid_ids.max()}")


def _check_spans(spans: Spans, n_tokens: int) -> None:
    if spans.shape != (n_tokens, 2) or spans.dtype != np.int32:
        raise ValueError(f"spans must be {(n_tokens, 2)} int32, not {spans.shape} {spans.dtype}")
    if n_tokens and (spans[:, 0].min() < 0 or np.any(spans[:, 1] < spans[:, 0])):
        raise ValueError("spans must start at 0 or later and end at or after their start")


def _check_texts(document: StoredDocument) -> None:
    if not document.id:
        raise InputError("A document has an empty id. Give every document an id of its own.")
    for name in ("id", "title", "text", "source", "content_hash"):
        value = getattr(document, name) or ""
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(
                f"The {name} of document {document.id!r} is not valid Unicode: {error.reason} at "
                f"character {error.start}. Decode it with errors='replace'."
            ) from error


def _metadata_json(document: StoredDocument) -> str:
    for key, value in document.metadata.items():
        if type(key) is not str or not isinstance(value, str | int | float | None):
            raise InputError(
                f"Document {document.id!r} has metadata {key!r} of type {type(value).__name__}; "
                "keys are strings, values strings, numbers, true, false or null."
            )
    try:
        return json.dumps(dict(document.metadata), allow_nan=False)
    except ValueError as error:
        raise InputError(f"The metadata of document {document.id!r}: {error}.") from error


def _id_order(documents: list[StoredDocument]) -> Any:
    keys = [document.id.encode("utf-8") for document in documents]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int32)


def _span_column(pieces: list[Spans]) -> Any:
    spans = np.concatenate(pieces)
    starts = np.ascontiguousarray(spans[:, 0])
    lengths = np.minimum(spans[:, 1] - starts, MAX_SPAN_LENGTH).astype(np.uint16)
    kind = documents_schema().field("spans").type.value_type
    fields = [kind.field(i) for i in range(kind.num_fields)]
    return pa.StructArray.from_arrays([pa.array(starts), pa.array(lengths)], fields=fields)


def _offsets(counts: Iterable[int]) -> IntVector:
    return np.cumsum([0, *counts], dtype=np.int64)
