"""``colmodern delete``: documents out of an index, by their ids."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from colmodern.cli.arguments import IndexOption
from colmodern.cli.derived import shown, takes
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.jobs import change
from colmodern.cli.location import locate
from colmodern.cli.printing.terminal import note, print_text
from colmodern.request import WriteRequest


@takes(*shown(WriteRequest), after="index")
def delete(
    ids: Annotated[list[str], typer.Argument(help="Ids of documents.", show_default=False)],
    *,
    index: IndexOption = None,
    **options: Any,
) -> None:
    """Delete documents from an index by their ids."""
    from colmodern.indexer import delete as delete_documents

    location = locate(index)
    wait = WriteRequest(**options).wait
    missing = change(location, partial(delete_documents, location, ids), wait=wait)
    for identifier in missing:
        note(f"no such document: {identifier}")
    print_text(f"deleted {len(set(ids)) - len(missing)} of {len(set(ids))} documents")
    if missing:
        raise typer.Exit(ExitStatus.NOTHING)
