"""Which words of a text are compared with those of a query, to choose a passage?

Runs of letters, digits and underscores, folded to lower case where an alphabet has two. This is
coarser than the words of the index (``text.words``) and needs no table of Unicode, so that native
code does the same.
"""

from __future__ import annotations

import re

_WORD = re.compile(
    "[0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2070-\u218f\u2c00-\u2fff"
    "\u3040-\ufe0f\ufe70-\ufeff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\U0010ffff]+"
)
_FOLDED = str.maketrans(
    {
        **{code: code + 32 for code in range(0x41, 0x5B)},
        **{code: code + 32 for code in range(0xC0, 0xDF) if code != 0xD7},
        **{code: code + 32 for code in range(0x391, 0x3AA)},
        **{code: code + 32 for code in range(0x410, 0x430)},
        **{code: code + 80 for code in range(0x400, 0x410)},
    }
)
_MOST_CHARACTERS = 64


def word_runs(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a text, folded, with their first character and the one past their last.

    A longer run than 64 characters is an encoded picture or a key, and no word.
    """
    return [
        (match[0].translate(_FOLDED), match.start(), match.end())
        for match in _WORD.finditer(text)
        if match.end() - match.start() <= _MOST_CHARACTERS
    ]


def query_words(query: str) -> list[str]:
    """Return the words of a query, folded, none twice."""
    return list(dict.fromkeys(word for word, _, _ in word_runs(query)))
