"""Which stretches of a query mean a text if it has them word by word?

An error message, a title, a sentence from memory: whoever types most of it looks for the text that
has it. A question is seldom written in its answer, so that nothing changes for it.
"""

from __future__ import annotations

from colmodern.text.names import exact_words_of
from colmodern.text.phrases import MOST_PHRASES, Phrase, holds_folded
from colmodern.text.words import folded, words_of_folded

__all__ = ["longest_held", "runs_of"]

_LEAST_WORDS, _MOST_WORDS = 5, 20
_LEAST_SHARE = 0.6  # of the letters of the query's words


def runs_of(query: str) -> list[Phrase]:
    """Return the shortest stretches of a query that are most of it, at most ``MOST_PHRASES``.

    Each has five words or more and three fifths of the letters of all words; none holds another.
    There are none in queries of more than twenty words, of quotes, and of names.
    """
    words = words_of_folded(folded(query))
    if not _LEAST_WORDS <= len(words) <= _MOST_WORDS or exact_words_of(query):
        return []
    least = _LEAST_SHARE * sum(map(len, words))
    found: list[tuple[int, int]] = []
    end = n_letters = 0
    for start, word in enumerate(words):
        while end < len(words) and (n_letters < least or end - start < _LEAST_WORDS):
            n_letters += len(words[end])
            end += 1
        if n_letters < least or end - start < _LEAST_WORDS:
            break
        if found and found[-1][1] == end:
            found.pop()  # it holds this one
        found.append((start, end))
        n_letters -= len(word)
    return list(dict.fromkeys(tuple(words[a:b]) for a, b in found))[:MOST_PHRASES]


def longest_held(query: str, texts: tuple[str, ...]) -> Phrase:
    """Return the longest stretch of a query that one of some texts has; none of five words: ()."""
    words = tuple(words_of_folded(folded(query)))[:_MOST_WORDS]
    plain = [folded(text) for text in texts]
    best: Phrase = ()
    for start in range(len(words)):
        end = start + max(len(best) + 1, _LEAST_WORDS)
        while end <= len(words) and any(holds_folded(text, words[start:end]) for text in plain):
            best = words[start:end]
            end += 1
    return best
