"""``colmodern pull``: a published index comes to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colmodern.cli.arguments import FormatOption, UrlArgument
from colmodern.cli.jobs import ends_well
from colmodern.cli.location import remember
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note


def pull(
    url: UrlArgument,
    index: Annotated[
        Path,
        typer.Argument(
            help="A folder that is empty or does not exist, or holds what was pulled before.",
            show_default=False,
        ),
    ],
    *,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Fetch what is published at a URL to a folder, or bring that up to date (extra: remote)."""
    from colmodern.remote import pull as fetch

    with (
        ends_well(lambda: "the folder is as it was, and what was fetched stays"),
        progress_bar() as progress,
    ):
        report = fetch(url, index, progress=progress)
    remember(index)
    if not report.is_new:
        note("that state is here already")
    print_fields(report.to_dict(), form)
