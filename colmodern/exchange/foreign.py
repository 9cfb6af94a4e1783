"""Which index of another engine is it, and which vectors does it hold?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from colmodern.errors import InputError
from colmodern.exchange.sources.chunk import PlaidChunk
from colmodern.exchange.sources.fast_plaid import INSIDE, FastPlaidFiles
from colmodern.exchange.sources.plaid import PlaidCodec
from colmodern.exchange.sources.stanford import StanfordFiles
from colmodern.indexer import EmbeddedDocument, Embeddings
from colmodern.indexer.sources.embedded import batched
from colmodern.types import FloatMatrix

_TOKENS = 1 << 16


class ForeignFiles(Protocol):
    """What a kind of index has to tell.

    Attributes:
        kind: What it is called.
        codec: What its codes stand for.
        lengths: For each piece how many tokens each document has.
        texts: The texts of the documents, if they lie beside.
    """

    kind: str
    codec: PlaidCodec
    lengths: list[list[int]]
    texts: list[str] | None

    def ids(self) -> list[str]:
        """Return the ids of the documents."""
        ...

    def chunks(self) -> Iterator[PlaidChunk]:
        """Yield the codes, piece by piece."""
        ...


class ForeignIndex:
    """An index of another engine, which is read and not changed."""

    def __init__(self, files: ForeignFiles) -> None:
        """Take its files; ``open_foreign`` finds out which they are."""
        self._files = files
        self.kind = files.kind

    def __repr__(self) -> str:
        """Say what it is."""
        return f"<ForeignIndex {self.kind}: {self.n_documents} documents, {self.n_tokens} tokens>"

    @property
    def dim(self) -> int:
        """The length of a token vector."""
        return self._files.codec.dim

    @property
    def bits(self) -> int:
        """How many bits a dimension of its residuals takes."""
        return self._files.codec.bits

    @property
    def n_documents(self) -> int:
        """How many documents it has."""
        return sum(map(len, self._files.lengths))

    @property
    def n_tokens(self) -> int:
        """How many token vectors it has."""
        return sum(map(sum, self._files.lengths))

    def embeddings(self) -> Embeddings:
        """Return its documents with decompressed vectors, as ``Indexer`` takes them."""
        return Embeddings(lambda: batched(_documents(self._files)))


def _documents(files: ForeignFiles) -> Iterator[EmbeddedDocument]:
    """Yield the documents of an index, decoded while they are read."""
    texts = files.texts
    numbers = iter(enumerate(files.ids()))
    for chunk in files.chunks():
        chunk.check()
        for vectors in _matrices(files.codec, chunk):
            number, name = next(numbers)
            text = "" if texts is None else texts[number]
            yield EmbeddedDocument(name, vectors, text=text)


def _matrices(codec: PlaidCodec, chunk: PlaidChunk) -> Iterator[FloatMatrix]:
    """Yield the vectors of each document, decoded many documents at a time."""
    ends = np.cumsum([0, *chunk.lengths])
    first = 0
    while first < len(chunk.lengths):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + _TOKENS, "right")) - 1)
        start, end = int(ends[first]), int(ends[last])
        vectors = codec.decode(
            np.asarray(chunk.centroid_ids[start:end]),
            np.asarray(chunk.residuals[start:end]),
            chunk.place,
        )
        for number in range(first, last):
            yield vectors[ends[number] - start : ends[number + 1] - start]
        first = last


def open_foreign(folder: str | Path) -> ForeignIndex:
    """Open an index of PyLate, fast-plaid, Stanford's ColBERT or RAGatouille.

    Raises:
        InputError: There is none of them, or one of its files is missing or damaged.
        MissingExtraError: It is of Stanford's ColBERT, and torch is not installed.
    """
    place = Path(folder)
    if not place.is_dir():
        message = f"There is no folder {place}."
        raise InputError(message, code="file_not_found", path=place)
    if (place / "centroids.npy").is_file() or (place / INSIDE).is_dir():
        return ForeignIndex(FastPlaidFiles(place))
    if (place / "centroids.pt").is_file():
        return ForeignIndex(StanfordFiles(place))
    raise InputError(
        f"{place} holds no index that can be imported: of PyLate or fast-plaid (centroids.npy), or "
        "of Stanford's ColBERT or RAGatouille (centroids.pt).",
        code="layout_unknown",
        path=place,
    )
