"""How do spooled documents become segments of an index?"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from colmodern.codec import Codec, plan_n_centroids, train_codec
from colmodern.config import IndexConfig
from colmodern.indexer.embedded import offsets_of
from colmodern.indexer.encoding import EncodedDocument, encode_documents
from colmodern.indexer.plan import estimate_tokens
from colmodern.indexer.sampling import EncodedSample, sample_limit
from colmodern.indexer.sink import SegmentSink
from colmodern.indexer.spool import Spool
from colmodern.storage import (
    EncoderInfo,
    IndexWriter,
    WriterLock,
)
from colmodern.types import DocumentEncoder, FloatMatrix, Progress

logger = logging.getLogger(__name__)

TRAINED_ON = "tokens_at_training"


class Meter:
    """Turns characters done into progress calls."""

    def __init__(self, spool: Spool, progress: Progress | None) -> None:
        """Count against all characters of ``spool``."""
        self._total = int(spool.chars.sum())
        self._done = 0
        self._progress = progress

    def add(self, documents: Iterable[EncodedDocument]) -> None:
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
    sample = encode_sample(spool, encoder, config, meter)
    chars = spool.chars
    n_tokens = estimate_tokens(sample.n_tokens, int(chars[sample.numbers].sum()), int(chars.sum()))
    codec = train(sample.vectors, n_tokens, config, progress)
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
        for batch in sample.batches():
            write(batch, sink)
        rest = np.setdiff1d(np.arange(len(spool)), sample.numbers)
        del sample
        _encode(spool, rest.tolist(), encoder, sink, meter)
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
    _encode(spool, range(len(spool)), encoder, sink, Meter(spool, progress))


def encode_sample(
    spool: Spool, encoder: DocumentEncoder, config: IndexConfig, meter: Meter
) -> EncodedSample:
    """Encode documents drawn at random until they have enough tokens to train a codec."""
    limit = sample_limit(config.sample_tokens, encoder.dim)
    order = np.random.default_rng(config.seed).permutation(len(spool)).tolist()
    sample = EncodedSample(limit, encoder.dim)
    numbers = iter(order)
    for batch in encode_documents(spool.read(order), encoder):
        for (document, tokens), number in zip(batch, numbers, strict=False):
            sample.add(number, document, tokens)
        meter.add(batch)
        if sample.is_full:
            break
    return sample


def train(
    sample: FloatMatrix, n_tokens: int, config: IndexConfig, progress: Progress | None
) -> Codec:
    """Return a codec for about ``n_tokens`` tokens like those of a sample."""
    started = time.perf_counter()
    if progress is not None:
        progress("training the codec", 0, 1)
    n_centroids = config.n_centroids or plan_n_centroids(n_tokens)
    codec = train_codec(sample, bits=config.bits, n_centroids=n_centroids, seed=config.seed)
    if progress is not None:
        progress("training the codec", 1, 1)
    logger.info(
        "trained %d centroids on %d tokens in %.1f s",
        codec.n_centroids,
        len(sample),
        time.perf_counter() - started,
    )
    return codec


def write(batch: list[EncodedDocument], sink: SegmentSink) -> None:
    """Hand encoded documents to a sink."""
    sink.add(
        [document for document, _ in batch],
        np.concatenate([tokens.vectors for _, tokens in batch]),
        offsets_of(len(tokens) for _, tokens in batch),
        np.concatenate([tokens.spans for _, tokens in batch]),
    )


def _encode(
    spool: Spool, order: Iterable[int], encoder: DocumentEncoder, sink: SegmentSink, meter: Meter
) -> None:
    for batch in encode_documents(spool.read(order), encoder):
        write(batch, sink)
        meter.add(batch)
    sink.finish()
