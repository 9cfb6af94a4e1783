"""Which documents hold the phrases that a query has in quotes, or its names?

The index keeps no places of words: those documents that have all words of a phrase are found by
the postings, the rarest first, and then their texts are looked at, as far as ``MOST_CHARACTERS``
go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import IndexFormatError
from colmodern.searcher.part import Part
from colmodern.searcher.statistics import GlobalStatistics
from colmodern.text.names import names_of
from colmodern.text.phrases import Phrase, holds, phrases_of
from colmodern.types import IntVector

MOST_CHARACTERS = 1 << 25
"""How much text is looked at for the phrases of a query: about a third of a second."""

MOST_OF_A_NAME, MOST_OF_A_NAME_SHARE = 20, 10
"""A name decides if so many documents hold it at most, and no more than a tenth of them."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldPhrases:
    """Which documents of a part hold the phrases of a query.

    Attributes:
        n_phrases: How many phrases the query has.
        counts: Shape (n_documents,), uint8: how many of them each document holds.
        notes: What could not be done, and what is in no document; sentences for people.
    """

    n_phrases: int
    counts: NDArray[np.uint8]
    notes: tuple[str, ...] = ()

    def tiers(self, allowed: NDArray[np.bool_]) -> list[tuple[int, NDArray[np.bool_]]]:
        """Return the documents that hold as many, most first: how many, and a mask of them."""
        masks = [(n, allowed & (self.counts == n)) for n in range(self.n_phrases, -1, -1)]
        return [(n, mask) for n, mask in masks if n == 0 or mask.any()]


def held_phrases(
    part: Part,
    query: str,
    allowed: NDArray[np.bool_],
    statistics: GlobalStatistics | None = None,
) -> HeldPhrases | None:
    """Return which documents of a part hold the phrases of a query; None if it has none.

    Without quotes its names are phrases, but for those that no document holds, or many.

    Args:
        part: Where to look.
        query: The query's text.
        allowed: Shape (n_documents,), bool: which documents may be found.
        statistics: The numbers of the whole that this is a part of; None: it is the whole.
    """
    phrases = phrases_of(query)
    if not phrases:
        return _held_names(part, names_of(query), allowed, statistics)
    counts = np.zeros(len(part.live), np.uint8)
    notes: list[str] = []
    room = MOST_CHARACTERS // len(phrases)
    for phrase in phrases:
        documents, note = _documents_with(part, phrase, allowed, room)
        counts[documents] += 1
        notes += [note] * bool(note)
    return HeldPhrases(len(phrases), counts, tuple(notes))


def name_counts(part: Part, query: str, allowed: NDArray[np.bool_]) -> dict[str, int]:
    """Return how many documents of a part hold each name of a query, where names may decide."""
    names = [] if phrases_of(query) else names_of(query)
    return {
        " ".join(name): len(documents)
        for name in names
        for documents, _ in [_documents_with(part, name, allowed, MOST_CHARACTERS // len(names))]
    }


def _held_names(
    part: Part,
    names: Sequence[Phrase],
    allowed: NDArray[np.bool_],
    statistics: GlobalStatistics | None,
) -> HeldPhrases | None:
    """Return which documents hold the rare ones of some names; None if none is rare."""
    counts = np.zeros(len(part.live), np.uint8)
    n_live = part.n_live if statistics is None else statistics.n_documents
    most = max(1, min(MOST_OF_A_NAME, n_live // MOST_OF_A_NAME_SHARE))
    n_rare = 0
    for name in names:
        documents, note = _documents_with(part, name, allowed, MOST_CHARACTERS // len(names))
        if statistics is None:
            is_rare = not note and len(documents) <= most
        else:
            is_rare = 0 < statistics.names.get(" ".join(name), 0) <= most
        if is_rare:
            counts[documents] += 1
            n_rare += 1
    return HeldPhrases(n_rare, counts) if n_rare else None


def _documents_with(
    part: Part, phrase: Phrase, allowed: NDArray[np.bool_], room: int
) -> tuple[IntVector, str]:
    """Return the documents that hold a phrase, and what there is to say of it."""
    shown = f'"{" ".join(phrase)}"'
    try:
        having = part.lexicon.documents_with(" ".join(phrase))
    except IndexFormatError:
        return np.zeros(0, np.int64), f"the index has no words: {shown} was not looked for"
    if having is None:
        return np.zeros(0, np.int64), f"no index has words as long as those of {shown}"
    documents = having.best(len(having)).documents
    documents = documents[allowed[documents]]
    found: list[int] = []
    for looked_at, document in enumerate(documents.tolist()):
        if room < 0:
            return np.array(found, np.int64), (
                f"{shown} was looked for in {looked_at:,} of the {len(documents):,} documents that "
                "have its words; a longer phrase, or a filter, leaves fewer"
            )
        segment, position = part.place_of(document)
        texts = segment.titles[position], segment.texts[position]
        if any(holds(text, phrase) for text in texts):
            found.append(document)
        room -= sum(map(len, texts))
    return np.array(found, np.int64), "" if found else f"no document holds {shown}"
