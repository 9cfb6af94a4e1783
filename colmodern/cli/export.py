"""``colmodern export``: an index as files of another engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colmodern.cli.arguments import FormatOption, IndexOption
from colmodern.cli.location import locate
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note
from colmodern.exchange.target import Target


def export(
    output: Annotated[
        Path, typer.Argument(help="A file or folder that does not exist.", show_default=False)
    ],
    *,
    to: Annotated[Target, typer.Option("--to", help="For what.")] = Target.PARQUET,
    index: IndexOption = None,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Write documents and reconstructed vectors for Parquet, NumPy, LanceDB or Qdrant."""
    from colmodern.exchange import export as export_index
    from colmodern.remote import readable

    with readable(locate(index)) as location, progress_bar() as progress:
        report = export_index(location, output, to=to, progress=progress)
    if report.points > report.documents:
        note(
            f"{report.documents:,} documents became {report.points:,} points: Qdrant holds no "
            "longer ones, and scores each part by itself"
        )
    print_fields(report.to_dict(), form)
