"""An index of fast-plaid, or of PyLate around one."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.errors import InputError
from colmodern.exchange.sources.chunk import (
    CENTROIDS,
    CODES,
    RESIDUALS,
    WEIGHTS,
    PlaidChunk,
    read_array,
    read_lengths,
    read_object,
    whole_number,
)
from colmodern.exchange.sources.plaid import PlaidCodec

INSIDE = "fast_plaid_index"
_IDS = "plaid_ids_to_documents_ids.pkl"


class FastPlaidFiles:
    """The files of fast-plaid 1.x; of PyLate, if its ids lie beside."""

    def __init__(self, folder: Path) -> None:
        """Read what is small.

        Raises:
            InputError: A file is missing or damaged.
        """
        is_pylate = (folder / INSIDE / "metadata.json").is_file()
        self.kind = "PyLate" if is_pylate else "fast-plaid"
        self._folder = folder / INSIDE if is_pylate else folder
        about = self._folder / "metadata.json"
        values = read_object(about)
        n_chunks = whole_number(values, "num_chunks", about)
        self.codec = PlaidCodec(
            read_array(self._folder / "centroids.npy", CENTROIDS).astype(np.float32),
            read_array(self._folder / "bucket_weights.npy", WEIGHTS).astype(np.float32),
            whole_number(values, "nbits", about),
        )
        self.codec.check(str(self._folder))
        self.lengths = [
            read_lengths(self._folder / f"doclens.{number}.json") for number in range(n_chunks)
        ]
        self._ids_file = folder / _IDS if is_pylate else None
        self.texts: list[str] | None = None

    def ids(self) -> list[str]:
        """Return the ids of the documents: PyLate's, else their numbers.

        Raises:
            InputError: PyLate's are damaged, or not those of these documents.
        """
        n_documents = sum(map(len, self.lengths))
        if self._ids_file is None or not self._ids_file.exists():
            return list(map(str, range(n_documents)))
        found = _unpickled(self._ids_file)
        if not isinstance(found, dict) or set(found) != set(range(n_documents)):
            raise InputError(
                f"{self._ids_file} does not have an id for each of {n_documents} documents.",
                code="file_unreadable",
                path=self._ids_file,
            )
        return [str(found[number]) for number in range(n_documents)]

    def chunks(self) -> Iterator[PlaidChunk]:
        """Yield the codes, piece by piece, from the pieces' files or from the merged ones.

        Raises:
            InputError: Some pieces have files and others do not, or a file is damaged.
        """
        own = [
            (self._folder / f"{number}.codes.npy").exists() for number in range(len(self.lengths))
        ]
        if any(own) and not all(own):
            raise InputError(
                f"{self._folder} was changed and not merged since: open it once with fast-plaid "
                "and search, which merges it; then import it.",
                code="file_unreadable",
                path=self._folder,
            )
        yield from self._pieces() if all(own) else self._merged()

    def _pieces(self) -> Iterator[PlaidChunk]:
        for number, lengths in enumerate(self.lengths):
            codes = read_array(self._folder / f"{number}.codes.npy", CODES)
            residuals = read_array(self._folder / f"{number}.residuals.npy", RESIDUALS)
            yield PlaidChunk(f"{self._folder}, piece {number}", lengths, codes, residuals)

    def _merged(self) -> Iterator[PlaidChunk]:
        codes = read_array(self._folder / "merged_codes.npy", CODES)
        residuals = read_array(self._folder / "merged_residuals.npy", RESIDUALS)
        start = 0
        for number, lengths in enumerate(self.lengths):  # rows after the last are padding
            end = start + sum(lengths)
            place = f"{self._folder}, piece {number}"
            yield PlaidChunk(place, lengths, codes[start:end], residuals[start:end])
            start = end


class _PlainUnpickler(pickle.Unpickler):
    """Reads dictionaries, lists, texts and numbers; what names anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse: plain values need no name, and a name could run anything."""
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def _unpickled(path: Path) -> Any:
    try:
        return _PlainUnpickler(io.BytesIO(path.read_bytes())).load()
    except Exception as error:  # what a damaged pickle raises is anything
        message = f"{path} cannot be used: {error}."
        raise InputError(message, code="file_unreadable", path=path) from error
