"""Which words of a query may be names of files, and which file does one name?"""

from __future__ import annotations

import re
from unicodedata import normalize

__all__ = ["file_names_of", "is_file", "lowered"]

_AROUND = ",;:!?()[]{}<>'\"`*"
_LEAST_SHARE = 4  # file names are a quarter of the query's words
_LEAST_CHARACTERS, _MOST_CHARACTERS = 3, 256
_MOST_WORDS = 4  # of a name with blanks in it
_MOST_NAMES = 8
_BETWEEN = re.compile(r"[\s_.-]+")
_SIGMA = "Σ".lower()
_STARTS = bytes(0x80 <= byte < 0xC0 for byte in range(256))  # of the bytes that begin no letter
_ENDING = re.compile(rb"\.[a-z0-9]{1,8}\Z")


def file_names_of(query: str) -> list[str]:
    """Return what may be a file's name in a query, in lower case: words of it, and all of it.

    A word may be one if it has a dot, a slash, a hyphen or an underscore in it and a quarter or
    more of the words have. All of a query may be one if it is short, with ``-``, ``_``, a blank or
    nothing between its words.
    """
    plain = _lower(normalize("NFC", query.strip().strip(_AROUND)))
    words = [word for word in (one.strip(_AROUND) for one in plain.split()) if word]
    found = [word for word in words if _looks_like_one(word)]
    if len(found) * _LEAST_SHARE < len(words):
        found = []
    if 0 < len(words) <= _MOST_WORDS:
        parts = [part for part in _BETWEEN.split(plain) if part]
        found += [plain, *(mark.join(parts) for mark in ("-", "_", " ", ""))]
    fitting = (one for one in found if _LEAST_CHARACTERS <= len(one) <= _MOST_CHARACTERS)
    return list(dict.fromkeys(fitting))[:_MOST_NAMES]


def is_file(name: bytes, id_: bytes) -> bool:
    """Say whether a name is that of a document: the end of its id, which may have an ending more.

    Args:
        name: In lower case, UTF-8.
        id_: The id in lower case: a path, or whatever it is.
    """
    ends = id_, _ENDING.sub(b"", id_)
    return any(end == name or end.endswith(b"/" + name) for end in ends)


def lowered(ids: bytes) -> bytes:
    """Return ids in lower case, in as many bytes: where each begins stays what it is."""
    if ids.isascii():
        return ids.lower()
    text = ids.decode("utf-8", "surrogateescape")
    # All at once is five times as fast; the capital sigma alone is lowered by what is beside it.
    low = text.replace("Σ", _SIGMA).lower().encode("utf-8", "surrogateescape")
    if low.translate(_STARTS) == ids.translate(_STARTS):
        return low
    return _lower(text).encode("utf-8", "surrogateescape")


def _lower(text: str) -> str:
    """Return a text in lower case; the few letters whose lower case is longer or shorter stay."""
    pairs = ((one, one.lower()) for one in set(text))
    return text.translate({ord(one): low for one, low in pairs if _n_bytes(one) == _n_bytes(low)})


def _n_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _looks_like_one(word: str) -> bool:
    inner = word.strip(".-_/")
    return any(mark in inner for mark in "./-_") and any(c.isalpha() for c in inner)
