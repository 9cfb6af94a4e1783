"""Token vectors in one array or ``.npy`` file, with the places where documents begin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import InputError
from colmodern.indexer.sources.embedded import EmbeddedBatch, checked_spans, cut
from colmodern.types import Document, IntVector, Spans

Array: TypeAlias = NDArray[Any] | str | Path


class ArraySource:
    """Documents whose tokens lie in one array, read piece by piece."""

    def __init__(
        self,
        vectors: Array,
        offsets: Array,
        spans: Array | None,
        columns: Mapping[str, Sequence[Any]],
    ) -> None:
        """Check that the arrays fit each other; see ``Embeddings.from_arrays``.

        Raises:
            InputError: They do not, or a file cannot be read.
        """
        self._vectors = _Rows("vectors", vectors)
        n_tokens = self._vectors.check(None, ("float16", "float32"))
        self._offsets = _checked_offsets(_Rows("offsets", offsets).all(), n_tokens)
        self._spans = None if spans is None else _Rows("spans", spans)
        if self._spans is not None:
            self._spans.check((n_tokens, 2), ("int32", "int64", "uint32", "uint64"))
        n_documents = len(self._offsets) - 1
        for name, column in columns.items():
            if len(column) != n_documents:
                raise InputError(
                    f"There are {len(column)} values of {name} for {n_documents} documents."
                )
        self._columns = columns

    def batches(self) -> Iterator[EmbeddedBatch]:
        """Yield the documents in order; vectors are views of the array or of the mapped file."""
        for first, last in cut(self._offsets):
            start, end = int(self._offsets[first]), int(self._offsets[last])
            offsets = self._offsets[first : last + 1] - start
            documents = [self._document(number) for number in range(first, last)]
            spans = None
            if self._spans is not None:
                spans = _spans_of(documents, self._spans.between(start, end), offsets)
            yield EmbeddedBatch(documents, self._vectors.between(start, end), offsets, spans)

    def _document(self, number: int) -> Document:
        values = {name: column[number] for name, column in self._columns.items()}
        return Document(
            values.get("id", str(number)),
            values.get("text", ""),
            values.get("title", ""),
            values.get("metadata", {}),
        )


class _Rows:
    """The rows of an array, or of a ``.npy`` file that is mapped for each piece anew.

    So what was read does not stay in the memory of the process, whatever the file's size.
    """

    def __init__(self, name: str, source: Array) -> None:
        self._name = name
        self._file: Path | None = None
        if isinstance(source, str | Path):
            self._name = f"{name} ({source})"
            loaded = _mapped(Path(source))
            if isinstance(loaded, np.memmap):
                self._file, self._start = Path(source), loaded.offset
            source = loaded
        array = np.asarray(source)
        self.shape, self.dtype = array.shape, array.dtype
        self._array = None if self._file else array

    def check(self, shape: tuple[int, int] | None, dtypes: Sequence[str]) -> int:
        """Return the number of rows, if shape (None: any of two dimensions) and dtype are right."""
        if len(self.shape) != 2 or shape not in (None, self.shape) or self.dtype.name not in dtypes:
            expected = shape or "(n_tokens, dim)"
            raise InputError(
                f"{self._name} must have shape {expected} and be {' or '.join(dtypes)}, not "
                f"{self.shape} {self.dtype}."
            )
        return int(self.shape[0])

    def between(self, start: int, end: int) -> NDArray[Any]:
        """Return consecutive rows, a view."""
        if self._array is not None:
            return self._array[start:end]
        assert self._file is not None
        row = self.shape[1:]
        if start == end:
            return np.empty((0, *row), self.dtype)
        place = self._start + start * int(np.prod(row)) * self.dtype.itemsize
        return np.memmap(self._file, self.dtype, "r", offset=place, shape=(end - start, *row))

    def all(self) -> NDArray[Any]:
        """Return all rows."""
        return self.between(0, self.shape[0]) if self.shape else np.empty((), self.dtype)


def _mapped(path: Path) -> NDArray[Any]:
    try:
        try:
            array = np.load(path, mmap_mode="r")
        except ValueError:  # an array without elements cannot be mapped
            array = np.load(path)
    except (OSError, ValueError, EOFError) as err:
        raise InputError(f"{path} cannot be read as a .npy file: {err}.") from err
    if not isinstance(array, np.ndarray) or not array.flags.c_contiguous:
        raise InputError(f"{path} must hold one array in C order; save it with np.save.")
    return array


def _checked_offsets(offsets: NDArray[Any], n_tokens: int) -> IntVector:
    if offsets.ndim != 1 or len(offsets) == 0 or offsets.dtype.kind not in "iu":
        raise InputError(
            f"offsets must have shape (n_documents + 1,) and be whole numbers, not {offsets.shape} "
            f"{offsets.dtype}."
        )
    checked = offsets.astype(np.int64)
    if checked[0] != 0 or checked[-1] != n_tokens:
        raise InputError(
            f"offsets must go from 0 to the number of tokens, {n_tokens}, not from {checked[0]} "
            f"to {checked[-1]}."
        )
    falls = np.flatnonzero(np.diff(checked) < 0)
    if len(falls):
        i = int(falls[0])
        raise InputError(
            f"offsets must not fall: document {i} goes from {checked[i]} to {checked[i + 1]}."
        )
    return checked


def _spans_of(documents: Sequence[Document], spans: NDArray[Any], offsets: IntVector) -> Spans:
    parts = [
        checked_spans(document.id, spans[start:end], int(end - start), len(document.text))
        for document, start, end in zip(documents, offsets[:-1], offsets[1:], strict=True)
    ]
    return np.concatenate(parts)
