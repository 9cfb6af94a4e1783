"""``colmodern mcp``: search with evidence for the agent that starts it."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from colmodern.cli.derived import shown, taken, takes
from colmodern.cli.location import named_indexes
from colmodern.errors import MissingExtraError
from colmodern.serve import ServeConfig


@takes(*shown(ServeConfig, "budget", "threads", "deadline"), after="name")
def mcp(
    indexes: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[INDEX]...", help="Indexes, or folders that hold one."),
    ] = None,
    *,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="NAME=PATH: an index under a name; may be repeated."),
    ] = None,
    **options: Any,
) -> None:
    """Serve indexes to an agent on standard input and output: the Model Context Protocol."""
    config = taken(ServeConfig, options)
    if find_spec("mcp_types") is None:
        raise MissingExtraError(purpose="`colmodern mcp`", extra="mcp")
    from colmodern.serve.mcp.stdio import serve_stdio

    serve_stdio(partial(named_indexes, indexes or [], name or []), config)
