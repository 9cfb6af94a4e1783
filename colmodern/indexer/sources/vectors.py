"""Documents that come with their token vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from itertools import compress, pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from colmodern.codec import DocumentReservoir
from colmodern.codec.vectors import check_dim
from colmodern.errors import InputError
from colmodern.indexer.report import IndexReport
from colmodern.indexer.row_checks import check_rows
from colmodern.indexer.sampling import (
    HELD_OUT_TOKENS,
    Reservoir,
    Sample,
    are_held_out,
    no_sample,
    sample_limit,
)
from colmodern.indexer.sources.base import StoredBatch
from colmodern.indexer.sources.documents import stored
from colmodern.indexer.sources.embedded import EmbeddedBatch
from colmodern.indexer.sources.embeddings import Embeddings
from colmodern.indexer.sources.vector_spool import VectorSpool
from colmodern.request import IndexConfig
from colmodern.storage import StoredDocument
from colmodern.types import Progress

__all__ = ["VectorDocumentSource", "is_from_vectors"]

_VECTORS_MARK = "v"


class VectorDocumentSource:
    """Documents with their token vectors, which were read once and are read again to be written.

    Attributes:
        dim: The length of the vectors; None if there are none.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        spool: VectorSpool,
        report: IndexReport,
        *,
        dim: int | None,
        known_hash: Callable[[str], str | None],
        progress: Progress | None,
    ) -> None:
        """Start with nothing read; callers use ``read``."""
        self.dim = dim
        self._embeddings = embeddings
        self._spool = spool
        self._report = report
        self._known_hash = known_hash
        self._progress = progress
        self._n_tokens = 0
        self._hashes: dict[str, str] = {}
        self._sampler: _Sampler | None = None

    @classmethod
    @contextmanager
    def read(
        cls,
        embeddings: Embeddings,
        folder: Path,
        report: IndexReport,
        *,
        dim: int | None,
        known_hash: Callable[[str], str | None],
        sampled: IndexConfig | None,
        with_hashes: bool,
        progress: Progress | None = None,
    ) -> Iterator[Self]:
        """Read token vectors once: check ids and dimensions, count, draw a sample.

        What cannot be read twice is kept in a temporary file below ``folder`` until the end.

        Args:
            embeddings: The token vectors.
            folder: A folder on the disk of the index.
            report: Where documents are counted when they are written.
            dim: What the length of the vectors must be; None: any.
            known_hash: Says which content hash the document of an id has in the index, if any. A
                document that it has as it is stays, another takes the place of that of its id.
            sampled: How large the sample is; None: there is none.
            with_hashes: Also compute the content hash of every document.
            progress: Told how far it is.

        Raises:
            InputError: Something is wrong with a document; the message names it.
        """
        with VectorSpool(folder) as spool:
            source = cls(
                embeddings, spool, report, dim=dim, known_hash=known_hash, progress=progress
            )
            source._read(sampled, with_hashes=with_hashes)
            yield source

    @property
    def n_tokens(self) -> int:
        """How many token vectors there are."""
        return self._n_tokens

    def content_hashes(self) -> Mapping[str, str]:
        """Return the content hash of each document by id, if they were asked for."""
        return self._hashes

    def training_sample(self) -> Sample:
        """Return the sample that was drawn, and forget it."""
        sampler, self._sampler = self._sampler, None
        return no_sample(self.dim or 0) if sampler is None else sampler.sample

    def batches(self, done: AbstractSet[str]) -> Iterator[StoredBatch]:
        """Yield the documents that must be written, in order, and count all of them.

        Args:
            done: Ids of documents that an attempt before this one wrote; they are left out.

        Raises:
            InputError: Something is wrong with a document; the message names it.
        """
        self._sampler = None  # its memory is given back
        is_repeatable = self._embeddings.is_repeatable
        n_tokens = 0
        for batch in self._embeddings.batches() if is_repeatable else self._spool.batches():
            documents = list(_stored(batch))
            is_changed = [self._known_hash(d.id) != d.content_hash for d in documents]
            self._count(documents, is_changed)
            is_wanted = [c and d.id not in done for d, c in zip(documents, is_changed, strict=True)]
            wanted = list(compress(documents, is_wanted))
            if wanted:
                yield _batch_of(wanted, batch.take(np.array(is_wanted)))
            n_tokens += len(batch)
            if self._progress is not None:
                self._progress("compressing (tokens)", n_tokens, self._n_tokens)

    def _read(self, sampled: IndexConfig | None, *, with_hashes: bool) -> None:
        seen: set[str] = set()
        for batch in self._embeddings.batches():
            n_before = len(seen)
            _claim(batch, seen)
            if with_hashes:
                self._hashes.update((d.id, d.content_hash) for d in _stored(batch))
            if not self._embeddings.is_repeatable:
                self._spool.add(batch)
            if len(batch):
                self.dim = _checked_dim(batch, self.dim)
                if sampled is not None:
                    self._sampler = self._sampler or _Sampler(self.dim, sampled)
                    self._sampler.offer(batch, n_before=n_before)
            self._n_tokens += len(batch)
            if self._progress is not None:
                self._progress("looking at the vectors (tokens)", self._n_tokens, 0)

    def _count(self, documents: list[StoredDocument], is_changed: list[bool]) -> None:
        n_changed = sum(is_changed)
        n_updated = sum(self._known_hash(d.id) is not None for d in compress(documents, is_changed))
        self._report.unchanged += len(documents) - n_changed
        self._report.updated += n_updated
        self._report.added += n_changed - n_updated


class _Sampler:
    """Draws the sample of documents that pass by."""

    def __init__(self, dim: int, config: IndexConfig) -> None:
        limit = sample_limit(config.sample_tokens, dim)
        self._kept = Reservoir(limit, dim, seed=config.seed)
        self._held_out = Reservoir(HELD_OUT_TOKENS, dim, seed=config.seed)
        self._drawn = DocumentReservoir(dim, seed=config.seed)

    def offer(self, batch: EmbeddedBatch, *, n_before: int) -> None:
        """Let a batch pass by that comes after ``n_before`` documents; refuse what is no number."""
        numbers = np.arange(n_before, n_before + len(batch.documents))
        apart = np.repeat(are_held_out(numbers), np.diff(batch.offsets))
        ids = [document.id for document in batch.documents]
        for reservoir, rows in ((self._kept, ~apart), (self._held_out, apart)):
            taken = reservoir.offer(batch.vectors, np.flatnonzero(rows))
            check_rows(ids, batch.vectors, batch.offsets, taken)
        for start, end in pairwise(batch.offsets.tolist()):
            if n_taken := self._drawn.offer(batch.vectors[start:end]):
                check_rows(ids, batch.vectors, batch.offsets, np.arange(start, start + n_taken))

    @property
    def sample(self) -> Sample:
        """The sample so far."""
        return Sample(self._kept.rows, self._held_out.rows, self._drawn.documents)


def _batch_of(documents: list[StoredDocument], batch: EmbeddedBatch) -> StoredBatch:
    spans = np.zeros((len(batch), 2), np.int32) if batch.spans is None else batch.spans
    return StoredBatch(documents, batch.vectors, batch.offsets, spans)


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
