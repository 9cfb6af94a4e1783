"""How does one segment come into being? From documents and a codec to sealed files and a record.

It needs no lock and no manifest, so it may run in any process that sees the disk: a job is a value,
and so is its outcome. Readers know nothing of the files until a transaction commits the record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from colmodern.codec import Codec
from colmodern.indexer.coding import CodedBatches
from colmodern.indexer.sources.base import StoredBatch
from colmodern.indexer.sources.encoding import batch_of, encode_documents
from colmodern.request import IndexConfig
from colmodern.storage import LocalDirectory, SegmentRecord, SegmentWriter, StoredDocument
from colmodern.types import DocumentEncoder

__all__ = ["SegmentJob", "TextsToEncode", "fill_segment", "run_segment_job"]


@dataclass(frozen=True, slots=True)
class TextsToEncode:
    """Documents whose vectors the process that runs a job makes.

    Attributes:
        documents: The documents.
        encoder: Called there for the encoder: ``functools.partial(load_encoder, name)`` can be
            pickled whatever the encoder is.
        config: How tokens are pooled.
    """

    documents: Sequence[StoredDocument]
    encoder: Callable[[], DocumentEncoder]
    config: IndexConfig

    def batches(self) -> Iterator[StoredBatch]:
        """Yield the documents with their vectors, as an index of this process alone has them."""
        for batch in encode_documents(self.documents, self.encoder(), self.config):
            yield batch_of(batch)


@dataclass(frozen=True, slots=True)
class SegmentJob:
    """All that one segment is made of; made by ``Transaction.new_job``.

    Attributes:
        path: The folder of the index, as the process that runs the job sees it.
        name: The name of the segment.
        codec: The codec of the index.
        content: The documents, with their vectors or with what makes those.
    """

    path: Path
    name: str
    codec: Codec
    content: Sequence[StoredBatch] | TextsToEncode

    def batches(self) -> Iterable[StoredBatch]:
        """Return the documents with their vectors; of texts, made as they are asked for."""
        if isinstance(self.content, TextsToEncode):
            return self.content.batches()
        return self.content


def run_segment_job(job: SegmentJob) -> SegmentRecord | None:
    """Write the segment of a job, and return what ``Transaction.add_segment`` takes.

    The same job makes the same bytes. It may be run again after a failure or a kill: what that left
    is removed first.

    Returns:
        The record of the segment; None if there are no documents.

    Raises:
        InputError: Something is wrong with a document; the message names it.
        EncoderError: The encoder cannot be loaded, or gives something else than vectors.
        IndexWriteError: The disk is full or refuses.
    """
    directory = LocalDirectory(job.path)
    with suppress(FileNotFoundError):
        directory.delete(job.name)
    sealed: list[SegmentRecord | None] = []
    segment = SegmentWriter(
        directory, job.name, job.codec, claim=lambda *_: None, finished=sealed.append
    )
    try:
        fill_segment(segment, CodedBatches(job.batches(), job.codec))
    except BaseException:
        segment.discard()
        raise
    return sealed[0]


def fill_segment(
    segment: SegmentWriter,
    batches: CodedBatches,
    *,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
) -> None:
    """Add documents to a segment until it is full or a part ends, and seal it.

    Args:
        segment: The segment.
        batches: As many documents are taken as fit.
        max_tokens: It is full when it holds this many; None: it takes all documents.
        max_seconds: It is full after this time, too.
    """
    end = None if max_seconds is None else time.monotonic() + max_seconds
    for batch in batches:
        n = len(batch) if max_tokens is None else batch.until(max_tokens - segment.n_tokens)
        if n < len(batch):
            batches.give_back(batch.part(n, len(batch)))
        taken = batch.part(0, n)
        segment.add_all(
            taken.documents,
            taken.codes,
            taken.spans,
            taken.offsets,
            squared_error=taken.squared_error * len(taken.codes),
            contexts=taken.contexts,
        )
        is_late = end is not None and time.monotonic() >= end
        if max_tokens is not None and (
            is_late or taken.ends_part or segment.n_tokens >= max_tokens
        ):
            break
    segment.finish()
