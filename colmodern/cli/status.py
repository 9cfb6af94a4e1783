"""``colmodern status``: which files changed since they were indexed?"""

from __future__ import annotations

from colmodern.cli.arguments import FormatOption, IndexOption
from colmodern.cli.location import locate
from colmodern.cli.printing.fields import print_status
from colmodern.cli.printing.terminal import Format


def status(*, index: IndexOption = None, form: FormatOption = Format.HUMAN) -> None:
    """Say which files changed since they were indexed; change nothing."""
    from colmodern.indexer import status as look

    print_status(look(locate(index)), form)
