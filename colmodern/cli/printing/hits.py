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
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text

    from colmodern.cli.printing.passage import print_also, print_passage

    console = Console(highlight=False, soft_wrap=False)
    for hit in hits:
        place = flat(hit.doc_id) + (f":{hit.passage.line}" if hit.passage else "")
        style = Style.parse("bold cyan") + Style(link=_link(hit, links))
        head = Text(f"{hit.rank:>2}  ") + Text(place, style=style)
        head += Text(f"  {hit.score:.3f}", style="dim")
        console.print(head, soft_wrap=True)
        if hit.title:
            console.print(Text(f"    {flat(hit.title)}", style="bold"), soft_wrap=True)
        if hit.passage and str(hit.passage.place):
            console.print(Text(f"    {flat(str(hit.passage.place))}", style="dim"), soft_wrap=True)
        if hit.passage:
            print_passage(console, hit.passage)
        if hit.also:
            print_also(console, hit.also)


def _link(hit: Hit, links: str) -> str | None:
    line = hit.passage.line if hit.passage else 1
    page = hit.passage.place.page if hit.passage else None
    return link_to(links, hit.source, hit.metadata.get("type"), line=line, page=page)
