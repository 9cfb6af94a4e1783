"""What finds passages? Our search, and the baselines it has to beat at about the same length."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import ConfigError
from colmodern.eval.passages.annotated import Annotated, Question
from colmodern.eval.passages.cosine import Cosine
from colmodern.eval.passages.windows import DocumentWindows, FoundWindow, index_of
from colmodern.eval.systems.dense import MINILM
from colmodern.passages.choice import K1, B, Doubles
from colmodern.searcher import Searcher
from colmodern.searcher.answer import ALSO_WITHIN
from colmodern.types import DocumentEncoder, IntVector

FINDERS = ("passage", "random", "bm25", "maxsim", "minilm")
DENSE = "dense:"
"""Before the path of another model of one vector a text."""


class Finder(Protocol):
    """Finds places of a document that answer a question."""

    @property
    def name(self) -> str:
        """What to call it in a table."""
        ...

    def find(self, question: Question, n: int) -> FoundWindow:
        """Return the ``n`` best places of the question's document, best first."""
        ...


def finders_of(
    names: Sequence[str], collection: Annotated, encoder: DocumentEncoder, work: Path
) -> list[Finder]:
    """Return finders by name.

    Args:
        names: Some of ``FINDERS``, and ``dense:PATH``.
        collection: What they search.
        encoder: What encodes documents and questions.
        work: A folder for the index and the vectors of windows; what is there is used again.

    Raises:
        ConfigError: There is no such finder.
    """
    unknown = next(
        (name for name in names if name not in FINDERS and not name.startswith(DENSE)), None
    )
    if unknown is not None:
        raise ConfigError(
            f"There is no finder {unknown!r}; there are: {', '.join(FINDERS)}, {DENSE}PATH.",
            code="option_not_allowed",
            option="finders",
            value=unknown,
        )
    path = index_of(collection, encoder, work)
    windows = DocumentWindows(collection, path, encoder)
    made: dict[str, Finder] = {}
    for name in names:
        if name == "passage":
            made[name] = _Shown(path, encoder)
        elif name == MINILM or name.startswith(DENSE):
            made[name] = Cosine(windows, work, collection.name, name.removeprefix(DENSE))
        else:
            made[name] = _Scored(name, windows)
    return list(made.values())


class _Shown:
    """What ``search`` and ``explain`` show."""

    name = "passage"

    def __init__(self, index: Path, encoder: DocumentEncoder) -> None:
        self._searcher = Searcher.open(index, encoder)

    def find(self, question: Question, n: int) -> FoundWindow:
        found = self._searcher.explain(question.text, question.document, passages=n, mode="late")
        behind = [0.0 if one.reasons is None else one.reasons.behind for one in found.evidence]
        places = [(one.passage.start, one.passage.end) for one in found.evidence]
        return FoundWindow(places, 2 if len(behind) > 1 and behind[1] <= ALSO_WITHIN else 1)


class _Scored:
    """A window at random, by BM25, or by the plain sum of its matches."""

    def __init__(self, name: str, windows: DocumentWindows) -> None:
        self.name = name
        self._windows = windows
        self._rng = np.random.default_rng(0)

    def find(self, question: Question, n: int) -> FoundWindow:
        pieces, _, _ = self._windows.of(question.document)
        if not len(pieces):
            return FoundWindow([])
        score = {"random": self._random, "bm25": self._bm25, "maxsim": self._maxsim}[self.name]
        return self._windows.best(question.document, score(question), n)

    def _random(self, question: Question) -> Doubles:
        return self._rng.random(len(self._windows.of(question.document)[0]))

    def _bm25(self, question: Question) -> Doubles:
        query = self._windows.words(question.text)
        pieces, ends, _ = self._windows.of(question.document)
        counts = _in_windows(self._windows.counts(question.document, query.words), ends)
        lengths = _in_windows((pieces.ends - pieces.begins)[:, None], ends)
        saturation = K1 * (1 - B + B * lengths / lengths.mean())
        scores: Doubles = (counts / (counts + saturation)) @ query.idf
        return scores

    def _maxsim(self, question: Question) -> Doubles:
        matches = self._windows.maxima(question.document, question.text)
        sums: Doubles = np.add.reduce(matches, axis=1, dtype=np.float64)
        return sums


def _in_windows(values: NDArray[Any], ends: IntVector) -> Doubles:
    """Return the sums of the rows of each window, float64."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    found: Doubles = sums[ends] - sums[:-1]
    return found
