"""``colmodern verify``: is every file of an index as it was written?"""

from __future__ import annotations

import typer

from colmodern.cli.arguments import IndexOption
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.location import locate
from colmodern.cli.printing.terminal import note, print_text


def verify(*, index: IndexOption = None) -> None:
    """Check every file of an index against its checksum."""
    from colmodern.storage import verify as find_problems

    location = locate(index)
    problems = find_problems(location)
    for problem in problems:
        note(f"problem: {problem}")
    if problems:
        raise typer.Exit(ExitStatus.NOTHING)
    print_text(f"{location}: sound")
