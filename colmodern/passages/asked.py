"""What is asked, and which documents may answer?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np

from colmodern.frozen import frozen
from colmodern.passages.choice import Doubles
from colmodern.passages.places import Place, place_of, reads_text
from colmodern.passages.words import query_words
from colmodern.text.names import exact_words_of
from colmodern.text.phrases import Phrase
from colmodern.types import Metadata, Spans


@dataclass(frozen=True, eq=False)
class DocumentText:
    """What a passage is cut from.

    Attributes:
        read: Reads the document's text; an error if its bytes are no UTF-8.
        read_bytes: Reads the same in UTF-8, unchecked.
        metadata: What is kept beside it, which tells places in it.
        spans: Reads the characters of each token, shape (n_tokens, 2), int32.
    """

    read: Callable[[], str]
    read_bytes: Callable[[], bytes]
    metadata: Metadata
    spans: Callable[[], Spans]

    @classmethod
    def of(cls, text: str, metadata: Metadata, spans: Callable[[], Spans]) -> Self:
        """Return a text that is there already."""
        return cls(lambda: text, lambda: text.encode("utf-8", "surrogatepass"), metadata, spans)

    @cached_property
    def text(self) -> str:
        """The document's text, decoded when it is asked for."""
        return self.read()

    def place(self, offset: int) -> Place:
        """Return the place of a character."""
        text = self.text if reads_text(self.metadata) else ""
        return place_of(self.metadata, text, offset)

    @property
    def is_code(self) -> bool:
        """Whether it is source code."""
        return self.metadata.get("type") == "code"


@frozen(eq=False)
class PassageQuery:
    """What passages answer.

    Attributes:
        words: The words of the query; none if nobody knows its text.
        idf: How much each says, float64.
        phrases: What the best passage holds word by word, if any does.
    """

    words: Sequence[str] = ()
    idf: Doubles = field(default_factory=lambda: np.zeros(0))
    phrases: Sequence[Phrase] = ()

    @classmethod
    def of(
        cls, query: str, idf: Callable[[str], float], phrases: Sequence[Phrase] | None = None
    ) -> PassageQuery:
        """Return a query.

        Args:
            query: Its text.
            idf: Tells how much a word says in the index.
            phrases: What the best passage holds word by word, if any does; None: what stands in
                quotes, or its names.
        """
        words = query_words(query)
        says = np.array([idf(word) for word in words], np.float64)
        return cls(words, says, exact_words_of(query) if phrases is None else phrases)
