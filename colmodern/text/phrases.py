"""Which phrases stand in quotes in a query, and where does a text hold one?

A text holds a phrase if it has the phrase's words, whole, side by side and in their order, whatever
stands between them that is no word: blanks, ends of lines, punctuation. Capitals and compatibility
forms (NFKC) do not count. In scripts without blanks a word may go on before and after the phrase.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

from colmodern.text.words import (
    folded,
    folded_runs,
    has_blanks,
    is_of_word,
    word_after_gap,
    word_end,
    words_of_folded,
)

__all__ = ["MOST_PHRASES", "Phrase", "holds", "holds_folded", "phrase_spans", "phrases_of"]

Phrase: TypeAlias = tuple[str, ...]
"""Its words, folded."""

MOST_PHRASES = 8
"""A query has no more; further ones in quotes are words as any others."""

MOST_WORDS = 64
"""Of a longer phrase the first so many count."""

_LONG_QUERY = 16  # words
_LEAST_SHARE = 3  # of which a third must stand in quotes
_CLOSING = {'"': '"', "“": "”", "«": "»", "»": "«"}
_LOW = "„"  # closed by “ in German, by ” in Polish


def phrases_of(query: str) -> list[Phrase]:
    """Return the phrases of a query that stand in quotes, none twice, at most ``MOST_PHRASES``.

    A mark opens where no word ends (5" is an inch) and closes where none begins. Marks that are
    not balanced make no phrase, nor do quotes without a word. In a long query of which little
    stands in quotes they are those of prose, and nothing is a phrase.
    """
    if not any(mark in query for mark in (*_CLOSING, _LOW)):
        return []
    found: dict[Phrase, None] = {}
    nearest: dict[str, int] = {}
    at = 0
    while at < len(query):
        end = _end_of_quotes(query, at, nearest)
        if end:
            words = tuple(words_of_folded(folded(query[at + 1 : end]))[:MOST_WORDS])
            if words:
                found[words] = None
            at = end
        at += 1
    return [] if _is_prose(query, found) else list(found)[:MOST_PHRASES]


def _is_prose(query: str, phrases: Iterable[Phrase]) -> bool:
    n_quoted = sum(map(len, phrases))
    return n_quoted * _LEAST_SHARE < len(words_of_folded(folded(query))) > _LONG_QUERY


def _end_of_quotes(query: str, at: int, nearest: dict[str, int]) -> int:
    """Return where quotes end that begin at a character; 0 if none do.

    ``nearest`` is for ``_next_mark``.
    """
    mark = query[at]
    if (mark not in _CLOSING and mark != _LOW) or (at and is_of_word(query[at - 1])):
        return 0
    closing = "“”" if mark == _LOW else _CLOSING[mark]
    end = min(_next_mark(query, one, at + 1, nearest) for one in closing)
    return 0 if end == len(query) or is_of_word(query[end + 1 : end + 2]) else end


def _next_mark(query: str, mark: str, start: int, nearest: dict[str, int]) -> int:
    """Return where a mark comes next from ``start`` on; the length of the query if it does not.

    ``nearest`` keeps where each mark was found: starts only grow, and what lies before it has been
    looked at.
    """
    if nearest.get(mark, -1) < start:
        end = query.find(mark, start)
        nearest[mark] = len(query) if end < 0 else end
    return nearest[mark]


def holds(text: str, phrase: Phrase) -> bool:
    """Say whether a text holds a phrase."""
    return holds_folded(folded(text), phrase)


def holds_folded(plain: str, phrase: Phrase) -> bool:
    """Say whether a folded text holds a phrase."""
    return next(_places(plain, phrase), None) is not None


def phrase_spans(text: str, phrase: Phrase, n: int) -> list[tuple[int, int]]:
    """Return the first ``n`` places of a phrase in a text: first character, one past the last."""
    plain = folded(text)
    places = list(islice(_places(plain, phrase), n))
    if len(plain) == len(text) or not places:
        return places
    runs = list(folded_runs(text))  # characters were joined, split or left out
    joined = " ".join(word for word, _, _ in runs)
    starts, at = [], 0
    for word, _, _ in runs:
        starts.append(at)
        at += len(word) + 1
    return [
        (runs[bisect_right(starts, start) - 1][1], runs[bisect_right(starts, end - 1) - 1][2])
        for start, end in islice(_places(joined, phrase), n)
    ]


def _places(plain: str, phrase: Phrase) -> Iterator[tuple[int, int]]:
    """Yield the places of a phrase in a folded text; its longest word is looked for first."""
    longest = max(range(len(phrase)), key=lambda number: len(phrase[number]))
    before, word, after = phrase[:longest], phrase[longest], phrase[longest + 1 :]
    at, free = plain.find(word), 0
    while at >= 0:
        end = _follow(plain, at + len(word), word, after)
        start = -1 if end < 0 else _precede(plain, at, word, before)
        if start >= free and end >= 0:
            yield start, end
            free = end
        # None begins in the rest of a run of letters, unless its script puts no blanks.
        following = word_end(plain, at) if has_blanks(word[0]) else free
        following = max(at + 1, following)
        at = plain.find(word, following)


def _follow(plain: str, end: int, word: str, after: Phrase) -> int:
    """Return where the words after one end, itself ending at ``end``; -1: they do not follow."""
    for following in after:
        start = word_after_gap(plain, end)
        if start == end and has_blanks(word[-1]):
            return -1
        if not plain.startswith(following, start):
            return -1
        word, end = following, start + len(following)
    return -1 if has_blanks(word[-1]) and is_of_word(plain[end : end + 1]) else end


def _precede(plain: str, start: int, word: str, before: Phrase) -> int:
    """Return where the words before one start, itself starting at ``start``; -1: as above."""
    for preceding in reversed(before):
        end = start
        while end and not is_of_word(plain[end - 1]):
            end -= 1
        if end == start and has_blanks(word[0]):
            return -1
        if not plain.endswith(preceding, 0, end):
            return -1
        word, start = preceding, end - len(preceding)
    return -1 if has_blanks(word[0]) and start and is_of_word(plain[start - 1]) else start
