"""Where do token vectors wait that can be read only once? In one temporary file on disk."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import InputError
from colmodern.indexer.sources.embedded import EmbeddedBatch, offsets_of
from colmodern.types import Document


class VectorSpool:
    """Batches on disk, in the order they were added."""

    def __init__(self, folder: Path) -> None:
        """Open an empty spool below ``folder``, which must exist; the file has no name there."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by __exit__
        self._n_batches = 0

    def __enter__(self) -> Self:
        """Return the spool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the disk space back."""
        self._file.close()

    def add(self, batch: EmbeddedBatch) -> None:
        """Append a batch.

        Raises:
            InputError: The metadata of a document hold what JSON cannot.
        """
        try:
            head = json.dumps(
                {
                    "documents": [asdict(document) for document in batch.documents],
                    "lengths": np.diff(batch.offsets).tolist(),
                    "dtype": batch.vectors.dtype.str,
                    "dim": batch.vectors.shape[1],
                    "has_spans": batch.spans is not None,
                }
            )
        except TypeError as err:
            first, last = batch.documents[0].id, batch.documents[-1].id
            raise InputError(f"Documents {first!r} to {last!r}: {err}.") from err
        self._file.write(head.encode("ascii") + b"\n")
        self._file.write(np.ascontiguousarray(batch.vectors).data)
        if batch.spans is not None:
            self._file.write(np.ascontiguousarray(batch.spans).data)
        self._n_batches += 1

    def batches(self) -> Iterator[EmbeddedBatch]:
        """Yield what was added; one reader at a time."""
        self._file.seek(0)
        for _ in range(self._n_batches):
            head = json.loads(self._file.readline())
            offsets = offsets_of(head["lengths"])
            n_tokens = int(offsets[-1])
            vectors = self._read(n_tokens, head["dim"], head["dtype"])
            spans = self._read(n_tokens, 2, "<i4") if head["has_spans"] else None
            documents = [Document(**values) for values in head["documents"]]
            yield EmbeddedBatch(documents, vectors, offsets, spans)

    def _read(self, n_rows: int, n_columns: int, dtype: str) -> NDArray[Any]:
        kind = np.dtype(dtype)
        data = self._file.read(n_rows * n_columns * kind.itemsize)
        return np.frombuffer(data, kind).reshape(n_rows, n_columns)
