"""Which window does a single-vector model find? The nearest to the question."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.eval.passages.annotated import Question
from colmodern.eval.passages.windows import DocumentWindows, FoundWindow
from colmodern.eval.systems.dense import MINILM, load_single_vector_model
from colmodern.passages.choice import WINDOW_TOKENS
from colmodern.types import FloatMatrix, IntVector


class Cosine:
    """A model of one vector a text over windows that begin half a window apart or a little more."""

    def __init__(
        self, windows: DocumentWindows, work: Path, collection: str, model: str = MINILM
    ) -> None:
        """Encode the windows of all documents, or read their vectors from a file of before.

        Args:
            windows: The windows of the documents.
            work: Where the vectors are kept.
            collection: The name of the collection.
            model: ``minilm``, or a folder or hub name that sentence-transformers reads.

        Raises:
            EncoderError: There is no such model, or it cannot be read.
        """
        self.name = model if model == MINILM else Path(model).name
        self._of = model
        self._windows = windows
        self._model = load_single_vector_model(model, "cpu")
        self._rows = cache(self._rows_of)
        self._vectors = self._read_or_encode(work / f"{collection}-{self.name}.npz")

    def find(self, question: Question, n: int) -> FoundWindow:
        """Return the ``n`` best places of the question's document, best first."""
        rows = self._rows(question.document)
        if not len(rows):
            return FoundWindow([])
        scores = np.full(len(self._windows.of(question.document)[0]), -np.inf)
        scores[rows] = self._vectors[question.document] @ self._encode([question.text])[0]
        return self._windows.best(question.document, scores, n)

    def _rows_of(self, document: str) -> IntVector:
        rows: list[int] = []
        begins = self._windows.of(document)[0].begins
        for number, begin in enumerate(begins.tolist()):
            if not rows or begin - begins[rows[-1]] >= WINDOW_TOKENS // 2:
                rows.append(number)
        return np.array(rows, np.int64)

    def _texts(self, document: str) -> list[str]:
        places = self._windows.of(document)[2][self._rows(document)]
        return [self._windows.text(document, (a, b)) for a, b in places.tolist()]

    def _read_or_encode(self, kept: Path) -> dict[str, FloatMatrix]:
        """Return the vectors of each document's windows; a file of other windows is replaced."""
        texts = {id_: self._texts(id_) for id_ in self._windows.documents}
        made_of = repr((self._of, texts)).encode("utf-8", "surrogatepass")
        digest = np.array(hashlib.sha256(made_of).hexdigest())
        if kept.is_file():
            with np.load(kept) as found:
                if found["digest"] == digest:
                    return _split(found["vectors"], texts)
        vectors = self._encode([text for one in texts.values() for text in one])
        np.savez(kept, digest=digest, vectors=vectors)
        return _split(vectors, texts)

    def _encode(self, texts: Sequence[str]) -> FloatMatrix:
        found: Any = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(found, np.float32).reshape(len(texts), -1)


def _split(vectors: FloatMatrix, texts: dict[str, list[str]]) -> dict[str, FloatMatrix]:
    stops = np.cumsum([len(one) for one in texts.values()])[:-1]
    return dict(zip(texts, np.split(vectors, stops), strict=True))
