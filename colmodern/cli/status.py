"""``colmodern status``: which files changed since they were indexed?"""

from __future__ import annotations

import typer

from colmodern.cli.arguments import FormatOption, IndexOption
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.location import locate
from colmodern.cli.printing.fields import print_status
from colmodern.cli.printing.terminal import Format, note


def status(*, index: IndexOption = None, form: FormatOption = Format.HUMAN) -> None:
    """Say which files changed since they were indexed; change nothing."""
    from colmodern.indexer import status as look
    from colmodern.indexer.report import lines_of

    found = look(locate(index))
    print_status(found, form)
    for line in (*lines_of(found.skipped), *found.unread.lines()):
        note(line)
    if found.needs_prune:
        note(
            f"{found.deleted_documents:,} documents would be deleted; `colmodern index` stops "
            "before that, unless it is told --prune"
        )
    if found.is_in_doubt:
        raise typer.Exit(ExitStatus.PARTLY)
