"""An index of Stanford's ColBERT (PLAID), and of RAGatouille, which makes such ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import InputError, MissingExtraError
from colmodern.exchange.sources.chunk import (
    CENTROIDS,
    CODES,
    RESIDUALS,
    WEIGHTS,
    ArrayLike,
    PlaidChunk,
    checked_array,
    read_lengths,
    read_object,
    whole_number,
)
from colmodern.exchange.sources.plaid import PlaidCodec

_IDS = "pid_docid_map.json"
_TEXTS = "collection.json"


class StanfordFiles:
    """The files of ColBERT 0.2; ids and texts if RAGatouille wrote them beside."""

    def __init__(self, folder: Path) -> None:
        """Read what is small.

        Raises:
            InputError: A file is missing or damaged.
            MissingExtraError: torch, whose files these are, is not installed.
        """
        self._folder = folder
        self.kind = "RAGatouille" if (folder / _IDS).is_file() else "Stanford ColBERT"
        about = folder / "metadata.json"
        values = read_object(about)
        config = values.get("config")
        n_chunks = whole_number(values, "num_chunks", about)
        bits = whole_number(config if isinstance(config, dict) else {}, "nbits", about)
        weights = _tensors(folder / "buckets.pt")
        if not isinstance(weights, tuple | list) or len(weights) != 2:
            raise _not_this(folder / "buckets.pt")
        self.codec = PlaidCodec(
            _array(folder / "centroids.pt", CENTROIDS).astype(np.float32),
            _as_array(weights[1], folder / "buckets.pt", WEIGHTS).astype(np.float32),
            bits,
        )
        self.codec.check(str(folder))
        self.lengths = [read_lengths(folder / f"doclens.{n}.json") for n in range(n_chunks)]
        self.texts = self._read_texts()

    def ids(self) -> list[str]:
        """Return ids: RAGatouille's, with the number of the passage where a document has several.

        Raises:
            InputError: RAGatouille's are not those of these passages.
        """
        n = sum(map(len, self.lengths))
        if not (self._folder / _IDS).is_file():
            return list(map(str, range(n)))
        found = read_object(self._folder / _IDS)
        if set(found) != set(map(str, range(n))):
            raise InputError(
                f"{self._folder / _IDS} does not have an id for each of {n} passages.",
                code="file_unreadable",
                path=self._folder / _IDS,
            )
        names = [str(found[str(number)]) for number in range(n)]
        counts, seen = Counter(names), Counter[str]()
        ids = []
        for name in names:
            seen[name] += 1
            ids.append(name if counts[name] == 1 else f"{name}#{seen[name]}")
        return ids

    def chunks(self) -> Iterator[PlaidChunk]:
        """Yield the codes, piece by piece.

        Raises:
            InputError: A file is missing or damaged.
        """
        for number, lengths in enumerate(self.lengths):
            codes = _array(self._folder / f"{number}.codes.pt", CODES)
            residuals = _array(self._folder / f"{number}.residuals.pt", RESIDUALS)
            yield PlaidChunk(f"{self._folder}, piece {number}", lengths, codes, residuals)

    def _read_texts(self) -> list[str] | None:
        path = self._folder / _TEXTS
        if not path.is_file():
            return None
        import json

        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            message = f"{path} cannot be used: {error}."
            raise InputError(message, code="file_unreadable", path=path) from error
        n = sum(map(len, self.lengths))
        if not isinstance(found, list) or len(found) != n or not all(map(_is_text, found)):
            raise _not_this(path)
        return found


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _tensors(path: Path) -> Any:
    """Return what a file of torch holds; nothing in it may name code."""
    try:
        import torch
    except ImportError as error:
        purpose = "Reading an index of Stanford's ColBERT"
        raise MissingExtraError(purpose=purpose, extra="torch") from error
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, pickle, zip and the disk have no common base
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        message = f"{path} cannot be used: {reason}."
        raise InputError(message, code="file_unreadable", path=path) from error


def _array(path: Path, like: ArrayLike) -> NDArray[Any]:
    return _as_array(_tensors(path), path, like)


def _as_array(found: Any, path: Path, like: ArrayLike) -> NDArray[Any]:
    try:
        array = found.numpy()
    except (AttributeError, RuntimeError, TypeError) as error:  # no tensor, or one NumPy lacks
        raise _not_this(path) from error
    return checked_array(array, path, like)


def _not_this(path: Path) -> InputError:
    message = f"{path} is not what ColBERT 0.2 writes under this name."
    return InputError(message, code="file_unreadable", path=path)
