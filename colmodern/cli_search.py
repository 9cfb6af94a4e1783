"""``colmodern search``: what is done once the arguments are known, and a short way to know them.

Starting the parser of all commands takes longer than a search. So ``plain_arguments`` reads a
search that is put plainly; everything else, mistakes included, goes to the parser.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colmodern.cli_encoder import EncoderArguments, open_searcher
from colmodern.links import check_template
from colmodern.location import locate
from colmodern.options import Door, Option, options_of
from colmodern.request import Mode, SearchRequest
from colmodern.terminal import Format, note, print_hits

if TYPE_CHECKING:
    from colmodern.searcher import Searcher


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchArguments:
    """What the user typed after ``colmodern search``; see ``cli.search`` for what each means."""

    query: str | None = None
    index: Path | None = None
    request: SearchRequest = field(default_factory=SearchRequest)
    form: Format = Format.HUMAN
    queries: Path | None = None
    run: Path | None = None
    encoding: EncoderArguments = field(default_factory=EncoderArguments)
    links: str = field(default_factory=lambda: os.environ.get("COLMODERN_LINKS", "file"))


def run_search(arguments: SearchArguments) -> int:
    """Search and print; return the exit code."""
    links = check_template(arguments.links)
    with open_searcher(locate(arguments.index), arguments.encoding) as searcher:
        if arguments.queries is not None:
            found = _search_batch(searcher, arguments.queries, arguments)
        else:
            assert arguments.query is not None
            hits = searcher.search(arguments.query, arguments.request)
            print_hits(hits, arguments.form, links=links)
            found = len(hits)
        if not found:
            note(f"no hits: {_why_none(searcher, arguments)}")
    return 0 if found else 1


def plain_arguments(words: Sequence[str]) -> SearchArguments | None:
    """Return the arguments of a plain ``search``, or None where the parser must have a look.

    Plain is: one query, options by their full name, each once, its value a word of its own.
    """
    if not words or words[0] != "search":
        return None
    own: dict[str, Any] = {}
    asked: dict[str, Any] = {}
    rest = iter(words[1:])
    for word in rest:
        given, name, value = _read(word, rest, own, asked)
        if value is None or name in given:
            return None
        given[name] = value
    if "query" not in own:
        return None
    return SearchArguments(request=SearchRequest(**asked), **own)


def _read(
    word: str, rest: Iterator[str], own: dict[str, Any], asked: dict[str, Any]
) -> tuple[dict[str, Any], str, Any]:
    """Return what a word gives, and its value; None where the parser must have a look."""
    if word in _ASKED:
        one = _ASKED[word]
        value = not one.default if one.kind is bool else _value(_reader(one), next(rest, ""))
        return asked, one.name, value
    if word in _OWN:
        name, read = _OWN[word]
        return own, name, _value(read, next(rest, ""))
    return own, "query", None if word.startswith("-") else word


def _value(read: Callable[[str], Any], word: str) -> Any:
    if not word or word.startswith("-"):
        return None
    try:
        return read(word)
    except ValueError:
        return None


def _reader(one: Option) -> Callable[[str], Any]:
    return one.parsed if one.kind is not int else lambda word: one.parsed(_digits(word))


def _digits(word: str) -> str:
    if not (word.isascii() and word.isdigit()):
        raise ValueError(word)
    return word


_ASKED = {one.typed: one for one in options_of(SearchRequest) if Door.COMMAND_LINE in one.doors}
_OWN: dict[str, tuple[str, Callable[[str], Any]]] = {
    "--index": ("index", Path),
    "--format": ("form", Format),
    "--precision": ("encoding", lambda word: EncoderArguments(precision=word)),
    "--links": ("links", str),
}


def _why_none(searcher: Searcher, arguments: SearchArguments) -> str:
    where = arguments.request.where
    if where is not None and not searcher.count(where):
        return f"the filter keeps none of the {searcher.n_documents:,} documents: {where}"
    if arguments.request.mode is Mode.BM25:
        which = "no document" if where is None else "no document that the filter keeps"
        return f"{which} has a word of the query; mode late finds what means the same"
    if where is not None:
        return "no document that the filter keeps has any text"
    return "the index holds no document with text"


def _search_batch(searcher: Searcher, queries: Path, arguments: SearchArguments) -> int:
    """Search a file of queries; return how many hits there were in all."""
    from colmodern.searcher import read_queries, write_run

    rows, run = read_queries(queries), arguments.run
    request = replace(arguments.request, passages=run is None)
    results = searcher.search_many(rows.values(), request)
    if run is not None:
        write_run(run, zip(rows, results, strict=True))
        note(f"{len(results)} queries written to {run}")
    else:
        for hits in results:
            print_hits(hits, arguments.form, links=check_template(arguments.links))
    return sum(map(len, results))
