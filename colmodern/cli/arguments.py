"""Which options do several commands share?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colmodern.cli.encoder import Backend
from colmodern.cli.printing.terminal import Format

IndexOption = Annotated[
    Path | None,
    typer.Option(
        "--index",
        help="The index, or the folder that holds it; else the nearest or the last one. What only "
        "reads takes a URL, too: s3://bucket/prefix.",
    ),
]
UrlArgument = Annotated[
    str,
    typer.Argument(
        help="s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///FOLDER.",
        show_default=False,
    ),
]
SetOption = Annotated[Path, typer.Option("--index", help="The folder of the shard set.")]
ShardsOption = Annotated[
    int | None,
    typer.Option(
        min=1, max=10_000, help="Shards of a new set: indexes with one codec, searched as one."
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]
PrecisionOption = Annotated[
    str, typer.Option(help="What the encoder computes in: auto, fp32, bf16 or int8.")
]
BackendOption = Annotated[
    Backend, typer.Option(help="What encodes: our own code, or torch. (extra: torch)")
]
DeviceOption = Annotated[
    str | None, typer.Option(help="torch: cuda, cuda:1, mps or cpu; by default a GPU if any.")
]
FetchOption = Annotated[
    bool,
    typer.Option("--fetch", help="Fetch the model that the index names, if it is not here."),
]
LinksOption = Annotated[
    str,
    typer.Option(
        "--links",
        envvar="COLMODERN_LINKS",
        help="Where links on a terminal lead: file, vscode, cursor, zed, idea, textmate, none, or "
        "a template with {path} and {line}.",
    ),
]
