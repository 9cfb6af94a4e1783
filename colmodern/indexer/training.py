"""How is the codec of a new index trained?"""

from __future__ import annotations

import logging
import time

from colmodern.codec import Codec, plan_n_centroids, train_codec
from colmodern.indexer.coding import reconstruction_error
from colmodern.indexer.sampling import Sample
from colmodern.request import IndexConfig
from colmodern.storage import TrainingRecord
from colmodern.types import Progress

__all__ = ["train"]

_ENOUGH_HELD_OUT = 1000  # tokens, for an error that means something

logger = logging.getLogger(__name__)


def train(
    sample: Sample, n_tokens: int, config: IndexConfig, progress: Progress | None
) -> tuple[Codec, TrainingRecord]:
    """Return a codec for about ``n_tokens`` tokens like those of a sample, and how it fits.

    It keeps some documents of the sample, by which scores are corrected.
    """
    started = time.perf_counter()
    if progress is not None:
        progress("training the codec", 0, 1)
    n_centroids = config.n_centroids or plan_n_centroids(n_tokens)
    codec = train_codec(sample.rows, bits=config.bits, n_centroids=n_centroids, seed=config.seed)
    codec = codec.with_documents(*sample.documents)
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
