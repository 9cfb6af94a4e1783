"""How do spooled documents become segments of an index?"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from colmodern.codec import Codec, plan_n_centroids, train_codec
from colmodern.config import IndexConfig
from colmodern.indexer.encoding import EncodedDocument, encode_documents
from colmodern.indexer.plan import estimate_tokens, plan_sample
from colmodern.indexer.spool import Spool
from colmodern.storage import (
    EncoderInfo,
    IndexWriter,
    SegmentWriter,
    WriterLock,
)
from colmodern.types import DocumentEncoder, FloatMatrix, Progress

logger = logging.getLogger(__name__)

TRAINED_ON = "tokens_at_training"
_THREADS = os.cpu_count() or 1


class SegmentSink:
    """Takes documents with their vectors and closes a segment whenever one is full."""

    def __init__(self, writer: IndexWriter, *, segment_tokens: int) -> None:
        """Write to ``writer``, compressing with its codec."""
        self._writer = writer
        self._limit = segment_tokens
        self._segment: SegmentWriter | None = None

    def add(self, documents: Sequence[EncodedDocument]) -> None:
        """Compress and store some documents."""
        vectors = np.concatenate([tokens.vectors for _, tokens in documents])
        codes = self._writer.codec.encode(vectors, threads=_THREADS)
        start = 0
        for document, tokens in documents:
            if self._segment is None:
                self._segment = self._writer.new_segment()
            end = start + len(tokens)
            self._segment.add(document, codes[start:end], tokens.spans)
            start = end
            if self._segment.n_tokens >= self._limit:
                self.finish()

    def finish(self) -> None:
        """Close the open segment, if there is one."""
        if self._segment is not None:
            self._segment.finish()
            self._segment = None


class Meter:
    """Turns characters done into progress calls."""

    def __init__(self, spool: Spool, progress: Progress | None) -> None:
        """Count against all characters of ``spool``."""
        self._total = int(spool.chars.sum())
        self._done = 0
        self._progress = progress

    def add(self, documents: Sequence[EncodedDocument]) -> None:
        """Count some documents as encoded."""
        self._done += sum(len(document.title) + len(document.text) for document, _ in documents)
        if self._progress is not None:
            self._progress("encoding (characters)", self._done, self._total)


def build_new(
    path: Path,
    spool: Spool,
    encoder: DocumentEncoder,
    config: IndexConfig,
    *,
    replace: bool,
    lock: WriterLock,
    progress: Progress | None,
) -> IndexWriter:
    """Train a codec on a sample of the spool and write all of it; the caller commits.

    The sample's documents are encoded first, once, and come first in the index.

    Args:
        path: The folder of the index.
        spool: The documents.
        encoder: Their encoder.
        config: How to build.
        replace: Whether an index that is there is to be replaced.
        lock: The lock of the folder; the writer takes it over.
        progress: Told how far it is.
    """
    meter = Meter(spool, progress)
    sample_order = plan_sample(spool.chars, config.sample_tokens, seed=config.seed)
    sample = []
    for batch in encode_documents(spool.read(sample_order), encoder):
        sample.append(batch)
        meter.add(batch)
    n_sampled = sum(len(tokens) for batch in sample for _, tokens in batch)
    n_chars = int(spool.chars[sample_order].sum())
    n_tokens = estimate_tokens(n_sampled, n_chars, int(spool.chars.sum()))
    codec = _train(sample, n_tokens, encoder.dim, config, progress)
    writer = IndexWriter.create(
        path,
        codec,
        encoder=EncoderInfo(encoder.name, encoder.fingerprint, encoder.dim),
        config={**config.to_dict(), TRAINED_ON: n_tokens},
        replace=replace,
        lock=lock,
    )
    try:
        sink = SegmentSink(writer, segment_tokens=config.segment_tokens)
        while sample:
            sink.add(sample.pop(0))
        rest = np.setdiff1d(np.arange(len(spool)), sample_order)
        _write(spool, rest.tolist(), encoder, sink, meter)
    except BaseException:
        writer.close()
        raise
    return writer


def build_more(
    writer: IndexWriter,
    spool: Spool,
    encoder: DocumentEncoder,
    config: IndexConfig,
    *,
    progress: Progress | None,
) -> None:
    """Write all of the spool to an index that has a codec already; the caller commits."""
    sink = SegmentSink(writer, segment_tokens=config.segment_tokens)
    _write(spool, range(len(spool)), encoder, sink, Meter(spool, progress))


def _write(
    spool: Spool, order: Iterable[int], encoder: DocumentEncoder, sink: SegmentSink, meter: Meter
) -> None:
    for batch in encode_documents(spool.read(order), encoder):
        sink.add(batch)
        meter.add(batch)
    sink.finish()


def _train(
    sample: Sequence[Sequence[EncodedDocument]],
    n_tokens: int,
    dim: int,
    config: IndexConfig,
    progress: Progress | None,
) -> Codec:
    started = time.perf_counter()
    if progress is not None:
        progress("training the codec", 0, 1)
    vectors = _sampled_vectors(sample, dim, config)
    n_centroids = config.n_centroids or plan_n_centroids(n_tokens)
    codec = train_codec(vectors, bits=config.bits, n_centroids=n_centroids, seed=config.seed)
    if progress is not None:
        progress("training the codec", 1, 1)
    logger.info(
        "trained %d centroids on %d tokens in %.1f s",
        codec.n_centroids,
        len(vectors),
        time.perf_counter() - started,
    )
    return codec


def _sampled_vectors(
    sample: Sequence[Sequence[EncodedDocument]], dim: int, config: IndexConfig
) -> FloatMatrix:
    parts = [tokens.vectors for batch in sample for _, tokens in batch]
    vectors = np.concatenate(parts) if parts else np.zeros((0, dim), np.float32)
    if len(vectors) > config.sample_tokens:
        rng = np.random.default_rng(config.seed)
        chosen = np.sort(rng.choice(len(vectors), config.sample_tokens, replace=False))
        vectors = vectors[chosen]
    return vectors
