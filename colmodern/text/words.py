"""What are the words of a text, as BM25 counts them?

Runs of letters, digits, marks and underscores, normalised (NFKC) and in lower case; no stemming and
no stop words, which would need to know the language. A name of several parts (``_kbhit_unix``,
``parseHTTPResponse``, ``utf8``) is counted whole and by its parts. Scripts that put no blanks
between words are counted by overlapping pairs of characters, and ideographs by themselves too.

The name of the analysis is kept beside the words: a query is split as the words of the index were,
so an index that an older version made is still searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from unicodedata import normalize

__all__ = [
    "ANALYSES",
    "ANALYSIS",
    "folded",
    "folded_runs",
    "has_blanks",
    "is_of_word",
    "sure_words_of",
    "word_after_gap",
    "word_end",
    "word_spans",
    "words_of",
    "words_of_folded",
]

ANALYSIS = "words/2"
"""The name of this analysis; it changes whenever the words of any text do."""

ANALYSES = ("words/1", ANALYSIS)
"""Those that a query can be split by."""

# What is longer is an encoded picture or a key, and nobody's query.
_MAX_CHARS = 64

# Vowel signs and other marks of these scripts are no letters to Python, but parts of words.
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670\u0900-\u0963\u0971-\u0dff"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u102b-\u103e\u1056-\u109d\u17b4-\u17d3\u3099\u309a"
)
# Characters that are not seen, wherever they stand: soft hyphens, joiners, marks of byte order.
_UNSEEN = "\u00ad\u200b-\u200d\u2060\ufeff"
_RUN = re.compile(rf"[\w{_MARKS}{_UNSEEN}]+")
_WORD = re.compile(rf"[\w{_MARKS}]+")
_GAP = re.compile(rf"[^\w{_MARKS}]*")
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
_IDEOGRAPHS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_KANA_AND_HANGUL = "\u3041-\u30ff\u31f0-\u31ff\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff"
_SOUTHEAST_ASIA = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_OLD_WORD = re.compile(r"\w+")

# A word, and where in its run it stands.
_Part = tuple[str, int, int]


@cache  # not at import: a class of so many characters is slow to compile, and few texts need it
def _unspaced() -> re.Pattern[str]:
    return re.compile(f"[{_IDEOGRAPHS}{_KANA_AND_HANGUL}{_SOUTHEAST_ASIA}]+")


@cache
def _ideograph() -> re.Pattern[str]:
    return re.compile(f"[{_IDEOGRAPHS}]")


def words_of(text: str, analysis: str = ANALYSIS) -> list[str]:
    """Return the words of a text in their order, repeated ones repeated.

    Args:
        text: The text.
        analysis: One of ``ANALYSES``.
    """
    if analysis == "words/1":
        return [word for word in _OLD_WORD.findall(text.lower()) if len(word) <= _MAX_CHARS]
    return [word for run in _RUN.findall(text) for word, _, _ in _parts(run)]


def word_spans(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a text with their first character and the one past their last."""
    return [
        (word, match.start() + start, match.start() + end)
        for match in _RUN.finditer(text)
        for word, start, end in _parts(match[0])
    ]


def sure_words_of(phrase: str, analysis: str) -> list[str]:
    """Return the words that every text has which holds a phrase, whatever its capitals.

    Those whole: parts of a name depend on its capitals. Too long ones, which no index has, are left
    out, so there may be none. A single letter of a script without blanks is left out if there are
    others: where such letters follow, a text has it in pairs only.

    Args:
        phrase: Folded words with blanks between them.
        analysis: One of ``ANALYSES``.
    """
    if analysis == "words/1":
        return words_of(phrase, analysis)
    kept: list[str] = []
    end_of_last = 0
    for word, _, end in word_spans(phrase):
        if end > end_of_last:  # else it is a part of the one before
            kept.append(word)
            end_of_last = end
    return [word for word in kept if not _is_paired(word)] or kept


def _is_paired(word: str) -> bool:
    """Say whether a word is a letter that is no word of its own in a longer run of its script."""
    return len(word) == 1 and not has_blanks(word) and _ideograph().match(word) is None


