"""What windows do the documents of an annotated collection have? Those of our own choice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from colmodern.eval.passages.annotated import Annotated
from colmodern.indexer import Indexer
from colmodern.passages.asked import PassageQuery
from colmodern.passages.choice import Doubles, Windows, window_ends
from colmodern.passages.pieces import Cut, Pieces, PlacedText, cut, pieces_of
from colmodern.passages.scorer import DocumentScorer
from colmodern.searcher.answer import passage_query
from colmodern.searcher.part import Part
from colmodern.searcher.prepared import PreparedQuery
from colmodern.storage import Segment, open_reader
from colmodern.types import DocumentEncoder, FloatMatrix, IntVector

Stretch: TypeAlias = tuple[int, int]


class FoundWindow(NamedTuple):
    """Places of a document that answer a question.

    Attributes:
        places: The best of them, best first.
        n_shown: How many of them a hit shows.
    """

    places: Sequence[Stretch]
    n_shown: int = 1


def index_of(collection: Annotated, encoder: DocumentEncoder, work: Path) -> Path:
    """Return the index of a collection, built if it is not in the folder yet."""
    path = work / f"{collection.name}-passages"
    if not path.is_dir():
        Indexer(path, encoder).build(list(collection.documents.values()))
    return path


class DocumentWindows:
    """The windows of each document, and what an index knows of them."""

    def __init__(self, collection: Annotated, path: Path, encoder: DocumentEncoder) -> None:
        """Open the index of a collection."""
        self.documents = collection.documents
        self._reader = open_reader(path)
        self._part = Part(self._reader.segments, lambda: self._reader.words)
        self._encoder = encoder
        self.of = cache(self._of)

    def _of(self, document: str) -> tuple[Pieces, IntVector, IntVector]:
        """Return the pieces of a document, where the window of each ends, and its characters."""
        found = self._cut(document, ())
        pieces = pieces_of(found.pieces)
        ends = window_ends(pieces)
        first, last = found.units[pieces.units, 0], found.units[pieces.units[ends - 1], 1]
        return pieces, ends, np.stack([first, last], axis=1)

    def words(self, question: str) -> PassageQuery:
        """Return the words of a question, and how much each says in the index."""
        return passage_query(self._part, question)

    def counts(self, document: str, words: Sequence[str]) -> FloatMatrix:
        """Return how often each piece has each word."""
        return self._cut(document, words).counts

    def maxima(self, document: str, question: str) -> FloatMatrix:
        """Return the best match of each token of a question in each window."""
        segment, position = self._place(document)
        (query,) = self._encoder.encode_queries([question])
        prepared = PreparedQuery.of(query.vectors, self._reader.codec, threads=1)
        scorer = DocumentScorer(prepared.quantised, prepared.table, self._part.arrays)
        pieces, ends, _ = self.of(document)
        number = np.array([self._part.number_of(segment, position)])
        (found,) = scorer.maxima(number, [pieces.begins], [pieces.ends[ends - 1]])
        return found

    def text(self, document: str, place: Stretch) -> str:
        """Return the text of a window."""
        return self.documents[document].text[place[0] : place[1]]

    def best(self, document: str, scores: Doubles, n: int) -> FoundWindow:
        """Return the places of the best windows that are apart; near ones lose nothing."""
        _, ends, places = self.of(document)
        none = np.zeros(len(scores))
        windows = Windows(ends, scores, none, np.zeros((len(scores), 3)), none, near=0.0)
        found = (places[one.begin].tolist() for one in windows.best(n))
        return FoundWindow([(start, end) for start, end in found])

    def _place(self, document: str) -> tuple[Segment, int]:
        found = self._reader.find(document)
        assert found is not None  # questions are about documents of the collection
        return found

    def _cut(self, document: str, words: Sequence[str]) -> Cut:
        segment, position = self._place(document)
        spans = segment.spans(position)
        is_code = segment.metadata(position).get("type") == "code"
        source = PlacedText(self.documents[document].text, spans, is_code)
        return cut([source], words, threads=1)
