"""Which phrases stand in quotes in a query, and where does a text hold one?

A text holds a phrase if it has the phrase's words, whole, side by side and in their order, whatever
stands between them that is no word: blanks, ends of lines, punctuation. Capitals and compatibility
forms (NFKC) do not count. In scripts without blanks a word may go on before and after the phrase.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TypeAlias

from colmodern.text.words import (
    folded,
    folded_runs,
    has_blanks,
    is_of_word,
    unspaced_end,
    word_after_gap,
    word_end,
    words_of_folded,
)

__all__ = [
    "MOST_PHRASES",
    "Phrase",
    "holds",
    "holds_folded",
    "phrase_spans",
    "phrases_of",
    "spans_of_phrases",
]

Phrase: TypeAlias = tuple[str, ...]
"""Its words, folded."""

MOST_PHRASES = 8
"""A query has no more; further ones in quotes are words as any others."""

MOST_WORDS = 64
"""Of a longer phrase the first so many count."""

_MOST_LETTERS = 256
"""Of a longer word of a script without blanks so many count, and no word behind it.

It may begin at each letter of a text, so that each would be compared with all of it.
"""

_LONG_QUERY = 16  # words
_LEAST_SHARE = 3  # of which a third must stand in quotes
_CLOSING = {'"': '"', "“": "”", "«": "»", "»": "«"}
_LOW = "„"  # closed by “ in German, by ” in Polish
_STRETCH = re.compile(r"[^\n]{256}[^ \n]*[ \n]|[^\n]*\n?")  # of a text that is folded by itself


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
    return spans_of_phrases(text, [phrase], n)[0]


def spans_of_phrases(text: str, phrases: Sequence[Phrase], n: int) -> list[list[tuple[int, int]]]:
    """Return the first ``n`` places of each phrase in a text, which is folded once."""
    plain = folded(text)
    found = [list(islice(_places(plain, phrase), n)) for phrase in phrases]
    if not any(found) or _keeps_places(text, plain):
        return found
    begins, starts = _stretches(text)
    ends = [*begins[1:], len(text)]
    origins = cache(lambda one: _origins(text[begins[one] : ends[one]]))

    def origin(at: int) -> tuple[int, int]:
        one = bisect_right(starts, at) - 1
        folded_at, spans = origins(one)
        begin, end = spans[bisect_right(folded_at, at - starts[one]) - 1]
        return begins[one] + begin, begins[one] + end

    return [[(origin(a)[0], origin(b - 1)[1]) for a, b in places] for places in found]


def _keeps_places(text: str, plain: str) -> bool:
    """Say whether each character of a text is one where it is folded."""
    if len(text) != len(plain):
        return False
    return text.isascii() or all(len(folded(one)) == 1 for one in set(text))


def _stretches(text: str) -> tuple[list[int], list[int]]:
    """Return where stretches of a text begin, in it and in it folded; they end with white space."""
    begins, starts = [], []
    start = 0
    for match in _STRETCH.finditer(text):
        if match[0]:
            begins.append(match.start())
            starts.append(start)
            start += len(folded(match[0]))
    return begins, starts


def _origins(text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
    """Return where parts of a folded text begin, and which characters each comes from.

    A part is a character, if all remain one; else a run, or what lies between two.
    """
    plain = folded(text)
    if _keeps_places(text, plain):
        return range(len(text)), [(at, at + 1) for at in range(len(text))]
    starts: list[int] = []
    spans: list[tuple[int, int]] = []
    end = last = 0
    for word, begin, past in folded_runs(text):
        start = plain.find(word, end)
        if start >= 0:
            starts += [end, start]
            spans += [(min(last, begin), begin), (begin, past)]
            end, last = start + len(word), past
    return [*starts, end], [*spans, (last, len(text))]


def _places(plain: str, phrase: Phrase) -> Iterator[tuple[int, int]]:
    """Yield the places of a phrase in a folded text; its longest word is looked for first."""
    phrase = _that_counts(phrase)
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


def _that_counts(phrase: Phrase) -> Phrase:
    """Return as much of a phrase as is looked for; it ends with a letter that any may follow."""
    for number, word in enumerate(phrase):
        end = unspaced_end(word, _MOST_LETTERS - 1)
        if end < len(word):
            return (*phrase[:number], word[:end])
    return phrase


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
