"""How do token vectors that an encoder outside made come in? In batches, never all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, repeat
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.codec.vectors import Vectors
from colmodern.errors import InputError
from colmodern.indexer.sources.arrays import Array, ArraySource
from colmodern.indexer.sources.arrow import parquet_batches, parquet_files, table_batches
from colmodern.indexer.sources.embedded import EmbeddedBatch, EmbeddedDocument, batched
from colmodern.types import Metadata


class Embeddings:
    """Token vectors of documents, as ``Indexer.build_from_embeddings`` takes them.

    Made by one of the ``from_`` methods. What is wrong with a document is found when it is read.

    Attributes:
        is_repeatable: Whether it can be read more than once. What cannot (a generator, a stream) is
            kept on the disk of the index while it is read.
        has_ids: Whether ids are the caller's own; if not, they are the numbers from "0" on.
    """

    def __init__(
        self,
        batches: Callable[[], Iterator[EmbeddedBatch]],
        *,
        is_repeatable: bool = True,
        has_ids: bool = True,
    ) -> None:
        """Read from what ``batches`` returns; callers use the ``from_`` methods."""
        self._batches = batches
        self.is_repeatable = is_repeatable
        self.has_ids = has_ids

    def batches(self) -> Iterator[EmbeddedBatch]:
        """Yield the documents in order, about 65,536 tokens at a time.

        Raises:
            InputError: Something is wrong with a document; the message names it.
        """
        return self._batches()

    @classmethod
    def from_arrays(
        cls,
        vectors: Array,
        offsets: Array,
        *,
        ids: Sequence[str] | None = None,
        texts: Sequence[str] | None = None,
        titles: Sequence[str] | None = None,
        metadata: Sequence[Metadata] | None = None,
        spans: Array | None = None,
    ) -> Embeddings:
        """Take the tokens of all documents from one array.

        Args:
            vectors: Shape (n_tokens, dim), float16 or float32, or a ``.npy`` file of it, which is
                mapped piece by piece.
            offsets: Shape (n_documents + 1,), whole numbers from 0 to n_tokens, or a ``.npy`` file:
                document i has the rows from ``offsets[i]`` to ``offsets[i + 1]``.
            ids: One a document; without them, the numbers from "0" on.
            texts: One a document.
            titles: One a document.
            metadata: One mapping a document.
            spans: Shape (n_tokens, 2), whole numbers, or a ``.npy`` file: start and end character
                of each token in its document's text.

        Raises:
            InputError: The arrays do not fit each other, or a file cannot be read.
        """
        columns = {"id": ids, "text": texts, "title": titles, "metadata": metadata}
        present = {name: column for name, column in columns.items() if column is not None}
        source = ArraySource(vectors, offsets, spans, present)
        return cls(source.batches, has_ids=ids is not None)

    @classmethod
    def from_matrices(
        cls,
        matrices: Iterable[Vectors],
        *,
        ids: Iterable[str] | None = None,
        texts: Iterable[str] | None = None,
    ) -> Embeddings:
        """Take a matrix of token vectors a document, each (n_tokens, dim), float16 or float32.

        Args:
            matrices: A list, or anything that gives them one by one.
            ids: One a document; without them, the numbers from "0" on.
            texts: One a document.
        """
        columns = [column for column in (matrices, ids, texts) if column is not None]
        return cls(
            lambda: batched(_documents(matrices, ids, texts)),
            is_repeatable=all(map(_is_repeatable, columns)),
            has_ids=ids is not None,
        )

    @classmethod
    def from_documents(cls, documents: Iterable[EmbeddedDocument]) -> Embeddings:
        """Take documents with their vectors: a list, or anything that gives them one by one."""
        return cls(lambda: batched(documents), is_repeatable=_is_repeatable(documents))

    @classmethod
    def from_arrow(cls, data: Any) -> Embeddings:
        """Take the rows of an Arrow table, a stream of record batches, or a data frame.

        Columns: ``id`` (strings or whole numbers), ``vectors`` (a list a row of lists of float16 or
        float32, of fixed size or not), and if they are there ``text``, ``title``, ``spans`` (a list
        a row of pairs of whole numbers) and ``metadata`` (structs or maps). Others are left out.

        Args:
            data: A ``pyarrow.Table``, ``RecordBatch`` or ``RecordBatchReader``, or anything else
                with the Arrow stream interface, such as a polars data frame.

        Raises:
            InputError: It is nothing of that kind, or a column is missing.
        """
        batches, is_repeatable = table_batches(data)
        return cls(batches, is_repeatable=is_repeatable)

    @classmethod
    def from_parquet(cls, path: str | Path) -> Embeddings:
        """Take the rows of a Parquet file, or of all in a folder, by name; as ``from_arrow``.

        Raises:
            InputError: There is no such file, or a column is missing.
        """
        files = parquet_files(Path(path))
        return cls(lambda: parquet_batches(files))


def _is_repeatable(data: object) -> bool:
    return isinstance(data, Sequence | np.ndarray)


def _documents(
    matrices: Iterable[Vectors], ids: Iterable[str] | None, texts: Iterable[str] | None
) -> Iterator[EmbeddedDocument]:
    names = map(str, count()) if ids is None else iter(ids)
    words = repeat("") if texts is None else iter(texts)
    missing: Any = object()
    n_documents = 0
    for matrix in matrices:
        name, text = next(names, missing), next(words, missing)
        if name is missing or text is missing:
            which = "ids" if name is missing else "texts"
            raise InputError(f"There are {n_documents} {which} but more matrices.")
        yield EmbeddedDocument(name, matrix, text=text)
        n_documents += 1
    for which, column, rest in (("ids", ids, names), ("texts", texts, words)):
        if column is not None and next(rest, missing) is not missing:
            raise InputError(f"There are {n_documents} matrices but more {which}.")
