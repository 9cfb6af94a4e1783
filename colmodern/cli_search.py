"""``colmodern search``: what is done once the arguments are known, and a short way to know them.

Starting the parser of all commands takes longer than a search. So ``plain_arguments`` reads a
search that is put plainly; everything else, mistakes included, goes to the parser.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colmodern.cli_encoder import EncoderArguments, open_searcher
from colmodern.config import Effort, Fusion, Mode, Scoring
from colmodern.links import check_template
from colmodern.location import locate
from colmodern.terminal import Format, note, print_hits

if TYPE_CHECKING:
    from colmodern.searcher import Searcher, SearchOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchArguments:
    """What the user typed after ``colmodern search``; see ``cli.search`` for what each means."""

    query: str | None = None
    index: Path | None = None
    k: int = 10
    effort: Effort = Effort.MEDIUM
    exact: bool = False
    form: Format = Format.HUMAN
    queries: Path | None = None
    run: Path | None = None
    threads: int | None = None
    encoding: EncoderArguments = field(default_factory=EncoderArguments)
    mode: Mode = Mode.LATE
    fusion: Fusion = Fusion.SCORES
    word_weight: float | None = None
    scoring: Scoring = Scoring.AUTO
    passage_weight: float = 0.0
    where: str | None = None
    links: str = field(default_factory=lambda: os.environ.get("COLMODERN_LINKS", "file"))


def run_search(arguments: SearchArguments) -> int:
    """Search and print; return the exit code."""
    links = check_template(arguments.links)
    with open_searcher(locate(arguments.index), arguments.encoding) as searcher:
        if arguments.queries is not None:
            found = _search_batch(searcher, arguments.queries, arguments)
        else:
            assert arguments.query is not None
            hits = searcher.search(arguments.query, **_settings(arguments))
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
    given: dict[str, Any] = {}
    rest = iter(words[1:])
    name: str
    value: Any
    for word in rest:
        if word == "--exact":
            name, value = "exact", True
        elif word in _OPTIONS:
            name, read = _OPTIONS[word]
            value = _value(read, next(rest, ""))
        else:
            name, value = "query", None if word.startswith("-") else word
        if value is None or name in given:
            return None
        given[name] = value
    return SearchArguments(**given) if "query" in given else None


def _value(read: Callable[[str], Any], word: str) -> Any:
    if not word or word.startswith("-"):
        return None
    try:
        return read(word)
    except ValueError:
        return None


def _count(word: str) -> int:
    if not (word.isascii() and word.isdigit() and int(word)):
        raise ValueError(word)
    return int(word)


_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "--index": ("index", Path),
    "-k": ("k", _count),
    "--effort": ("effort", Effort),
    "--format": ("form", Format),
    "--mode": ("mode", Mode),
    "--fusion": ("fusion", Fusion),
    "--scoring": ("scoring", Scoring),
    "--where": ("where", str),
    "--threads": ("threads", _count),
    "--precision": ("encoding", lambda word: EncoderArguments(precision=word)),
    "--links": ("links", str),
}


def _why_none(searcher: Searcher, arguments: SearchArguments) -> str:
    where = arguments.where
    if where is not None and not searcher.count(where):
        return f"the filter keeps none of the {searcher.n_documents:,} documents: {where}"
    if arguments.mode is Mode.BM25:
        which = "no document" if where is None else "no document that the filter keeps"
        return f"{which} has a word of the query; mode late finds what means the same"
    if where is not None:
        return "no document that the filter keeps has any text"
    return "the index holds no document with text"


def _settings(arguments: SearchArguments) -> SearchOptions:
    return {
        "k": arguments.k,
        "effort": arguments.effort,
        "exact": arguments.exact,
        "mode": arguments.mode,
        "fusion": arguments.fusion,
        "word_weight": arguments.word_weight,
        "scoring": arguments.scoring,
        "passage_weight": arguments.passage_weight,
        "where": arguments.where,
        "threads": arguments.threads,
    }


def _search_batch(searcher: Searcher, queries: Path, arguments: SearchArguments) -> int:
    """Search a file of queries; return how many hits there were in all."""
    from colmodern.searcher import read_queries, write_run

    rows, run = read_queries(queries), arguments.run
    settings = _settings(arguments)
    settings["passages"] = run is None
    results = searcher.search_many(rows.values(), **settings)
    if run is not None:
        write_run(run, zip(rows, results, strict=True))
        note(f"{len(results)} queries written to {run}")
    else:
        for hits in results:
            print_hits(hits, arguments.form, links=check_template(arguments.links))
    return sum(map(len, results))
