"""``colmodern push``: an index is published on an object store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colmodern.cli.arguments import FormatOption, UrlArgument
from colmodern.cli.jobs import ends_well
from colmodern.cli.location import named
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note


def push(
    index: Annotated[
        Path,
        typer.Argument(
            help="The index or shard set, or the folder that holds it.", show_default=False
        ),
    ],
    url: UrlArgument,
    *,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Also publish what does not come from what is there."),
    ] = False,
    resend: Annotated[
        bool, typer.Option("--resend", help="Send every file: mends what is damaged there.")
    ] = False,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Publish the newest state of an index or a shard set on an object store (extra: remote)."""
    from colmodern.remote import push as publish
    from colmodern.storage.directory.urls import check_local

    check_local(index)
    with (
        ends_well(lambda: "nothing new is visible yet, and what was sent stays"),
        progress_bar() as progress,
    ):
        report = publish(named(index), url, replace=replace, resend=resend, progress=progress)
    if not report.is_new:
        note("that state is published already")
    print_fields(report.to_dict(), form)
