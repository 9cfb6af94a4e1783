"""``colmodern verify``: is every file of an index as it was written?"""

from __future__ import annotations

import typer

from colmodern.cli.arguments import IndexOption
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.location import locate
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import note, print_text
from colmodern.storage.directory.urls import url_of


def verify(*, index: IndexOption = None) -> None:
    """Check every file of an index against its checksum."""
    from colmodern.storage import verify as find_problems

    location = locate(index)
    url = url_of(location)
    if url is None:
        problems = find_problems(location)
    else:
        from colmodern.remote import verify_published

        with progress_bar() as progress:
            problems = verify_published(url, progress=progress)
    for problem in problems:
        note(f"problem: {problem}")
    if problems:
        raise typer.Exit(ExitStatus.NOTHING)
    print_text(f"{url or location}: sound")
