"""How do ready token vectors become segments of an index?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.codec.vectors import check_dim
from colmodern.errors import InputError
from colmodern.indexer.begin import Begun
from colmodern.indexer.embedded import EmbeddedBatch
from colmodern.indexer.embeddings import Embeddings
from colmodern.indexer.reading import stored
from colmodern.indexer.report import IndexReport
from colmodern.indexer.sampling import (
    HELD_OUT_TOKENS,
    Reservoir,
    Sample,
    are_held_out,
    sample_limit,
)
from colmodern.indexer.sink import SegmentSink, check_rows
from colmodern.indexer.vector_spool import VectorSpool
from colmodern.request import IndexConfig
from colmodern.storage import EncoderInfo, StoredDocument
from colmodern.types import Progress

UNNAMED = "vectors"
_VECTORS_MARK = "v"


@dataclass(slots=True)
class Survey:
    """What a first reading of token vectors found.

    Attributes:
        ids: The ids of the documents, in order.
        n_tokens: How many token vectors there are.
        dim: Their length; None if there are none.
        sample: Rows drawn at random.
        batches: Starts to read all documents again.
        hashes: Content hash of each document by id, if they were asked for.
    """

    ids: list[str]
    n_tokens: int
    dim: int | None
    sample: Sample
    batches: Callable[[], Iterator[EmbeddedBatch]]
    hashes: dict[str, str] = field(default_factory=dict)

    def forget_sample(self) -> None:
        """Give the memory of the sample back."""
        self.sample = _no_sample(self.dim)


@contextmanager
def surveyed(
    embeddings: Embeddings,
    folder: Path,
    config: IndexConfig,
    *,
    dim: int | None,
    with_hashes: bool,
    progress: Progress | None,
) -> Iterator[Survey]:
    """Read token vectors once: check ids and dimensions, count, draw a sample.

    What cannot be read twice is kept in a temporary file below ``folder`` until the end.

    Args:
        embeddings: The token vectors.
        folder: A folder on the disk of the index.
        config: How large the sample may be.
        dim: What their length must be; None: any.
        with_hashes: Also compute the content hash of every document.
        progress: Told how far it is.

    Raises:
        InputError: Something is wrong with a document; the message names it.
    """
    with VectorSpool(folder) as spool:
        batches = embeddings.batches if embeddings.is_repeatable else spool.batches
        survey = Survey([], 0, dim, _no_sample(dim), batches)
        seen: set[str] = set()
        sampler: _Sampler | None = None
        for batch in embeddings.batches():
            _claim(batch, seen)
            survey.ids += [document.id for document in batch.documents]
            if with_hashes:
                survey.hashes.update((d.id, d.content_hash) for d in _stored(batch))
            if not embeddings.is_repeatable:
                spool.add(batch)
            if len(batch):
                survey.dim = _checked_dim(batch, survey.dim)
                sampler = sampler or _Sampler(survey.dim, config)
                sampler.offer(batch, n_before=len(survey.ids) - len(batch.documents))
            survey.n_tokens += len(batch)
            if progress is not None:
                progress("looking at the vectors (tokens)", survey.n_tokens, 0)
        survey.sample = sampler.sample if sampler is not None else _no_sample(survey.dim)
        del sampler
        yield survey


class _Sampler:
    """Draws the sample of documents that pass by."""

    def __init__(self, dim: int, config: IndexConfig) -> None:
        limit = sample_limit(config.sample_tokens, dim)
        self._kept = Reservoir(limit, dim, seed=config.seed)
        self._held_out = Reservoir(HELD_OUT_TOKENS, dim, seed=config.seed)

    def offer(self, batch: EmbeddedBatch, *, n_before: int) -> None:
        """Let a batch pass by that comes after ``n_before`` documents; refuse what is no number."""
        numbers = np.arange(n_before, n_before + len(batch.documents))
        apart = np.repeat(are_held_out(numbers), np.diff(batch.offsets))
        ids = [document.id for document in batch.documents]
        for reservoir, rows in ((self._kept, ~apart), (self._held_out, apart)):
            taken = reservoir.offer(batch.vectors, np.flatnonzero(rows))
            check_rows(ids, batch.vectors, batch.offsets, taken)

    @property
    def sample(self) -> Sample:
        """The sample so far."""
        return Sample(self._kept.rows, self._held_out.rows)


def _no_sample(dim: int | None) -> Sample:
    nothing = np.zeros((0, dim or 0), np.float32)
    return Sample(nothing, nothing)


def write_embedded(
    survey: Survey,
    begun: Begun,
    report: IndexReport,
    *,
    progress: Progress | None,
) -> None:
    """Write documents to an index; the caller commits.

    A document that the index has with the same content stays, another of its id is replaced.

    Args:
        survey: The documents.
        begun: Where they go.
        report: Where they are counted.
        progress: Told how far it is.
    """
    sink = begun.sink()
    known = begun.writer.content_hashes()
    n_tokens = 0
    for batch in survey.batches():
        documents = list(_stored(batch))
        changed = [known.get(d.id) != d.content_hash for d in documents]
        n_changed, n_updated = (
            sum(changed),
            sum(d.id in known for d in compress(documents, changed)),
        )
        report.unchanged += len(documents) - n_changed
        report.updated += n_updated
        report.added += n_changed - n_updated
        wanted = [c and d.id not in begun.done for d, c in zip(documents, changed, strict=True)]
        fresh = list(compress(documents, wanted))
        if fresh:
            begun.writer.delete(d.id for d in fresh if d.id in known)
            _write(fresh, batch.take(np.array(wanted)), sink, dim=begun.writer.codec.dim)
        n_tokens += len(batch)
        if progress is not None:
            progress("compressing (tokens)", n_tokens, survey.n_tokens)
    sink.finish()


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
