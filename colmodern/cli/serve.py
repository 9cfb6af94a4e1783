"""``colmodern serve``: search with evidence over HTTP."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.derived import shown, taken, takes
from colmodern.cli.encoder import EncoderArguments
from colmodern.cli.jobs import change
from colmodern.cli.location import default_location, locate, named
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, announce, as_json, note, visible
from colmodern.errors import ConfigError, MissingExtraError
from colmodern.serve import ServeConfig
from colmodern.storage import exists


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
    found = _indexes(indexes or [], name or [])
    if config.insecure:
        note("insecure: whoever reaches this address can read every document", level="warning")

    def ready(url: str) -> None:
        if form is Format.HUMAN:
            announce(visible(f"{', '.join(found)} at {url}"))
        else:
            announce(as_json({"url": url, "pid": os.getpid(), "indexes": list(found)}))

    run_server(found, config, ready=ready)


def _indexes(paths: Sequence[Path], names: Sequence[str]) -> dict[str, Path]:
    """Return the indexes to serve, by name; the nearest one where none is said.

    Raises:
        ConfigError: Two have the same name, or a name has no path.
    """
    asked = [(_name_of(path), path) for path in paths]
    for one in names:
        name, is_given, folder = one.partition("=")
        if not (name and is_given and folder):
            message = f"--name must be NAME=PATH, not {one!r}."
            raise ConfigError(message, code="option_invalid", option="--name", value=one)
        asked.append((name, Path(folder)))
    if not asked:
        nearest = locate(None)
        return {_name_of(nearest): nearest}
    found: dict[str, Path] = {}
    for name, path in asked:
        if name in found:
            raise ConfigError(
                f"Two indexes have the name {name!r}; give one another: --name NAME=PATH.",
                code="option_conflict",
                option="--name",
                value=name,
            )
        found[name] = _index_of(path)
    return found


def _name_of(path: Path) -> str:
    """Return what an index is called: as its folder of documents, without a suffix of ours."""
    whole = path.absolute()
    name = whole.parent.name if whole.name == ".colmodern" else whole.name
    return name.removesuffix(".colmodern") or "index"


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
