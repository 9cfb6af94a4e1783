"""Which documents are encoded to train the codec? Drawn at random, and written first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import TypeAlias

import numpy as np

from colmodern.codec import DocumentReservoir
from colmodern.indexer.row_checks import check_rows
from colmodern.indexer.sampling import HELD_OUT_TOKENS, Reservoir, Sample, are_held_out
from colmodern.indexer.sources.embedded import BATCH_KEPT, BATCH_TOKENS, kept_of, offsets_of
from colmodern.indexer.sources.encoding import EncodedDocument
from colmodern.storage import StoredDocument
from colmodern.types import IntVector, TokenEmbeddings

__all__ = ["EncodedSample"]

ReadDocuments: TypeAlias = Callable[[Iterable[int]], Iterator[StoredDocument]]
"""Returns the documents of some numbers, in their order."""


class EncodedSample:
    """Documents that were encoded to train the codec; their vectors lie in one array.

    Attributes:
        n_tokens: How many tokens the documents have.
    """

    def __init__(self, n_rows: int, dim: int) -> None:
        """Train on at most ``n_rows`` vectors of ``dim`` numbers."""
        self._rows = np.empty((n_rows, dim), np.float32)  # memory is taken as it fills
        self._n_rows = 0
        self._held_out = Reservoir(HELD_OUT_TOKENS, dim, seed=0)
        self._drawn = DocumentReservoir(dim, seed=0)
        self._tokens: list[tuple[int, TokenEmbeddings]] = []
        self.n_tokens = 0

    def add(self, number: int, document: StoredDocument, tokens: TokenEmbeddings) -> None:
        """Take the vectors of a document, and its number in the spool, where it stays.

        Raises:
            InputError: A vector is not finite or far too long; the message names its document.
        """
        every = np.arange(len(tokens))
        check_rows([document.id], tokens.vectors, offsets_of([len(tokens)]), every)
        self.n_tokens += len(tokens)
        self._drawn.offer(tokens.vectors)
        if are_held_out(np.array([number]))[0]:
            self._held_out.offer(tokens.vectors)
        else:
            start = self._n_rows
            end = min(start + len(tokens), len(self._rows))
            self._rows[start:end] = tokens.vectors[: end - start]
            self._n_rows = end
            if end - start == len(tokens):
                tokens = TokenEmbeddings(self._rows[start:end], tokens.spans)
        self._tokens.append((number, tokens))

    @property
    def is_full(self) -> bool:
        """Whether there is no room for more vectors."""
        return self._n_rows == len(self._rows)

    @property
    def sample(self) -> Sample:
        """The vectors to train on, those to try the codec on, and documents to keep with it."""
        rows = self._rows[: self._n_rows]
        return Sample(rows, self._held_out.rows, self._drawn.documents)

    @property
    def numbers(self) -> IntVector:
        """The numbers of the documents, ascending, int64."""
        return np.sort(np.array([number for number, _ in self._tokens], np.int64))

    @property
    def tokens(self) -> list[tuple[int, TokenEmbeddings]]:
        """The token vectors of each document, by its number, ascending."""
        return sorted(self._tokens, key=itemgetter(0))

    def batches(self, read: ReadDocuments) -> Iterator[list[EncodedDocument]]:
        """Yield the documents by number, some at a time, as ``read`` gives them."""
        batch: list[EncodedDocument] = []
        n_tokens = n_kept = 0
        every = self.tokens
        documents = read(number for number, _ in every)
        for document, (_, tokens) in zip(documents, every, strict=True):
            batch.append((document, tokens))
            n_tokens += len(tokens)
            n_kept += kept_of(document)
            if n_tokens >= BATCH_TOKENS or n_kept >= BATCH_KEPT:
                yield batch
                batch, n_tokens, n_kept = [], 0, 0
        if batch:
            yield batch
