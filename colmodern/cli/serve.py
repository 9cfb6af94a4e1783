"""``colmodern serve``: search with evidence over HTTP."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.derived import shown, taken, takes
from colmodern.cli.encoder import EncoderArguments
from colmodern.cli.jobs import change
from colmodern.cli.location import default_location, named, named_indexes
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, announce, as_json, log_of, note
from colmodern.errors import MissingExtraError
from colmodern.serve import ServeConfig
from colmodern.storage import exists
from colmodern.text.visible import visible


@takes(*shown(ServeConfig), after="name")
def serve(
    indexes: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[INDEX]...", help="Indexes, or folders; one without an index gets one."
        ),
    ] = None,
    *,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="NAME=PATH: an index under a name; may be repeated."),
    ] = None,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Serve indexes over HTTP: search, explain, documents, a rerank and an embeddings API."""
    config = taken(ServeConfig, options)
    try:
        from colmodern.serve.run import serve as run_server
    except ModuleNotFoundError as error:
        raise MissingExtraError(purpose="The server", extra="serve") from error
    found = named_indexes(indexes or [], name or [], find=_index_of)
    log_of("colmodern.serve")
    if not config.access_log:
        log_of("colmodern.serve.requests", logging.WARNING)
    if config.insecure:
        note("insecure: whoever reaches this address can read every document", level="warning")

    def ready(url: str) -> None:
        if form is Format.HUMAN:
            announce(visible(f"{', '.join(found)} at {url}"))
        else:
            announce(as_json({"url": url, "pid": os.getpid(), "indexes": list(found)}))

    run_server(found, config, ready=ready)


def _index_of(path: Path) -> Path:
    """Return the index in a folder; a folder of documents without one is indexed first."""
    index = named(path)
    if exists(index) or not path.is_dir() or path.name.endswith(".colmodern"):
        return index
    location = default_location([path])
    note(f"{path} has no index yet: making {location}")
    from colmodern.indexer import Indexer

    indexer = Indexer(location, EncoderArguments().load("default"))
    with progress_bar() as progress:
        change(location, lambda: indexer.sync([path], progress=progress))
    return location
