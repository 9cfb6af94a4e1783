"""Which pieces does a document have, and which words of a query are in each?

The functions with a text are the definition; ``cut`` cuts many documents in one native call.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from colmodern.frozen import frozen
from colmodern.kernels import REFERENCE, active_isa, native
from colmodern.passages.words import tokens_of_words, word_runs
from colmodern.text.units import units_of
from colmodern.types import FloatMatrix, IntVector, Spans

PIECE_TOKENS = 64
"""A longer unit is cut into pieces, so that no window is much longer than another."""


@frozen(eq=False)
class Pieces:
    """The pieces of a document, one for each unit that is not too long.

    Attributes:
        units: Shape (n,): the number of the unit of each.
        begins: Shape (n,), int64: its first token.
        ends: Shape (n,), int64: the one past its last.
        kinds: Shape (n,): the ``UnitKind`` of its unit.
    """

    units: IntVector
    begins: IntVector
    ends: IntVector
    kinds: IntVector

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.units)


@frozen(eq=False)
class PlacedText:
    """What is cut.

    Attributes:
        text: The document's text.
        spans: Shape (n_tokens, 2), int32: the characters of each token in ``text``; None: those of
            ``tokens_of_words``. Tokens without a place there (of a title, of a foreign index) are
            in no piece.
        is_code: Whether it is source code.
    """

    text: str
    spans: Spans | None
    is_code: bool = False


@frozen(eq=False)
class Cut:
    """Documents in pieces.

    Attributes:
        units: Shape (n_units, 4), int32, of all documents: start, end, ``UnitKind``, and whether a
            paragraph begins.
        unit_offsets: Shape (n_documents + 1,), int64: where the units of each begin.
        pieces: Shape (n_pieces, 5), int64: unit (counted in the document), first token, the one
            past the last, kind, and the character where the first token starts.
        piece_offsets: Shape (n_documents + 1,), int64: where the pieces of each begin.
        counts: Shape (n_pieces, n_words), float32: how often each word is in each piece.
    """

    units: Spans
    unit_offsets: IntVector
    pieces: IntVector
    piece_offsets: IntVector
    counts: FloatMatrix


def cut(sources: Sequence[PlacedText], words: Sequence[str], *, threads: int) -> Cut:
    """Cut documents into pieces.

    Args:
        sources: The documents.
        words: The words to count, from ``query_words``.
        threads: How many threads share the work.
    """
    if active_isa() == REFERENCE:
        return _joined([cut_one(one, words) for one in sources], len(words))
    arrays = native().cut_texts(
        [one.text.encode("utf-8", "surrogatepass") for one in sources],
        [one.spans for one in sources],
        [one.is_code for one in sources],
        [word.encode("utf-8", "surrogatepass") for word in words],
        threads,
    )
    units, unit_offsets, pieces, piece_offsets, counts = arrays
    # The same 64 bits by the name that the kernels know.
    whole = [one.view(np.int64) for one in (unit_offsets, pieces, piece_offsets)]
    return Cut(units, whole[0], whole[1], whole[2], counts)


def cut_one(source: PlacedText, words: Sequence[str]) -> tuple[Spans, IntVector, FloatMatrix]:
    """Return the units, the pieces and the counts of one document; see ``Cut``."""
    text, spans = source.text, source.spans
    if spans is None:
        spans = np.array(tokens_of_words(text), np.int32).reshape(-1, 2)
    units, pieces = _pieces(text, spans, is_code=source.is_code)
    counts = np.zeros((len(pieces), len(words)), np.float32)
    columns = {word: column for column, word in enumerate(words)}
    for word, start, _ in word_runs(text):
        column = columns.get(word)
        if column is not None and len(pieces) and start >= pieces[0, 4]:
            counts[pieces[:, 4].searchsorted(start, "right") - 1, column] += 1
    return units, pieces, counts


def pieces_of(rows: IntVector) -> Pieces:
    """Return some pieces of one document, rows of ``Cut.pieces``, column by column."""
    return Pieces(*(np.ascontiguousarray(rows[:, column]) for column in range(4)))


def _pieces(text: str, spans: Spans, *, is_code: bool) -> tuple[Spans, IntVector]:
    """Return the units that have a token, and their pieces."""
    tokens = np.flatnonzero(
        (spans[:, 1] > spans[:, 0]) & (spans[:, 0] >= 0) & (spans[:, 1] <= len(text))
    )
    starts = np.maximum.accumulate(spans[tokens, 0])
    units: list[tuple[int, int, int, int]] = []
    rows: list[tuple[int, int, int, int, int]] = []
    for unit in units_of(text, is_code=is_code):
        first, last = starts.searchsorted([unit.start, unit.end]).tolist()
        if last <= first:
            continue
        n_pieces = -(-(last - first) // PIECE_TOKENS)
        cuts = [first + number * (last - first) // n_pieces for number in range(n_pieces + 1)]
        for begin, end in itertools.pairwise(cuts):
            row = (int(tokens[begin]), int(tokens[end - 1]) + 1, unit.kind, int(starts[begin]))
            rows.append((len(units), *row))
        units.append(tuple(map(int, unit)))  # type: ignore[arg-type]
    return np.array(units, np.int32).reshape(-1, 4), np.array(rows, np.int64).reshape(-1, 5)


def _joined(parts: Sequence[tuple[Spans, IntVector, FloatMatrix]], n_words: int) -> Cut:
    """Return the arrays of documents one after the other."""
    units = [np.zeros((0, 4), np.int32), *(one[0] for one in parts)]
    pieces = [np.zeros((0, 5), np.int64), *(one[1] for one in parts)]
    counts = [np.zeros((0, n_words), np.float32), *(one[2] for one in parts)]
    return Cut(
        np.concatenate(units),
        np.cumsum([len(one) for one in units], dtype=np.int64),
        np.concatenate(pieces),
        np.cumsum([len(one) for one in pieces], dtype=np.int64),
        np.concatenate(counts),
    )
