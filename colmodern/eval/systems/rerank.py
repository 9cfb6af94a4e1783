"""In which order does a cross-encoder put another system's best hits?"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from colmodern.errors import ConfigError, EncoderError, MissingExtraError
from colmodern.eval.systems.dense import without_bars
from colmodern.eval.systems.quotes import quoted
from colmodern.eval.systems.system import Answer, Built, System
from colmodern.eval.systems.texts import TextStore
from colmodern.types import Document, Progress


class PairScorer(Protocol):
    """Scores pairs of texts: sentence-transformers' ``CrossEncoder`` is one."""

    def predict(self, pairs: Sequence[tuple[str, str]], /) -> Any:
        """Return one score for each pair of query and document."""
        ...


class Rerank:
    """The first hits of a system in the order of a pair scorer; the rest stay behind them."""

    def __init__(
        self, first: System, scorer: PairScorer, *, depth: int = 100, scorer_name: str | None = None
    ) -> None:
        """Rerank a system's hits.

        Args:
            first: Finds them.
            scorer: Scores pairs of query and document text.
            depth: How many hits to score for each query.
            scorer_name: What ``load_scorer`` loads the scorer by, so that it can be loaded again.

        Raises:
            ConfigError: ``depth`` is less than 1.
        """
        if depth < 1:
            raise ConfigError(
                f"A reranker needs a depth of at least 1, not {depth}.", code="option_out_of_range"
            )
        self._first = first
        self._scorer = scorer
        self._depth = depth
        self._scorer_name = scorer_name
        self._texts: TextStore | None = None

    @property
    def name(self) -> str:
        """What to call it in a table."""
        return f"{self._first.name}, reranked"

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again, if it can make scorer and first system."""
        if self._scorer_name is None or self._first.spec is None:
            return None
        return f"rerank:{quoted(self._scorer_name)},depth={self._depth},of={self._first.spec}"

    @property
    def options(self) -> Mapping[str, Any]:
        """The scorer, the depth and the options of the first system."""
        scorer = self._scorer_name or type(self._scorer).__name__
        return {"scorer": scorer, "depth": self._depth, "first": dict(self._first.options)}

    def index(
        self, documents: Iterable[Document], folder: Path, *, progress: Progress | None = None
    ) -> Built:
        """Index documents with the first system and keep their texts at hand."""
        built = self._first.index(documents, folder, progress=progress)
        path = folder / "texts.sqlite"
        if not path.exists():
            TextStore.write(path, documents)
        self._texts = TextStore(path)
        if built.index_bytes is None:
            return built
        return replace(built, index_bytes=built.index_bytes + path.stat().st_size)

    def search(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Search and rerank one query after the other; scoring pairs counts as searching."""
        answers = self._first.search(queries, max(k, self._depth))
        for text, found in zip(queries.values(), answers, strict=True):
            started = time.perf_counter()
            ranking = self._reranked(text, found.ranking)[:k]
            rerank_s = time.perf_counter() - started
            search_s = None if found.search_s is None else found.search_s + rerank_s
            yield Answer(ranking, found.encode_s, search_s)

    def close(self) -> None:
        """Close the first system and the texts."""
        self._first.close()
        if self._texts is not None:
            self._texts.close()
            self._texts = None

    def _reranked(
        self, query: str, ranking: tuple[tuple[str, float], ...]
    ) -> tuple[tuple[str, float], ...]:
        assert self._texts is not None, "index() comes first"
        ids = [document for document, _ in ranking[: self._depth]]
        if not ids:
            return ranking
        pairs = [(query, text) for text in self._texts.texts(ids)]
        scores = np.asarray(self._scorer.predict(pairs), dtype=np.float64)
        if scores.shape != (len(ids),) or not np.isfinite(scores).all():
            raise EncoderError(
                f"The pair scorer must give one finite number for each of {len(ids)} pairs, as a "
                f"model with one output does; it gave an array of shape {scores.shape}.",
                code="encoder_result_invalid",
            )
        order = np.argsort(-scores, kind="stable").tolist()
        head = [(ids[number], float(scores[number])) for number in order]
        floor = head[-1][1]
        tail = [
            (document, floor - rank) for rank, (document, _) in enumerate(ranking[self._depth :], 1)
        ]
        return (*head, *tail)


def load_scorer(name: str) -> PairScorer:
    """Return sentence-transformers' cross-encoder of a folder or hub name.

    Raises:
        EncoderError: There is no such model, or it cannot be read.
        MissingExtraError: sentence-transformers is not installed.
    """
    try:
        from sentence_transformers import CrossEncoder
    except ImportError as err:
        raise MissingExtraError(purpose="A cross-encoder", extra="dense") from err
    try:
        with without_bars():
            model = CrossEncoder(name, device="cpu", local_files_only=Path(name).is_dir())
    except Exception as err:  # errors of transformers, hub and disk have no common base
        reason = (str(err).strip() or type(err).__name__).splitlines()[0].rstrip(".")
        raise EncoderError(
            f"Cannot load the cross-encoder {name!r}: {reason}.", code="encoder_unreadable"
        ) from err

    class Quiet:
        def predict(self, pairs: Sequence[tuple[str, str]], /) -> Any:
            return model.predict(list(pairs), show_progress_bar=False)

    return Quiet()
