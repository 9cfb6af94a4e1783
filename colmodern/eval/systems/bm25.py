"""What would BM25 find? The baseline of every comparison."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from colmodern.errors import ConfigError, MissingExtraError
from colmodern.eval.run.memory import forget_peak, peak_bytes
from colmodern.eval.systems.ranking import best, ranked
from colmodern.eval.systems.system import Answer, Built
from colmodern.text.words import words_of
from colmodern.types import Document, Progress


class Bm25:
    """BM25 by bm25s: Lucene's form; title and text, split as our own indexes split them.

    Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009. The index
    lives in memory and is made anew each time.
    """

    def __init__(self, *, k1: float = 1.2, b: float = 0.75) -> None:
        """Measure BM25.

        Args:
            k1: Saturation of term counts.
            b: How much length counts.

        Raises:
            ConfigError: ``k1`` is negative or ``b`` lies outside 0..1.
            MissingExtraError: bm25s is not installed.
        """
        if not k1 >= 0 or not 0 <= b <= 1:
            raise ConfigError(
                f"BM25 needs k1 of at least 0 and b in 0..1, not {k1} and {b}.",
                code="option_out_of_range",
            )
        self._bm25s = _import_bm25s()
        self._k1 = k1
        self._b = b
        self._ids: list[str] = []
        self._model: Any = None

    @property
    def name(self) -> str:
        """What to call it in a table."""
        return "BM25"

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again."""
        return f"bm25:k1={self._k1},b={self._b}"

    @property
    def options(self) -> Mapping[str, Any]:
        """The two parameters."""
        return {"k1": self._k1, "b": self._b, "method": "lucene"}

    def index(
        self,
        documents: Iterable[Document],
        folder: Path,  # noqa: ARG002
        *,
        progress: Progress | None = None,
    ) -> Built:
        """Count the words of all documents."""
        forget_peak()
        started = time.perf_counter()
        self._ids = []
        words = []
        for document in documents:
            self._ids.append(document.id)
            words.append(words_of(f"{document.title} {document.text}"))
            if progress is not None and len(words) % 256 == 0:
                progress("counting words", len(words), 0)
        self._model = self._bm25s.BM25(k1=self._k1, b=self._b, method="lucene")
        if any(words):
            self._model.index(words, show_progress=False)
        else:
            self._model = None
        return Built(
            index_bytes=self._n_bytes(),
            build_s=time.perf_counter() - started,
            build_peak_bytes=peak_bytes(),
        )

    def search(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Split and search one query after the other; a document without its words is no hit."""
        for text in queries.values():
            started = time.perf_counter()
            words = words_of(text)
            encoded = time.perf_counter()
            ranking: tuple[tuple[str, float], ...] = ()
            if words and self._model is not None:
                # retrieve() leaves the order of equal scores to chance.
                scores = self._model.get_scores(words)
                numbers = best(scores, k)
                numbers = numbers[scores[numbers] > 0]
                ranking = ranked(self._ids, numbers, scores[numbers])
            yield Answer(ranking, encoded - started, time.perf_counter() - encoded)

    def close(self) -> None:
        """Drop the index from memory."""
        self._model = None

    def _n_bytes(self) -> int:
        if self._model is None:
            return 0
        arrays = sum(self._model.scores[part].nbytes for part in ("data", "indices", "indptr"))
        return int(arrays) + sum(len(word.encode()) for word in self._model.vocab_dict)


def _import_bm25s() -> Any:
    try:
        import bm25s
    except ImportError as err:
        raise MissingExtraError(purpose="BM25", extra="eval") from err
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets DEBUG for itself
    return bm25s
