"""Documents that are encoded here: they wait in a spool, and vectors are made as they pass by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from colmodern.indexer.ahead import ahead
from colmodern.indexer.plan import CHARS_PER_TOKEN, estimate_tokens
from colmodern.indexer.sampling import Sample, sample_limit
from colmodern.indexer.sources.base import StoredBatch
from colmodern.indexer.sources.encoded_sample import EncodedSample
from colmodern.indexer.sources.encoding import EncodedDocument, batch_of, encode_documents
from colmodern.indexer.sources.spool import Spool
from colmodern.request import IndexConfig
from colmodern.types import DocumentEncoder, IntVector, Progress

__all__ = ["TextDocumentSource"]


class TextDocumentSource:
    """The documents of a spool, with the vectors that an encoder makes of them."""

    def __init__(
        self,
        spool: Spool,
        encoder: DocumentEncoder,
        config: IndexConfig,
        progress: Progress | None = None,
    ) -> None:
        """Encode what the spool holds.

        Args:
            spool: The documents; nothing may be added once a sample or batches are asked for.
            encoder: Makes the vectors.
            config: How the index is built: how tokens are pooled, how large a sample is.
            progress: Told how many characters are encoded.
        """
        self._spool = spool
        self._encoder = encoder
        self._config = config
        self._progress = progress
        self._sample: EncodedSample | None = None
        self._n_chars_done = 0

    @property
    def n_tokens(self) -> int:
        """About how many tokens there are; by the sample, once there is one."""
        chars = self._spool.chars
        n_chars = int(chars.sum())
        if self._sample is None:
            return int(n_chars / CHARS_PER_TOKEN / self._config.pool)
        sampled = int(chars[self._sample.numbers].sum())
        return estimate_tokens(self._sample.n_tokens, sampled, n_chars)

    @property
    def sample(self) -> EncodedSample | None:
        """What was encoded to train the codec and is not written yet; None: nothing."""
        return self._sample

    def content_hashes(self) -> Mapping[str, str]:
        """Return the content hash of each document by id, in the order of the spool."""
        return self._spool.content_hashes()

    def training_sample(self) -> Sample:
        """Encode documents drawn at random until they have enough tokens to train a codec.

        They are kept, and come first among the batches.

        Raises:
            InputError: A vector is not finite or far too long; the message names its document.
        """
        order = np.random.default_rng(self._config.seed).permutation(len(self._spool)).tolist()
        limit = sample_limit(self._config.sample_tokens, self._encoder.dim)
        sample = EncodedSample(limit, self._encoder.dim)
        numbers = iter(order)
        self._tell()
        for batch in encode_documents(self._spool.read(order), self._encoder, self._config):
            for (document, tokens), number in zip(batch, numbers, strict=False):
                sample.add(number, document, tokens)
            self._count(batch)
            if sample.is_full:
                break
        self._sample = sample
        return sample.sample

    def batches(self, done: AbstractSet[str]) -> Iterator[StoredBatch]:
        """Yield the documents that must be written: those of the sample, then the rest.

        Args:
            done: Ids of documents that an attempt before this one wrote; they are left out.

        Raises:
            EncoderError: The encoder gives something else than vectors and spans of the texts.
        """
        written = self._numbers_of(done)
        self._n_chars_done += int(self._spool.chars[written].sum())
        if self._sample is not None:
            written = np.union1d(written, self._sample.numbers)
            yield from _of_sample(self._sample, self._spool)
            self._sample = None  # its memory is given back
        rest = np.setdiff1d(np.arange(len(self._spool)), written).tolist()
        self._tell()
        for batch in ahead(encode_documents(self._spool.read(rest), self._encoder, self._config)):
            yield batch_of(batch)
            self._count(batch)

    def _numbers_of(self, ids: AbstractSet[str]) -> IntVector:
        known = self._spool.content_hashes() if ids else {}
        numbers = [number for number, identifier in enumerate(known) if identifier in ids]
        return np.array(numbers, np.int64)

    def _count(self, batch: Sequence[EncodedDocument]) -> None:
        self._n_chars_done += sum(len(d.title) + len(d.text) for d, _ in batch)
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            total = int(self._spool.chars.sum())
            self._progress("encoding (characters)", self._n_chars_done, total)


def _of_sample(sample: EncodedSample, spool: Spool) -> Iterator[StoredBatch]:
    """Yield the documents of a sample; the last of them end a part."""
    waiting: Sequence[EncodedDocument] = ()
    for batch in sample.batches(spool.read):
        if waiting:
            yield batch_of(waiting)
        waiting = batch
    if waiting:
        yield batch_of(waiting, ends_part=True)
