"""What might be asked about a document? Its title, sentences, key phrases, and requests with them.

None is what a person would ask. What is learned from says which words of this corpus carry a
meaning; what decides are requests, key phrases among words that a person puts around them. A query
goes with its document without the passage that it was made from.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from colmodern.text.units import Unit, UnitKind, units_of
from colmodern.text.words import words_of
from colmodern.types import Document

_LEAST, _MOST = 5, 50  # words of a sentence
_EACH = 3  # queries of a document
_PHRASE = 3  # words of a key phrase
_REQUESTS = (
    "what is {}?",
    "how does {} work?",
    "what is known about {}?",
    "I am interested in articles about {}",
    "please find any information on {}",
    "what has been written about the subject of {} and how it is used?",
)


@dataclass(frozen=True, slots=True)
class PseudoQuery:
    """A query that nobody asked.

    Attributes:
        text: What is asked.
        document: The number of the document it is about.
        masked: That document's title and text without the passage the query was made from.
    """

    text: str
    document: int
    masked: str


def learned_from(documents: Sequence[Document], *, seed: int) -> list[PseudoQuery]:
    """Return titles or headings, sentences, parts of them, and their key phrases."""
    draw, idf = random.Random(seed), _idf(documents)
    found = []
    for number, document in enumerate(documents):
        units = list(units_of(document.text))
        headings = [one for one in units if one.kind is UnitKind.HEADING]
        if len(document.title.split()) > 1:
            found.append(PseudoQuery(document.title, number, document.text))
        elif headings:
            unit = draw.choice(headings)
            heading = document.text[unit.start : unit.end].strip("# \n")
            found.append(_made(heading, document, number, unit))
        for unit in _drawn(document, units, draw):
            sentence = " ".join(document.text[unit.start : unit.end].split())
            found.append(_made(_part(sentence, idf, draw), document, number, unit))
    return found


def requests(documents: Sequence[Document], *, seed: int) -> list[PseudoQuery]:
    """Return key phrases of sentences, each among the words of a request."""
    draw, idf = random.Random(seed), _idf(documents)
    found = []
    for number, document in enumerate(documents):
        for unit in _drawn(document, units_of(document.text), draw):
            phrase = _key_phrase(document.text[unit.start : unit.end].split(), idf)
            request = draw.choice(_REQUESTS).format(phrase)
            found.append(_made(request, document, number, unit))
    return found


def _idf(documents: Sequence[Document]) -> dict[str, float]:
    counts = Counter(word for one in documents for word in set(words_of(one.text)))
    return {word: math.log(1 + len(documents) / n) for word, n in counts.items()}


def _drawn(document: Document, units: Sequence[Unit], draw: random.Random) -> list[Unit]:
    """Return some sentences of a document that has more than one."""
    sentences = [
        one
        for one in units
        if one.kind is not UnitKind.CODE and _LEAST <= _n_words(document.text, one) <= _MOST
    ]
    return draw.sample(sentences, min(_EACH, len(sentences))) if len(sentences) > 1 else []


def _part(sentence: str, idf: dict[str, float], draw: random.Random) -> str:
    """Return a sentence, a part of it, or its key phrase."""
    words = sentence.split()
    kind = draw.randrange(3)
    if kind == 0:
        return sentence
    if kind == 1:
        return _key_phrase(words, idf)
    n = draw.randrange(_PHRASE, 1 + min(10, len(words)))
    start = draw.randrange(1 + len(words) - n)
    return " ".join(words[start : start + n])


def _key_phrase(words: list[str], idf: dict[str, float]) -> str:
    """Return the words in a row that fewest documents have."""
    rare = [max((idf.get(part, 0.0) for part in words_of(word)), default=0.0) for word in words]
    sums = [sum(rare[i : i + _PHRASE]) for i in range(1 + len(words) - _PHRASE)]
    start = sums.index(max(sums))
    return " ".join(words[start : start + _PHRASE]).strip(".,;:!?()\"'")


def _made(text: str, document: Document, number: int, unit: Unit) -> PseudoQuery:
    rest = f"{document.text[: unit.start]} {document.text[unit.end :]}"
    return PseudoQuery(text, number, f"{document.title} {rest}" if document.title else rest)


def _n_words(text: str, unit: Unit) -> int:
    return len(text[unit.start : unit.end].split())
