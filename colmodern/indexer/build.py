"""How do spooled documents become segments of an index?"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

import numpy as np

from colmodern.codec import Codec, plan_n_centroids, train_codec
from colmodern.indexer.ahead import ahead
from colmodern.indexer.begin import Begun, Change, begin_new, closing_on_error, resume_new
from colmodern.indexer.embedded import offsets_of
from colmodern.indexer.encoding import EncodedDocument, encode_documents
from colmodern.indexer.plan import CHARS_PER_TOKEN, estimate_tokens
from colmodern.indexer.sampling import EncodedSample, Sample, sample_limit
from colmodern.indexer.sink import SegmentSink, reconstruction_error
from colmodern.indexer.spool import Spool
from colmodern.request import IndexConfig
from colmodern.storage import EncoderInfo, TrainingRecord
from colmodern.types import DocumentEncoder, Progress

_ENOUGH_HELD_OUT = 1000  # tokens, for an error that means something

logger = logging.getLogger(__name__)


class Meter:
    """Turns characters done into progress calls."""

    def __init__(self, spool: Spool, progress: Progress | None, *, skipped: int = 0) -> None:
        """Count against all characters of ``spool``, ``skipped`` of which are done."""
        self._total = int(spool.chars.sum())
        self._done = skipped
        self._progress = progress

    def add(self, documents: Iterable[EncodedDocument]) -> None:
        """Count some documents as encoded."""
        self._done += sum(len(document.title) + len(document.text) for document, _ in documents)
        if self._progress is not None:
            self._progress("encoding (characters)", self._done, self._total)


def build_new(change: Change, encoder: DocumentEncoder, config: IndexConfig) -> Begun:
    """Train a codec on a sample of the spool and write all of it; the caller commits and closes.

    The sample's documents are encoded first, once, and come first in the index. What an earlier
    attempt had finished is taken over.
    """
    spool = change.spool
    info = EncoderInfo(encoder.name, encoder.fingerprint, encoder.dim)
    n_expected = int(spool.chars.sum() / CHARS_PER_TOKEN / config.pool)
    begun = resume_new(change, info, config, spool.content_hashes, n_tokens=n_expected)
    if begun is not None:
        with closing_on_error(begun):
            encode_rest(begun, change, encoder)
        return begun
    meter = Meter(spool, change.progress)
    sample = encode_sample(spool, encoder, config, meter)
    n_tokens = estimate_tokens(
        sample.n_tokens, int(spool.chars[sample.numbers].sum()), int(spool.chars.sum())
    )
    codec, training = train(sample.sample, n_tokens, config, change.progress)
    begun = begin_new(change, info, config, codec, training)
    with closing_on_error(begun):
        sink = begun.sink()
        for batch in sample.batches():
            write(batch, sink)
        sink.finish()
        rest = np.setdiff1d(np.arange(len(spool)), sample.numbers)
        del sample
        _encode(begun, spool, rest.tolist(), encoder, meter)
    return begun


def encode_rest(begun: Begun, change: Change, encoder: DocumentEncoder) -> None:
    """Write what the spool holds and an earlier attempt has not written."""
    spool, done = change.spool, begun.done
    ids = spool.content_hashes() if done else {}
    skipped = [number for number, identifier in enumerate(ids) if identifier in done]
    meter = Meter(spool, change.progress, skipped=int(spool.chars[skipped].sum()))
    rest = np.setdiff1d(np.arange(len(spool)), skipped)
    _encode(begun, spool, rest.tolist(), encoder, meter)


def encode_sample(
    spool: Spool, encoder: DocumentEncoder, config: IndexConfig, meter: Meter
) -> EncodedSample:
    """Encode documents drawn at random until they have enough tokens to train a codec."""
    limit = sample_limit(config.sample_tokens, encoder.dim)
    order = np.random.default_rng(config.seed).permutation(len(spool)).tolist()
    sample = EncodedSample(limit, encoder.dim)
    numbers = iter(order)
    for batch in encode_documents(spool.read(order), encoder, config):
        for (document, tokens), number in zip(batch, numbers, strict=False):
            sample.add(number, document, tokens)
        meter.add(batch)
        if sample.is_full:
            break
    return sample


def train(
    sample: Sample, n_tokens: int, config: IndexConfig, progress: Progress | None
) -> tuple[Codec, TrainingRecord]:
    """Return a codec for about ``n_tokens`` tokens like those of a sample, and how it fits."""
    started = time.perf_counter()
    if progress is not None:
        progress("training the codec", 0, 1)
    n_centroids = config.n_centroids or plan_n_centroids(n_tokens)
    codec = train_codec(sample.rows, bits=config.bits, n_centroids=n_centroids, seed=config.seed)
    if progress is not None:
        progress("training the codec", 1, 1)
    logger.info(
        "trained %d centroids on %d tokens in %.1f s",
        codec.n_centroids,
        len(sample.rows),
        time.perf_counter() - started,
    )
    error = 0.0
    if len(sample.held_out) >= _ENOUGH_HELD_OUT:
        error = reconstruction_error(codec, sample.held_out)
    return codec, TrainingRecord(n_tokens, error)


def write(batch: list[EncodedDocument], sink: SegmentSink) -> None:
    """Hand encoded documents to a sink."""
    sink.add(
        [document for document, _ in batch],
        np.concatenate([tokens.vectors for _, tokens in batch]),
        offsets_of(len(tokens) for _, tokens in batch),
        np.concatenate([tokens.spans for _, tokens in batch]),
    )


def _encode(
    begun: Begun, spool: Spool, order: Iterable[int], encoder: DocumentEncoder, meter: Meter
) -> None:
    """Encode documents of the spool in this order and write them, both at the same time."""
    sink = begun.sink()
    for batch in ahead(encode_documents(spool.read(order), encoder, begun.config)):
        write(batch, sink)
        meter.add(batch)
    sink.finish()
