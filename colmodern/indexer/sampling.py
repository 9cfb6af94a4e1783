"""Which token vectors is the codec trained on? A uniform sample of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from colmodern.indexer.embedded import BATCH_TOKENS, offsets_of
from colmodern.indexer.encoding import EncodedDocument
from colmodern.indexer.sink import check_rows
from colmodern.storage import StoredDocument
from colmodern.types import FloatMatrix, IntVector, TokenEmbeddings

MAX_SAMPLE_BYTES = 192 << 20
HELD_OUT_TOKENS = 8192
_HELD_OUT_SHARE = 16
_ALWAYS_TRAINED_ON = 32


def sample_limit(sample_tokens: int, dim: int) -> int:
    """Return how many token vectors the sample may have: fewer of long ones, for memory's sake."""
    return max(1, min(sample_tokens, MAX_SAMPLE_BYTES // (4 * dim)))


def are_held_out(numbers: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Say which documents of a new index its codec is not trained on: about one in sixteen.

    They tell how well it fits documents that it has not seen. Tokens of one document are alike: on
    those of the sample the error is half of what it is on other documents of the same kind. The
    first documents are always trained on, so that a small collection is used whole.
    """
    scattered = (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    chosen: NDArray[np.bool_] = scattered % np.uint64(_HELD_OUT_SHARE) == 0
    return chosen & (numbers >= _ALWAYS_TRAINED_ON)


class Reservoir:
    """Keeps a uniform sample of the rows that pass by, however many come (Vitter 1985)."""

    def __init__(self, n_rows: int, dim: int, *, seed: int) -> None:
        """Keep at most ``n_rows`` rows of ``dim`` numbers; ``seed`` decides which."""
        self._kept = np.empty((n_rows, dim), np.float32)  # memory is taken as it fills
        self._rng = np.random.default_rng(seed)
        self._n_seen = 0

    def offer(self, rows: NDArray[np.floating], which: IntVector | None = None) -> IntVector:
        """Let rows pass by, and return the numbers of those that were taken.

        Args:
            rows: Shape (n, dim).
            which: Numbers of the rows that may be taken; None: all.
        """
        which = np.arange(len(rows)) if which is None else which
        size = len(self._kept)
        numbers = np.arange(self._n_seen, self._n_seen + len(which))
        self._n_seen += len(which)
        places = np.where(numbers < size, numbers, self._rng.integers(0, numbers + 1))
        taken = places < size
        self._kept[places[taken]] = rows[which[taken]]
        return which[taken]

    @property
    def rows(self) -> FloatMatrix:
        """The sample so far, shape (n, dim), float32; a view."""
        return self._kept[: self._n_seen]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a codec is trained on, and what it is tried on.

    Attributes:
        rows: Shape (n, dim), float32.
        held_out: Shape (m, dim), float32: rows of other documents.
    """

    rows: FloatMatrix
    held_out: FloatMatrix


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
        self._documents: list[tuple[int, EncodedDocument]] = []
        self.n_tokens = 0

    def add(self, number: int, document: StoredDocument, tokens: TokenEmbeddings) -> None:
        """Take a document, and its number in the spool.

        Raises:
            InputError: A vector is not finite or far too long; the message names its document.
        """
        every = np.arange(len(tokens))
        check_rows([document.id], tokens.vectors, offsets_of([len(tokens)]), every)
        self.n_tokens += len(tokens)
        if are_held_out(np.array([number]))[0]:
            self._held_out.offer(tokens.vectors)
        else:
            start = self._n_rows
            end = min(start + len(tokens), len(self._rows))
            self._rows[start:end] = tokens.vectors[: end - start]
            self._n_rows = end
            if end - start == len(tokens):
                tokens = TokenEmbeddings(self._rows[start:end], tokens.spans)
        self._documents.append((number, (document, tokens)))

    @property
    def is_full(self) -> bool:
        """Whether there is no room for more vectors."""
        return self._n_rows == len(self._rows)

    @property
    def sample(self) -> Sample:
        """The vectors to train on, and those to try the codec on; views."""
        return Sample(self._rows[: self._n_rows], self._held_out.rows)

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
