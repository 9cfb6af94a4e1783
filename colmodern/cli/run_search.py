"""What does ``colmodern search`` do, once its arguments are known?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from colmodern.cli.encoder import EncoderArguments, open_searcher
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.location import locate
from colmodern.cli.printing.fields import not_indexed_line
from colmodern.cli.printing.hits import print_hits
from colmodern.cli.printing.links import check_template
from colmodern.cli.printing.terminal import Format, note
from colmodern.errors import InputError
from colmodern.frozen import frozen
from colmodern.request import Mode, SearchRequest

if TYPE_CHECKING:
    from colmodern.searcher import Hits, Searcher


@frozen(kw_only=True)
class SearchArguments:
    """What the user typed after ``colmodern search``; see ``search`` for what each means."""

    query: str | None = None
    index: Path | None = None
    request: SearchRequest = field(default_factory=SearchRequest)
    form: Format = Format.HUMAN
    queries: Path | None = None
    run: Path | None = None
    encoding: EncoderArguments = field(default_factory=EncoderArguments)
    links: str = field(default_factory=lambda: os.environ.get("COLMODERN_LINKS", "file"))


def run_search(arguments: SearchArguments) -> ExitStatus:
    """Search and print; return how the command ends."""
    links = check_template(arguments.links)
    with open_searcher(locate(arguments.index), arguments.encoding) as searcher:
        n_bad, is_unread = 0, False
        if arguments.queries is not None:
            found, n_bad = _search_batch(searcher, arguments.queries, arguments)
        else:
            assert arguments.query is not None
            hits = searcher.search(arguments.query, arguments.request)
            print_hits(hits, arguments.form, links=links)
            if hits.unread is not None:
                is_unread = hits.unread.by_words
            found = len(hits)
            for remark in hits.notes:
                note(remark)
        if not found:
            note(f"no hits: {_why_none(searcher, arguments, is_unread=is_unread)}")
        if searcher.not_indexed and (arguments.form is Format.HUMAN or not found):
            note(f"{not_indexed_line(searcher.not_indexed)} (`colmodern status` names them)")
    if n_bad:
        note(f"{n_bad} queries could not be searched; the others were")
        return ExitStatus.ERROR
    return ExitStatus.DONE if found else ExitStatus.NOTHING


def _why_none(searcher: Searcher, arguments: SearchArguments, *, is_unread: bool) -> str:
    where = arguments.request.where
    if where is not None and not searcher.count(where):
        return f"the filter keeps none of the {searcher.n_documents:,} documents: {where}"
    which = "no document" if where is None else "no document that the filter keeps"
    if is_unread:
        return f"{which} has a word of the query"
    if arguments.request.mode is Mode.BM25:
        return f"{which} has a word of the query; mode late finds what means the same"
    if where is not None:
        return "no document that the filter keeps has any text"
    return "the index holds no document with text"


def _search_batch(searcher: Searcher, queries: Path, arguments: SearchArguments) -> tuple[int, int]:
    """Search a file of queries; return how many hits there were in all, and bad queries."""
    from colmodern.searcher import read_queries, write_run

    problems: list[str] = []
    rows, run = read_queries(queries, problem=problems.append), arguments.run
    request = replace(arguments.request, passages=run is None)
    results = _results(searcher, rows, request, problems)
    unread = [hits.unread for hits in results.values() if hits.unread is not None]
    if unread and run is not None:
        note(f"{len(unread):,} of {len(results):,} queries: {unread[0]}")
    for problem in problems:
        note(f"error [row_invalid]: {problem}")
    if run is not None:
        write_run(run, results.items())
        note(f"{len(results)} queries written to {run}")
    else:
        for identifier, hits in results.items():
            print_hits(hits, arguments.form, links=check_template(arguments.links))
            for remark in hits.notes:
                note(f"query {identifier!r}: {remark}")
    return sum(map(len, results.values())), len(problems)


def _results(
    searcher: Searcher, rows: Mapping[str, str], request: SearchRequest, problems: list[str]
) -> dict[str, Hits]:
    """Return the hits of each query by its id; of those that cannot be searched, the problems."""
    try:
        return dict(zip(rows, searcher.search_many(rows.values(), request), strict=True))
    except InputError as error:
        if error.code not in {"query_empty", "query_not_text"}:
            raise
    results = {}
    for identifier, text in rows.items():
        try:
            results[identifier] = searcher.search(text, request)
        except InputError as error:
            problems.append(f"query {identifier!r}: {error}")
    return results
