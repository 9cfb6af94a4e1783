"""``colmodern doctor``: is everything here as it has to be? For reports of bugs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colmodern.cli.arguments import FormatOption, IndexOption
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.location import find_nearest, locate
from colmodern.cli.printing.findings import print_findings
from colmodern.cli.printing.terminal import Format


def doctor(
    *,
    index: IndexOption = None,
    model: Annotated[
        str | None,
        typer.Option(help="The model to load; by default that of the index, or the one inside."),
    ] = None,
    network: Annotated[
        bool, typer.Option("--network", help="Ask the model hub too; else no packet is sent.")
    ] = False,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Look at the program, the machine, the model, an index and the hub; change nothing."""
    from colmodern.doctor import State, examine

    location = find_nearest(Path.cwd().absolute()) if index is None else locate(index)
    found = list(examine(location, model=model, network=network))
    print_findings(found, form)
    if any(one.state is State.PROBLEM for one in found):
        raise typer.Exit(ExitStatus.NOTHING)
