"""What are the words of a text, as BM25 counts them?

Runs of letters, digits and underscores in lower case; no stemming and no stop words, which would
need to know the language. The name of the analysis is kept beside the words: a query is only
compared with words that were split as it is.
"""

from __future__ import annotations

import re

__all__ = ["ANALYSIS", "word_spans", "words_of"]

ANALYSIS = "words/1"
"""The name of this analysis; it changes whenever the words of any text do."""

# What is longer is an encoded picture or a key, and nobody's query.
_MAX_CHARS = 64

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text in their order, repeated ones repeated."""
    return [word for word in _WORD.findall(text.lower()) if len(word) <= _MAX_CHARS]


def word_spans(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a text with their first character and the one past their last.

    A word is put in lower case by itself here, so that offsets are those of the text; where
    lowering changes the number of characters (a Turkish dotted I), ``words_of`` may differ.
    """
    return [
        (word, match.start(), match.end())
        for match in _WORD.finditer(text)
        if len(word := match[0].lower()) <= _MAX_CHARS
    ]
