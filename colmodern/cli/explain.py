"""``colmodern explain``: which passages hold a document's score?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from colmodern.cli.arguments import (
    BackendOption,
    DeviceOption,
    FetchOption,
    FormatOption,
    IndexOption,
    LinksOption,
)
from colmodern.cli.derived import shown, takes
from colmodern.cli.encoder import Backend, EncoderArguments, open_searcher
from colmodern.cli.location import locate
from colmodern.cli.printing.explanation import print_explanation
from colmodern.cli.printing.links import check_template
from colmodern.cli.printing.terminal import Format, note
from colmodern.request import SearchRequest


@takes(*shown(SearchRequest, "scoring", "mode", "word_weight"), after="passages")
def explain(
    query: Annotated[str, typer.Argument(help="A query.")],
    doc_id: Annotated[str, typer.Argument(help="The id of a document.")],
    *,
    index: IndexOption = None,
    passages: Annotated[int, typer.Option(min=1, help="How many passages.")] = 3,
    exact: Annotated[
        bool, typer.Option("--exact", help="Also encode the document, for exact scores.")
    ] = False,
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    fetch: FetchOption = False,
    links: LinksOption = "file",
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Show the passages that hold a document's score, and which token matched which."""
    from colmodern.searcher.unread import Unread, unread_scripts

    template = check_template(links)
    encoding = EncoderArguments(backend=backend, device=device, fetch=fetch)
    with open_searcher(locate(index), encoding) as searcher:
        explanation = searcher.explain(query, doc_id, passages=passages, exact=exact, **options)
        scripts = unread_scripts(searcher.encoder, query)
    if scripts:
        note(str(Unread(scripts, by_words=False)))
    print_explanation(explanation, form, links=template)
