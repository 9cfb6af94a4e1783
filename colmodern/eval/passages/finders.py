"""What finds passages? Our search, and the baselines it has to beat at about the same length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import ConfigError
from colmodern.eval.passages.annotated import Annotated, Question
from colmodern.eval.systems.dense import MINILM, load_single_vector_model
from colmodern.indexer import Indexer
from colmodern.passages.choice import K1, WINDOW_TOKENS, B, Doubles, Windows, window_ends
from colmodern.passages.pieces import Pieces, PlacedText, cut, pieces_of
from colmodern.passages.words import query_words, word_runs
from colmodern.searcher import Searcher
from colmodern.types import DocumentEncoder, FloatMatrix, IntVector, Spans

Stretch: TypeAlias = tuple[int, int]
FINDERS = ("passage", "random", "bm25", "maxsim", "minilm")


class Finder(Protocol):
    """Finds places of a document that answer a question."""

    @property
    def name(self) -> str:
        """What to call it in a table."""
        ...

    def find(self, question: Question, n: int) -> Sequence[Stretch]:
        """Return the ``n`` best places of the question's document, best first."""
        ...


def finders_of(
    names: Sequence[str], collection: Annotated, encoder: DocumentEncoder, work: Path
) -> list[Finder]:
    """Return finders by name.

    Args:
        names: Some of ``FINDERS``.
        collection: What they search.
        encoder: What encodes documents and questions.
        work: A folder for the index; one that is there already is used again.

    Raises:
        ConfigError: There is no such finder.
    """
    unknown = next((name for name in names if name not in FINDERS), None)
    if unknown is not None:
        raise ConfigError(
            f"There is no finder {unknown!r}; there are: {', '.join(FINDERS)}.",
            code="option_not_allowed",
            option="finders",
            value=unknown,
        )
    windows = _DocumentWindows(collection, encoder)
    made: dict[str, Finder] = {}
    for name in names:
        if name == "passage":
            made[name] = _Shown(collection, encoder, work)
        elif name == "minilm":
            made[name] = _Cosine(windows)
        else:
            made[name] = _Scored(name, windows, encoder)
    return list(made.values())


class _Shown:
    """What ``search`` and ``explain`` show."""

    name = "passage"

    def __init__(self, collection: Annotated, encoder: DocumentEncoder, work: Path) -> None:
        path = work / f"{collection.name}-passages"
        if not path.is_dir():
            Indexer(path, encoder).build(list(collection.documents.values()))
        self._searcher = Searcher.open(path, encoder)

    def find(self, question: Question, n: int) -> Sequence[Stretch]:
        found = self._searcher.explain(question.text, question.document, passages=n)
        return [(one.passage.start, one.passage.end) for one in found.evidence]


class _DocumentWindows:
    """The windows of each document, as our own choice has them."""

    def __init__(self, collection: Annotated, encoder: DocumentEncoder) -> None:
        self._documents = collection.documents
        self._encoder = encoder
        self.of = cache(self._of)
        self.vectors = cache(self._vectors)
        words = [{w for w, _, _ in word_runs(d.text)} for d in self._documents.values()]
        self._frequencies: Mapping[str, int] = Counter(word for one in words for word in one)

    def _vectors(self, document: str) -> tuple[FloatMatrix, Spans]:
        (tokens,) = self._encoder.encode_documents([self._documents[document].text])
        return tokens.vectors, tokens.spans

    def _of(self, document: str) -> tuple[Pieces, Spans]:
        """Return the pieces of a document, and the characters of the window of each."""
        source = PlacedText(self._documents[document].text, self.vectors(document)[1])
        found = cut([source], [], threads=1)
        pieces = pieces_of(found.pieces)
        ends = window_ends(pieces)
        places = np.stack(
            [found.units[pieces.units, 0], found.units[pieces.units[ends - 1], 1]], axis=1
        )
        return pieces, places

    def counts(self, document: str, words: Sequence[str]) -> FloatMatrix:
        """Return how often each piece has each word."""
        source = PlacedText(self._documents[document].text, self.vectors(document)[1])
        return cut([source], words, threads=1).counts

    def idf(self, word: str) -> float:
        """Return how much a word says among the documents."""
        n, have = len(self._documents), self._frequencies.get(word, 0)
        return float(np.log1p((n - have + 0.5) / (have + 0.5))) if have else 0.0

    def text(self, document: str, place: Stretch) -> str:
        """Return the text of a window."""
        return self._documents[document].text[place[0] : place[1]]

    def best(self, document: str, scores: Doubles, n: int) -> Sequence[Stretch]:
        """Return the places of the best windows that are apart."""
        pieces, places = self.of(document)
        windows = Windows(window_ends(pieces), scores, np.zeros(len(scores)))
        return [(int(places[i, 0]), int(places[i, 1])) for i, _ in windows.best(n)]


