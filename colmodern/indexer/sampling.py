"""Which token vectors is the codec trained on? A uniform sample of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from colmodern.indexer.embedded import BATCH_TOKENS
from colmodern.indexer.encoding import EncodedDocument
from colmodern.storage import StoredDocument
from colmodern.types import FloatMatrix, IntVector, TokenEmbeddings

MAX_SAMPLE_BYTES = 192 << 20


def sample_limit(sample_tokens: int, dim: int) -> int:
    """Return how many token vectors the sample may have: fewer of long ones, for memory's sake."""
    return max(1, min(sample_tokens, MAX_SAMPLE_BYTES // (4 * dim)))


class Reservoir:
    """Keeps a uniform sample of the rows that pass by, however many come (Vitter 1985)."""

    def __init__(self, n_rows: int, dim: int, *, seed: int) -> None:
        """Keep at most ``n_rows`` rows of ``dim`` numbers; ``seed`` decides which."""
        self._kept = np.empty((n_rows, dim), np.float32)  # memory is taken as it fills
        self._rng = np.random.default_rng(seed)
        self.n_seen = 0

    def offer(self, rows: NDArray[np.floating]) -> NDArray[np.int64]:
        """Let rows pass by, shape (n, dim); return the numbers of those that were taken."""
        size = len(self._kept)
        numbers = np.arange(self.n_seen, self.n_seen + len(rows))
        self.n_seen += len(rows)
        places = np.where(numbers < size, numbers, self._rng.integers(0, numbers + 1))
        taken = np.flatnonzero(places < size)
        self._kept[places[taken]] = rows[taken]
        return taken

    @property
    def rows(self) -> FloatMatrix:
        """The sample so far, shape (n, dim), float32; a view."""
        return self._kept[: self.n_seen]


class EncodedSample:
    """Documents that were encoded to train the codec; their vectors lie in one array.

    Attributes:
        n_tokens: How many tokens the documents have.
    """

    def __init__(self, n_rows: int, dim: int) -> None:
        """Train on at most ``n_rows`` vectors of ``dim`` numbers."""
        self._rows = np.empty((n_rows, dim), np.float32)  # memory is taken as it fills
        self._n_rows = 0
        self._documents: list[tuple[int, EncodedDocument]] = []
        self.n_tokens = 0

    def add(self, number: int, document: StoredDocument, tokens: TokenEmbeddings) -> None:
        """Take a document, and its number in the spool."""
        start = self._n_rows
        end = min(start + len(tokens), len(self._rows))
        self._rows[start:end] = tokens.vectors[: end - start]
        self._n_rows = end
        self.n_tokens += len(tokens)
        if end - start == len(tokens):
            tokens = TokenEmbeddings(self._rows[start:end], tokens.spans)
        self._documents.append((number, (document, tokens)))

    @property
    def is_full(self) -> bool:
        """Whether there is no room for more vectors."""
        return self._n_rows == len(self._rows)

    @property
    def vectors(self) -> FloatMatrix:
        """The vectors to train on, shape (n, dim), float32; a view."""
        return self._rows[: self._n_rows]

    @property
    def numbers(self) -> IntVector:
        """The numbers of the documents, ascending, int64."""
        return np.sort(np.array([number for number, _ in self._documents], np.int64))

    def batches(self) -> Iterator[list[EncodedDocument]]:
        """Yield the documents by number, some at a time."""
        batch: list[EncodedDocument] = []
        n_tokens = 0
        for _, (document, tokens) in sorted(self._documents, key=itemgetter(0)):
            batch.append((document, tokens))
            n_tokens += len(tokens)
            if n_tokens >= BATCH_TOKENS:
                yield batch
                batch, n_tokens = [], 0
        if batch:
            yield batch
