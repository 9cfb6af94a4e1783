"""Which mode answers a query? What a request leaves to the index and the query's text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from colmodern.errors import IndexFormatError, InputError
from colmodern.options import options_of
from colmodern.request import Mode, SearchRequest
from colmodern.text.words import words_of

if TYPE_CHECKING:
    from colmodern.searcher.part import Part

__all__ = ["asked_in_mode", "asked_of_words", "check_has_text", "has_words", "request_in_mode"]


def asked_in_mode(request: SearchRequest, query: str, part: Part) -> SearchRequest:
    """Return a request in the mode that answers a query: the same, but where it is ``auto``.

    Both late interaction and BM25, where the query has a word and the index has words; else late
    interaction. An option that works in one mode only says which mode it is.

    Args:
        request: What is asked for.
        query: The query's text; empty if nobody knows it.
        part: The segments of the index.
    """
    return request_in_mode(request, query, has_words=lambda: has_words(part))


def request_in_mode(
    request: SearchRequest, query: str, *, has_words: Callable[[], bool]
) -> SearchRequest:
    """Return the same for an index that has words if ``has_words`` says so."""
    mode = request.mode_said
    if mode is Mode.AUTO:
        mode = Mode.HYBRID if words_of(query) and has_words() else Mode.LATE
    return request if mode is request.mode else replace(request, mode=mode)


def check_has_text(request: SearchRequest, query: str) -> None:
    """Refuse a query whose text nobody knows, where its words count.

    Raises:
        InputError: It has no text.
    """
    if request.mode is not Mode.LATE and not query:
        message = f"Mode {request.mode} needs the text of the query."
        raise InputError(message, code="query_empty", value=query)


def asked_of_words(request: SearchRequest) -> SearchRequest:
    """Return the same request in mode bm25, without what works in another mode only."""
    others = {one.name: one.default for one in options_of(SearchRequest) if one.only}
    return replace(request, mode=Mode.BM25, **others)


def has_words(part: Part) -> bool:
    """Say whether BM25 can search an index."""
    try:
        _ = part.lexicon
    except IndexFormatError:
        return False
    return True
