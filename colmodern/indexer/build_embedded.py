"""How do ready token vectors become segments of an index?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.codec.vectors import check_dim
from colmodern.config import IndexConfig
from colmodern.errors import InputError
from colmodern.indexer.embedded import EmbeddedBatch
from colmodern.indexer.embeddings import Embeddings
from colmodern.indexer.reading import stored
from colmodern.indexer.report import IndexReport
from colmodern.indexer.sampling import Reservoir, sample_limit
from colmodern.indexer.sink import SegmentSink, check_rows
from colmodern.indexer.vector_spool import VectorSpool
from colmodern.storage import EncoderInfo, IndexWriter, StoredDocument
from colmodern.types import FloatMatrix, Progress

UNNAMED = "vectors"
_VECTORS_MARK = "v"


@dataclass(slots=True)
class Survey:
    """What a first reading of token vectors found.

    Attributes:
        ids: The ids of the documents, in order.
        n_tokens: How many token vectors there are.
        dim: Their length; None if there are none.
        sample: Rows drawn at random, shape (n, dim), float32.
        batches: Starts to read all documents again.
    """

    ids: list[str]
    n_tokens: int
    dim: int | None
    sample: FloatMatrix
    batches: Callable[[], Iterator[EmbeddedBatch]]

    def forget_sample(self) -> None:
        """Give the memory of the sample back."""
        self.sample = np.zeros((0, self.dim or 0), np.float32)


@contextmanager
def surveyed(
    embeddings: Embeddings,
    folder: Path,
    config: IndexConfig,
    *,
    dim: int | None,
    progress: Progress | None,
) -> Iterator[Survey]:
    """Read token vectors once: check ids and dimensions, count, draw a sample.

    What cannot be read twice is kept in a temporary file below ``folder`` until the end.

    Args:
        embeddings: The token vectors.
        folder: A folder on the disk of the index.
        config: How large the sample may be.
        dim: What their length must be; None: any.
        progress: Told how far it is.

    Raises:
        InputError: Something is wrong with a document; the message names it.
    """
    with VectorSpool(folder) as spool:
        batches = embeddings.batches if embeddings.is_repeatable else spool.batches
        survey = Survey([], 0, dim, np.zeros((0, dim or 0), np.float32), batches)
        seen: set[str] = set()
        reservoir: Reservoir | None = None
        for batch in embeddings.batches():
            _claim(batch, seen)
            survey.ids += [document.id for document in batch.documents]
            if not embeddings.is_repeatable:
                spool.add(batch)
            if len(batch):
                survey.dim = _checked_dim(batch, survey.dim)
                if reservoir is None:
                    limit = sample_limit(config.sample_tokens, survey.dim)
                    reservoir = Reservoir(limit, survey.dim, seed=config.seed)
                taken = reservoir.offer(batch.vectors)
                check_rows([d.id for d in batch.documents], batch.vectors, batch.offsets, taken)
            survey.n_tokens += len(batch)
            if progress is not None:
                progress("looking at the vectors (tokens)", survey.n_tokens, 0)
        survey.sample = np.zeros((0, survey.dim or 0), np.float32)
        if reservoir is not None:
            survey.sample = reservoir.rows
            del reservoir
        yield survey


def write_embedded(
    survey: Survey,
    writer: IndexWriter,
    known: Mapping[str, str],
    *,
    segment_tokens: int,
    progress: Progress | None,
) -> IndexReport:
    """Write documents to an index; the caller commits.

    Args:
        survey: The documents.
        writer: Where they go.
        known: Content hash by id of the documents that are there; one with the same content stays,
            another is replaced.
        segment_tokens: When a segment is full.
        progress: Told how far it is.
    """
    report = IndexReport()
    sink = SegmentSink(writer, segment_tokens=segment_tokens)
    n_done = 0
    for batch in survey.batches():
        documents = list(_stored(batch))
        wanted = np.array([known.get(d.id) != d.content_hash for d in documents], np.bool_)
        fresh = [document for document, is_in in zip(documents, wanted, strict=True) if is_in]
        if fresh:
            report.updated += writer.delete(d.id for d in fresh if d.id in known)
            _write(fresh, batch.take(wanted), sink, dim=writer.codec.dim)
        report.added += len(fresh)
        report.unchanged += len(documents) - len(fresh)
        n_done += len(batch)
        if progress is not None:
            progress("compressing (tokens)", n_done, survey.n_tokens)
    sink.finish()
    report.added -= report.updated
    return report


def _write(
    documents: Sequence[StoredDocument], batch: EmbeddedBatch, sink: SegmentSink, *, dim: int
) -> None:
    vectors = batch.vectors if len(batch) else np.zeros((0, dim), np.float32)
    spans = np.zeros((len(batch), 2), np.int32) if batch.spans is None else batch.spans
    sink.add(documents, vectors, batch.offsets, spans)


def unnamed_encoder(dim: int) -> EncoderInfo:
    """Return what stands for the encoder of vectors that nobody named."""
    name = f"{UNNAMED}:{dim}"
    return EncoderInfo(name, hashlib.sha256(f"colmodern {name}".encode()).hexdigest(), dim)


def is_from_vectors(content_hash: str) -> bool:
    """Say whether a document came with its vectors, so that its text cannot make them again."""
    return content_hash.startswith(_VECTORS_MARK)


def _stored(batch: EmbeddedBatch) -> Iterator[StoredDocument]:
    """Yield the documents as storage wants them; the hash covers vectors and spans too."""
    bounds = batch.offsets.tolist()
    for document, start, end in zip(batch.documents, bounds[:-1], bounds[1:], strict=True):
        plain = stored(document)
        # SHA-256 has instructions of its own on most processors: twice the speed of BLAKE2b here.
        digest = hashlib.sha256(plain.content_hash.encode())
        digest.update(batch.vectors.dtype.str.encode())
        digest.update(_bytes_of(batch.vectors[start:end]))
        if batch.spans is not None:
            digest.update(_bytes_of(batch.spans[start:end]))
        yield StoredDocument(
            id=plain.id,
            text=plain.text,
            title=plain.title,
            metadata=plain.metadata,
            content_hash=_VECTORS_MARK + digest.hexdigest()[:32],
        )


def _bytes_of(rows: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data


def _claim(batch: EmbeddedBatch, seen: set[str]) -> None:
    for document in batch.documents:
        if not isinstance(document.id, str):
            raise InputError(f"A document's id must be a string, not {document.id!r:.40}.")
        if document.id in seen:
            raise InputError(f"The id {document.id!r} comes twice; ids must be unique.")
        seen.add(document.id)


def _checked_dim(batch: EmbeddedBatch, dim: int | None) -> int:
    found = batch.vectors.shape[1]
    first = batch.documents[0].id
    if dim is not None and found != dim:
        raise InputError(
            f"The vectors of document {first!r} have {found} dimensions; {dim} are expected."
        )
    try:
        return check_dim(found)
    except ValueError as err:
        raise InputError(f"The vectors of document {first!r}: {err}") from err