class _Scored:
    """A window at random, by BM25, or by the plain sum of its matches (in floats)."""

    def __init__(self, name: str, windows: _DocumentWindows, encoder: DocumentEncoder) -> None:
        self.name = name
        self._windows = windows
        self._encoder = encoder
        self._rng = np.random.default_rng(0)

    def find(self, question: Question, n: int) -> Sequence[Stretch]:
        pieces, _ = self._windows.of(question.document)
        if not len(pieces):
            return []
        score = {"random": self._random, "bm25": self._bm25, "maxsim": self._maxsim}[self.name]
        return self._windows.best(question.document, score(question, pieces), n)

    def _random(self, _: Question, pieces: Pieces) -> Doubles:
        return self._rng.random(len(pieces))

    def _bm25(self, question: Question, pieces: Pieces) -> Doubles:
        words = query_words(question.text)
        idf = np.array([self._windows.idf(word) for word in words])
        ends = window_ends(pieces)
        counts = _in_windows(self._windows.counts(question.document, words), ends)
        lengths = _in_windows((pieces.ends - pieces.begins)[:, None], ends)
        saturation = K1 * (1 - B + B * lengths / lengths.mean())
        scores: Doubles = (counts / (counts + saturation)) @ idf
        return scores

    def _maxsim(self, question: Question, pieces: Pieces) -> Doubles:
        (query,) = self._encoder.encode_queries([question.text])
        scores = self._windows.vectors(question.document)[0] @ query.vectors.T
        ends = pieces.ends[window_ends(pieces) - 1]
        return np.array(
            [scores[a:b].max(axis=0).sum() for a, b in zip(pieces.begins, ends, strict=True)]
        )


class _Cosine:
    """The window whose vector by a single-vector model is nearest to the question's."""

    name = "minilm"

    def __init__(self, windows: _DocumentWindows) -> None:
        self._windows = windows
        self._model = load_single_vector_model(MINILM, "cpu")
        self._encoded = cache(self._encode_document)

    def find(self, question: Question, n: int) -> Sequence[Stretch]:
        rows, vectors = self._encoded(question.document)
        if not len(rows):
            return []
        scores = np.full(len(self._windows.of(question.document)[0]), -np.inf)
        scores[rows] = vectors @ self._encode([question.text])[0]
        return self._windows.best(question.document, scores, n)

    def _encode_document(self, document: str) -> tuple[list[int], Doubles]:
        """Return the vectors of windows that begin half a window apart or a little more."""
        pieces, places = self._windows.of(document)
        rows: list[int] = []
        for number, begin in enumerate(pieces.begins.tolist()):
            if not rows or begin - pieces.begins[rows[-1]] >= WINDOW_TOKENS // 2:
                rows.append(number)
        texts = [self._windows.text(document, (a, b)) for a, b in places[rows].tolist()]
        return rows, self._encode(texts) if texts else np.zeros((0, 0))

    def _encode(self, texts: Sequence[str]) -> Doubles:
        found: Doubles = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return found


def _in_windows(values: NDArray[Any], ends: IntVector) -> Doubles:
    """Return the sums of the rows of each window, float64."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    found: Doubles = sums[ends] - sums[:-1]
    return found
