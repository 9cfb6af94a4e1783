"""How are hits printed?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from colmodern.cli.printing.links import link_to
from colmodern.cli.printing.terminal import Format, as_json, end_with_the_reader
from colmodern.text.visible import flat

if TYPE_CHECKING:
    from colmodern.searcher import Hit, Hits


def print_hits(hits: Hits, form: Format, *, links: str = "") -> None:
    """Print hits on standard output; ``links`` is a template of ``links``."""
    end_with_the_reader()
    if form is Format.JSON:
        print(as_json(hits.to_dict()))
    elif form is Format.JSONL:
        for hit in hits:
            print(as_json({"query": hits.query, "mode": str(hits.mode), **hit.to_dict()}))
    elif form is Format.TSV:
        for hit in hits:
            print("\t".join(_columns(hit)))
    else:
        _print_for_people(hits, links)


def _columns(hit: Hit) -> Iterator[str]:
    passage = hit.passage
    yield str(hit.rank)
    yield f"{hit.score:.6f}"
    yield flat(hit.doc_id)
    yield str(passage.start) if passage else ""
    yield str(passage.end) if passage else ""
    yield flat(passage.text) if passage else ""


def _print_for_people(hits: Hits, links: str) -> None:
    from colmodern.cli.printing.passage import print_also, print_passage
    from colmodern.cli.printing.styled import Output, Piece

    output = Output()
    for hit in hits:
        place = flat(hit.doc_id) + (f":{hit.passage.line}" if hit.passage else "")
        head = Piece(place, "bold cyan", _link(hit, links))
        output.print([Piece(f"{hit.rank:>2}  "), head, Piece(f"  {hit.score:.3f}", "dim")])
        if hit.title:
            output.print([Piece(f"    {flat(hit.title)}", "bold")])
        if hit.passage and str(hit.passage.place):
            output.print([Piece(f"    {flat(str(hit.passage.place))}", "dim")])
        if hit.passage:
            print_passage(output, hit.passage)
        if hit.also:
            print_also(output, hit.also)


def _link(hit: Hit, links: str) -> str | None:
    line = hit.passage.line if hit.passage else 1
    page = hit.passage.place.page if hit.passage else None
    return link_to(links, hit.source, hit.metadata.get("type"), line=line, page=page)