def folded(text: str) -> str:
    """Return a text in lower case, its characters as they are meant: NFKC, none invisible."""
    return (text if text.isascii() else normalize("NFKC", _INVISIBLE.sub("", text))).lower()


def folded_runs(text: str) -> Iterator[_Part]:
    """Yield the whole words of a text, folded, each with the characters of its run."""
    for match in _RUN.finditer(text):
        for word in words_of_folded(folded(match[0])):
            yield word, match.start(), match.end()


def words_of_folded(text: str) -> list[str]:
    """Return the whole words of a folded text."""
    return _WORD.findall(text)


def is_of_word(character: str) -> bool:
    """Say whether a character stands in words; none at all does not."""
    return _WORD.match(character) is not None


def word_after_gap(text: str, at: int) -> int:
    """Return where the next word starts, at a character or after it; else the end of the text."""
    match = _GAP.match(text, at)
    return at if match is None else match.end()


def word_end(text: str, at: int) -> int:
    """Return where the word ends that a character stands in; one in none ends where it is."""
    match = _WORD.match(text, at)
    return at if match is None else match.end()


def has_blanks(character: str) -> bool:
    """Say whether the script of a character puts blanks between words."""
    return character.isascii() or _unspaced().match(character) is None


def unspaced_end(text: str, at: int) -> int:
    """Return where the next letter ends whose script puts no blanks; else the end of the text."""
    match = _unspaced().search(text, at)
    return len(text) if match is None else match.start() + 1


def _parts(run: str) -> tuple[_Part, ...]:
    # A cache of long runs would hold whole texts of scripts without blanks.
    return _short_parts(run) if len(run) <= _MAX_CHARS else tuple(_all_parts(run))


def _all_parts(run: str) -> Iterator[_Part]:
    if run.isascii():
        yield from _name_parts(run, 0)
        return
    plain = normalize("NFKC", _INVISIBLE.sub("", run))
    is_same = len(plain) == len(run)
    for word in _WORD.finditer(plain):
        for part, start, end in _script_parts(word[0], word.start()):
            yield (part, start, end) if is_same else (part, 0, len(run))


@lru_cache(maxsize=1 << 16)
def _short_parts(run: str) -> tuple[_Part, ...]:
    return tuple(_all_parts(run))


def _script_parts(word: str, at: int) -> Iterator[_Part]:
    """Yield the parts of a word in which scripts with and without blanks may meet."""
    end = 0
    for match in _unspaced().finditer(word):
        if match.start() > end:
            yield from _name_parts(word[end : match.start()], at + end)
        yield from _pairs(match[0], at + match.start())
        end = match.end()
    if end < len(word):
        yield from _name_parts(word[end:], at + end)


def _pairs(run: str, at: int) -> Iterator[_Part]:
    for first in range(len(run)):
        if len(run) == 1 or _ideograph().match(run, first):
            yield run[first], at + first, at + first + 1
        if first + 1 < len(run):
            yield run[first : first + 2], at + first, at + first + 2


def _name_parts(name: str, at: int) -> Iterator[_Part]:
    """Yield a name in lower case, and its parts if it has several."""
    if len(name) > _MAX_CHARS:
        return
    yield name.lower(), at, at + len(name)
    if name.isalpha() and (name.islower() or name[1:].islower() or name.isupper()):
        return
    cuts = [0, *(i for i in range(1, len(name)) if _is_cut(name, i)), len(name)]
    named = [(name[a:b], a, b) for a, b in pairwise(cuts) if name[a] != "_"]
    if len(named) > 1 or (named and len(named[0][0]) < len(name)):
        for part, start, end in named:
            yield part.lower(), at + start, at + end


def _is_cut(name: str, at: int) -> bool:
    """Say whether a part of a name starts at a character."""
    before, here = name[at - 1], name[at]
    if "_" in (before, here) or before.isdigit() != here.isdigit():
        return before != here or here != "_"
    if not here.isupper():
        return False
    rest = name[at + 1 : at + 3]
    # A plural, as IDs, is no name of two parts.
    return not before.isupper() or (rest[:1].islower() and rest != "s")
