"""The vectors of one set, as ``vectors.py`` wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class VectorSet:
    """A folder with the token vectors of documents and queries.

    Attributes:
        folder: Holds ``tokens.npy`` and ``offsets.npy``, and ``query_tokens.npy`` and
            ``query_offsets.npy``.
    """

    folder: Path

    @property
    def tokens_path(self) -> Path:
        """Where the documents' vectors are."""
        return self.folder / "tokens.npy"

    @property
    def offsets_path(self) -> Path:
        """Where the documents' offsets are."""
        return self.folder / "offsets.npy"

    def offsets(self) -> NDArray[np.int64]:
        """Return the offsets of the documents, shape (n_documents + 1,), int64."""
        offsets: NDArray[np.int64] = np.load(self.offsets_path)
        return offsets

    def tokens(self) -> NDArray[np.float16]:
        """Return the vectors of all documents, shape (n_tokens, dim), float16, memory-mapped.

        The pages are private: torch takes no array that it must not write to.
        """
        tokens: NDArray[np.float16] = np.load(self.tokens_path, mmap_mode="c")
        return tokens

    def documents(self) -> list[NDArray[np.float16]]:
        """Return a matrix a document, each a view of ``tokens``."""
        tokens, offsets = self.tokens(), self.offsets().tolist()
        return [tokens[start:end] for start, end in pairwise(offsets)]

    def queries(self) -> list[NDArray[np.float32]]:
        """Return a matrix a query, float32."""
        tokens = np.load(self.folder / "query_tokens.npy").astype(np.float32)
        offsets = np.load(self.folder / "query_offsets.npy").tolist()
        return [tokens[start:end] for start, end in pairwise(offsets)]

    def describe(self) -> dict[str, Any]:
        """Return how many documents, tokens and queries there are."""
        tokens, offsets = self.tokens(), self.offsets()
        query_offsets = np.load(self.folder / "query_offsets.npy")
        return {
            "documents": len(offsets) - 1,
            "tokens": len(tokens),
            "dim": tokens.shape[1],
            "queries": len(query_offsets) - 1,
            "query_tokens": int(query_offsets[-1]),
        }
