"""Which queries can the model not read? BM25 answers those, and the hits say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from colmodern.request import Mode
from colmodern.searcher.mode import has_words
from colmodern.text.words import words_of
from colmodern.types import QueryEncoder

if TYPE_CHECKING:
    from colmodern.searcher.part import Part

__all__ = ["Unread", "unread_queries", "unread_scripts"]


class Unread(NamedTuple):
    """What the model cannot read of a query.

    Attributes:
        scripts: The scripts of its letters that the model's vocabulary does not hold, by the
            names that Unicode has for them.
        by_words: Whether BM25 answered; else the hits are by the model, and mean little.
    """

    scripts: tuple[str, ...]
    by_words: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {
            "unread_scripts": list(self.scripts),
            "answered_by": Mode.BM25.value if self.by_words else Mode.LATE.value,
        }

    def __str__(self) -> str:
        """Return a sentence for a person to read."""
        scripts = " and ".join(self.scripts) or "unknown"
        how = "BM25 answers instead" if self.by_words else "what it finds means little"
        return f"the model cannot read most of the query ({scripts} letters): {how}"


def unread_queries(encoder: QueryEncoder, queries: Sequence[str], part: Part) -> dict[int, Unread]:
    """Return what cannot be read of queries, by their numbers; none if all can.

    Args:
        encoder: The encoder of the index.
        queries: Texts.
        part: The segments of the index; BM25 needs their words.
    """
    found = {number: unread_scripts(encoder, query) for number, query in enumerate(queries)}
    by_words = any(found.values()) and has_words(part)
    return {
        number: Unread(scripts, by_words and bool(words_of(queries[number])))
        for number, scripts in found.items()
        if scripts
    }


def unread_scripts(encoder: QueryEncoder, query: str) -> tuple[str, ...]:
    """Return the scripts of a query that an encoder cannot read.

    It says so by a method of this name; one without it reads everything.
    """
    look = getattr(encoder, "unread_scripts", None)
    return () if look is None else tuple(look(query))
