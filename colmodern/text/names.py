"""Which words of a query are names: of code, numbers, files, or words in another script?

Whoever types ``_kbhit_unix``, ``HTTPError``, ``http.client`` or ``40961`` means those characters.
In a question of many words a name is one hint among others, and the order of the mode decides.
A word in another script (``contracts with 王伟``) is what a model of Latin letters cannot read.
"""

from __future__ import annotations

from itertools import pairwise

from colmodern.text.phrases import MOST_PHRASES, MOST_WORDS, Phrase, phrases_of
from colmodern.text.scripts import LATIN, script_of, scripts_of
from colmodern.text.words import folded, has_blanks, words_of_folded

__all__ = ["exact_words_of", "names_of"]

_LEAST_SHARE = 3  # names are a third of the query's words
_LEAST_DIGITS, _LEAST_CHARACTERS, _LEAST_PART = 3, 3, 2
_AROUND = ".,;:!?()[]{}<>'\"`*"
_NO_OTHER_SCRIPT = frozenset({"", LATIN, "MODIFIER"})
"""Modifiers are letters beside those of any script: the okina of Hawaiian, stress marks."""


def exact_words_of(query: str) -> list[Phrase]:
    """Return what is looked for as it stands: the phrases in quotes; without any, the names."""
    return phrases_of(query) or names_of(query)


def names_of(query: str) -> list[Phrase]:
    """Return the names, numbers and file names of a query, and its words in another script.

    A name has an underscore, digits before letters (0x1f), a capital after a small letter, or parts
    of two characters and more with a dot or ``::`` between them. A number has three digits or more.
    A word with a number behind it (python3, p53) is a word. They count if they are a third of the
    query's words or more. In a query of Latin letters, words of two letters or more of another
    alphabet always count, and so do ideographs and words of scripts without blanks.

    Returns:
        The folded words of each, none twice.
    """
    words = [word for word in (one.strip(_AROUND) for one in query.split()) if word]
    names = [word for word in words if _is_name(word)]
    if len(names) * _LEAST_SHARE < len(words):
        names = []
    found = [tuple(words_of_folded(folded(name))[:MOST_WORDS]) for name in names]
    found += [(word,) for word in _words_in_another_script(query)]
    return list(dict.fromkeys(name for name in found if name))[:MOST_PHRASES]


def _words_in_another_script(query: str) -> list[str]:
    """Return the words in other scripts of a query most of whose letters are Latin, folded."""
    if query.isascii():
        return []
    text = folded(query)
    letters = scripts_of(text)
    if 2 * letters[LATIN] <= sum(letters.values()):
        return []
    found = []
    for word in words_of_folded(text):
        places = [i for i, one in enumerate(word) if script_of(one) not in _NO_OTHER_SCRIPT]
        if not places or len(places) < min(2, sum(map(str.isalnum, word))):
            continue  # one letter is a symbol, or a unit behind a number
        if not has_blanks(word[places[0]]):
            end = places[-1] + 1
            while end < len(word) and not (word[end] == "_" or word[end].isalnum()):
                end += 1  # marks of its last letter
            found.append(word[places[0] : end])
        elif len(places) > 1:
            found.append(word)  # as texts have it: a part of it is no word
    return found


def _is_name(word: str) -> bool:
    if len(word) < _LEAST_CHARACTERS or (word.isalpha() and word[1:].islower()):
        return False
    if word.isdigit():
        return len(word) >= _LEAST_DIGITS
    if word.isalnum():
        is_mixed = not word.rstrip("0123456789").isalpha()
        return is_mixed or any(a.islower() and b.isupper() for a, b in pairwise(word))
    parts = word.replace("::", ".").split(".")
    is_plain = all(part.replace("_", "").isalnum() for part in parts)
    if len(parts) == 1:
        return is_plain
    return is_plain and min(map(len, parts)) >= _LEAST_PART and not word[0].isdigit()
