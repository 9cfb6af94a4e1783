"""``colmodern search``, put in any way that the parser understands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from colmodern.cli.arguments import (
    BackendOption,
    DeviceOption,
    FetchOption,
    FormatOption,
    IndexOption,
    LinksOption,
    PrecisionOption,
)
from colmodern.cli.derived import shown, takes
from colmodern.cli.encoder import Backend, EncoderArguments
from colmodern.cli.printing.terminal import Format
from colmodern.cli.run_search import SearchArguments, run_search
from colmodern.request import SearchRequest


@takes(*shown(SearchRequest), after="index")
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    *,
    index: IndexOption = None,
    form: FormatOption = Format.HUMAN,
    queries: Annotated[
        Path | None, typer.Option(help="A file of rows with _id and text, instead of one query.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Write the hits there as a TREC run.")] = None,
    precision: PrecisionOption = "auto",
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    fetch: FetchOption = False,
    links: LinksOption = "file",
    **options: Any,
) -> None:
    """Search an index; print documents and the passages that matched."""
    if (query is None) == (queries is None):
        raise typer.BadParameter("Give either a query or --queries FILE.")
    if run is not None and queries is None:
        raise typer.BadParameter("--run needs --queries FILE.")
    if run is not None and not run.absolute().parent.is_dir():
        raise typer.BadParameter(f"There is no folder {run.parent} to write the run to.")
    code = run_search(
        SearchArguments(
            query=query,
            index=index,
            request=SearchRequest(**options),
            form=form,
            queries=queries,
            run=run,
            encoding=EncoderArguments(
                precision=precision, backend=backend, device=device, fetch=fetch
            ),
            links=links,
        )
    )
    if code:
        raise typer.Exit(code)
