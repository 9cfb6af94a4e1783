"""Which documents hold the phrases that a query has in quotes, its names, or most of its words?

The index keeps no places of words: those documents that have all words of a phrase are found by
the postings, the rarest first, and then their texts are looked at, as far as ``MOST_CHARACTERS``
go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import IndexFormatError
from colmodern.frozen import frozen
from colmodern.searcher.files_named import files_named
from colmodern.searcher.part import Part
from colmodern.searcher.statistics import GlobalStatistics
from colmodern.text.file_names import file_names_of
from colmodern.text.names import exact_words_of, names_of
from colmodern.text.phrases import Phrase, holds, holds_folded, phrases_of
from colmodern.text.runs import runs_of
from colmodern.text.words import folded
from colmodern.types import IntVector

MOST_CHARACTERS = 1 << 25
"""How much text is looked at for the phrases of a query: about a third of a second."""

_HELD_BY_NONE = "no document holds"

MOST_OF_A_NAME, MOST_OF_A_NAME_SHARE = 20, 10
"""What is not in quotes decides if so many documents hold it at most, and no more than a tenth."""

MOST_CHARACTERS_OF_RUNS = 1 << 19
"""How much text is looked at for the stretches of a query, which are in most queries: 8 ms."""


@frozen(eq=False)
class HeldPhrases:
    """Which documents of a part hold the phrases of a query.

    Attributes:
        n_phrases: How many phrases the query has.
        counts: Shape (n_documents,), uint8: how many of them each document holds.
        notes: What could not be done, and what is in no document; sentences for people.
        phrases: What is looked for in the texts of documents found.
    """

    n_phrases: int
    counts: NDArray[np.uint8]
    notes: tuple[str, ...] = ()
    phrases: Sequence[Phrase] = ()

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
    """Return which documents of a part hold the phrases of a query; None if nothing is one.

    Without quotes its names are phrases, which the file of that name holds; without names the most
    of its words in their order. Those count that few documents hold, if any does.

    Args:
        part: Where to look.
        query: The query's text.
        allowed: Shape (n_documents,), bool: which documents may be found.
        statistics: The numbers of the whole that this is a part of; None: it is the whole.
    """
    phrases = phrases_of(query)
    if not phrases:
        return _held_without_quotes(part, query, allowed, statistics)
    counts = np.zeros(len(part.live), np.uint8)
    notes: list[str] = []
    room = MOST_CHARACTERS // len(phrases)
    for phrase in phrases:
        documents, note = _documents_with(part, phrase, allowed, room)
        counts[documents] += 1
        if not (note or len(documents)):
            note = f"{_HELD_BY_NONE} {_shown(phrase)}"
        notes += [note] * bool(note)
    return HeldPhrases(len(phrases), counts, tuple(notes), phrases)


def name_counts(part: Part, query: str, allowed: NDArray[np.bool_]) -> dict[str, int]:
    """Return how many documents hold what decides without quotes: files, names and stretches.

    A stretch that is not looked for everywhere, since too many have its words, is in too many.
    """
    if phrases_of(query):
        return {}
    found = [*_files(part, query, allowed), *_names(part, query, allowed)]
    found += _runs(part, query, allowed)
    return {
        one.key: MOST_OF_A_NAME + 1 if one.is_unsure and one.is_run else len(one.documents)
        for one in found
    }


def notes_of_all(notes: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return what there is to say of the search of several parts, given what each part says.

    What no document holds in one part may be in another.
    """
    together = dict.fromkeys(note for each in notes for note in each)
    return tuple(
        note
        for note in together
        if not note.startswith(_HELD_BY_NONE) or all(note in each for each in notes)
    )


@frozen(eq=False)
class _Held:
    """What may decide without quotes, and the documents that hold it.

    Attributes:
        key: What it is called in statistics.
        phrase: Its words; none of a file's name.
        documents: Those that hold it, as far as that is known.
        is_unsure: Whether it may be more.
        is_run: Whether it is a stretch of the query.
    """

    key: str
    phrase: Phrase
    documents: IntVector
    is_unsure: bool = False
    is_run: bool = False


