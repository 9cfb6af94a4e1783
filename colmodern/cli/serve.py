"""``colmodern serve``: search with evidence over HTTP."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.derived import shown, taken, takes
from colmodern.cli.encoder import EncoderArguments
from colmodern.cli.jobs import change
from colmodern.cli.location import default_location, named, named_indexes
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, announce, as_json, log_of, note
from colmodern.errors import ConfigError, MissingExtraError
from colmodern.serve import ServeConfig
from colmodern.storage import exists
from colmodern.storage.directory.urls import url_of
from colmodern.text.visible import visible

if TYPE_CHECKING:
    from colmodern.serve.coordinator.shards_file import ShardsFile


@takes(*shown(ServeConfig), after="name")
def serve(
    indexes: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[INDEX]...",
            help="Indexes, or folders; one without an index gets one. Also URLs of published ones.",
        ),
    ] = None,
    *,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="NAME=PATH: an index under a name; may be repeated."),
    ] = None,
    shards: Annotated[
        Path | None,
        typer.Option(
            "--shards", metavar="FILE", help="Search the servers that a TOML file names, as one."
        ),
    ] = None,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Serve indexes over HTTP: search, explain, documents, a rerank and an embeddings API."""
    config = taken(ServeConfig, options)
    file = None if shards is None else _shards_alone(shards, indexes or [], name or [], config)
    try:
        from colmodern.serve import run
    except ModuleNotFoundError as error:
        raise MissingExtraError(purpose="The server", extra="serve") from error
    found = {} if file is not None else named_indexes(indexes or [], name or [], find=_index_of)
    served = [*found] if file is None else [file.config.name]
    log_of("colmodern.serve")
    if not config.access_log:
        log_of("colmodern.serve.requests", logging.WARNING)
    if config.insecure:
        note("insecure: whoever reaches this address can read every document", level="warning")

    def ready(url: str) -> None:
        if form is Format.HUMAN:
            announce(visible(f"{', '.join(served)} at {url}"))
        else:
            announce(as_json({"url": url, "pid": os.getpid(), "indexes": served}))

    if file is None:
        run.serve(found, config, ready=ready)
    else:
        run.coordinate(file, config, ready=ready)


def _shards_alone(
    path: Path, indexes: list[Path], names: list[str], config: ServeConfig
) -> ShardsFile:
    """Return what a file of shards says, if nothing is to be served beside them.

    Raises:
        ConfigError: Something is, or the file cannot be used.
    """
    from colmodern.serve.coordinator.shards_file import read_shards_file

    others = {
        "INDEX": indexes,
        "--name": names,
        "--shard": config.shard,
        "--writable": config.writable,
        "--workers": config.workers > 1,
    }
    for option, given in others.items():
        if given:
            raise ConfigError(
                f"--shards searches other servers; it does not go together with {option}.",
                code="option_conflict",
                option="--shards",
                value=str(path),
            )
    return read_shards_file(path)


def _index_of(path: Path) -> Path:
    """Return the index in a folder; a folder of documents without one is indexed first."""
    index = named(path)
    if (
        url_of(index) is not None
        or exists(index)
        or not path.is_dir()
        or path.name.endswith(".colmodern")
    ):
        return index
    location = default_location([path])
    note(f"{path} has no index yet: making {location}")
    from colmodern.indexer import Indexer

    indexer = Indexer(location, EncoderArguments().load("default"))
    with progress_bar() as progress:
        change(location, lambda: indexer.sync([path], progress=progress))
    return location
