"""``colmodern gc``: what no kept publication names goes from an object store."""

from __future__ import annotations

from typing import Annotated

import typer

from colmodern.cli.arguments import FormatOption, UrlArgument
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.terminal import Format, note


def gc(
    url: UrlArgument,
    *,
    keep: Annotated[
        int, typer.Option(min=1, help="Publications that stay, the newest of all.")
    ] = 2,
    younger_than: Annotated[
        float,
        typer.Option(min=0, help="Hours: what is younger stays; a push may be about to use it."),
    ] = 24.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Remove nothing; say what would go.")
    ] = False,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Remove what no kept publication names from an object store (extra: remote)."""
    from colmodern.remote import collect

    report = collect(url, keep=keep, younger_than=younger_than, dry_run=dry_run)
    if dry_run:
        note("nothing was removed; without --dry-run it is done")
    print_fields(report.to_dict(), form)