def _held_without_quotes(
    part: Part, query: str, allowed: NDArray[np.bool_], statistics: GlobalStatistics | None
) -> HeldPhrases | None:
    """Return which documents hold what is rare: a file, else names, else stretches."""
    most = _most(part.n_live if statistics is None else statistics.n_documents)

    def rare(found: Iterator[_Held]) -> list[_Held]:
        return [one for one in found if _is_rare(one, most, statistics)]

    counts = np.zeros(len(part.live), np.uint8)
    if files := rare(_files(part, query, allowed)):
        counts[np.concatenate([one.documents for one in files])] = 1
        return HeldPhrases(1, counts, phrases=exact_words_of(query))
    if names := rare(_names(part, query, allowed)):
        for one in names:
            counts[one.documents] += 1
        return HeldPhrases(len(names), counts, phrases=exact_words_of(query))
    if runs := rare(_runs(part, query, allowed)):
        counts[np.concatenate([one.documents for one in runs])] = 1
        return HeldPhrases(1, counts, phrases=[one.phrase for one in runs])
    return None


def _most(n_documents: int) -> int:
    return max(1, min(MOST_OF_A_NAME, n_documents // MOST_OF_A_NAME_SHARE))


def _is_rare(one: _Held, most: int, statistics: GlobalStatistics | None) -> bool:
    if statistics is not None:
        return 0 < statistics.names.get(one.key, 0) <= most
    return not one.is_unsure and 0 < len(one.documents) <= most


def _files(part: Part, query: str, allowed: NDArray[np.bool_]) -> Iterator[_Held]:
    for name in file_names_of(query):
        documents = files_named(part, name)
        yield _Held(f"/{name}", (), documents[allowed[documents]])


def _names(part: Part, query: str, allowed: NDArray[np.bool_]) -> Iterator[_Held]:
    names = names_of(query)
    for name in names:
        documents, note = _documents_with(part, name, allowed, MOST_CHARACTERS // len(names))
        yield _Held(" ".join(name), name, documents, is_unsure=bool(note))


def _runs(part: Part, query: str, allowed: NDArray[np.bool_]) -> Iterator[_Held]:
    """Yield the stretches of a query; each document that may hold some is looked at once."""
    runs = runs_of(query)
    try:
        having = part.lexicon.documents_with([" ".join(run) for run in runs]) if runs else []
    except IndexFormatError:
        return  # it has no words
    plain: dict[int, list[str]] = {}
    room = MOST_CHARACTERS_OF_RUNS
    for run, found in zip(runs, having, strict=True):
        documents = np.zeros(0, np.int64) if found is None else found.documents
        holding: list[int] = []
        is_unsure = False
        for document in documents[allowed[documents]].tolist():
            if document not in plain:
                if is_unsure := room < 0:
                    break
                plain[document] = [folded(text) for text in _texts_of(part, document)]
                room -= sum(map(len, plain[document]))
            if any(holds_folded(text, run) for text in plain[document]):
                holding.append(document)
        yield _Held(" ".join(run), run, np.array(holding, np.int64), is_unsure, is_run=True)


def _documents_with(
    part: Part, phrase: Phrase, allowed: NDArray[np.bool_], room: int
) -> tuple[IntVector, str]:
    """Return the documents that hold a phrase, and what there is to say of it."""
    shown = _shown(phrase)
    try:
        (having,) = part.lexicon.documents_with([" ".join(phrase)])
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
        texts = _texts_of(part, document)
        if any(holds(text, phrase) for text in texts):
            found.append(document)
        room -= sum(map(len, texts))
    return np.array(found, np.int64), ""


def _texts_of(part: Part, document: int) -> tuple[str, str]:
    segment, position = part.place_of(document)
    return segment.titles[position], segment.texts[position]


def _shown(phrase: Phrase) -> str:
    return f'"{" ".join(phrase)}"'
