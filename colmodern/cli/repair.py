"""``colmodern repair``: what is damaged in an index is made again, or listed as lost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import typer

from colmodern.cli.arguments import (
    BackendOption,
    DeviceOption,
    FetchOption,
    FormatOption,
    IndexOption,
)
from colmodern.cli.derived import shown, takes
from colmodern.cli.encoder import Backend, EncoderArguments
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.jobs import change
from colmodern.cli.location import locate
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note
from colmodern.request import WriteRequest


@takes(*shown(WriteRequest), after="fetch")
def repair(
    *,
    index: IndexOption = None,
    model: Annotated[
        str | None,
        typer.Option(help="What encodes again; by default the model that the index names."),
    ] = None,
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    fetch: FetchOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; say what would be done.")
    ] = False,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Mend a damaged index from its own files and from those it was made of."""
    from colmodern.indexer import repair as repair_index

    asked, location = WriteRequest(**options), locate(index)
    encoding = EncoderArguments(backend=backend, device=device, fetch=fetch)
    encoder = None
    if model is not None:
        encoder = encoding.load(model)
    elif backend is not Backend.NATIVE or fetch:
        encoder = encoding.load_named(location)
    with progress_bar() as progress:
        mend = partial(repair_index, location, encoder, dry_run=dry_run, progress=progress)
        report = change(location, mend, wait=asked.wait)
    for problem in report.problems:
        note(f"problem: {problem}")
    lost = "would be lost" if dry_run else "lost"
    _tell(lost, report.lost)
    if report.n_unnamed:
        note(f"{lost}: {report.n_unnamed:,} documents whose ids are lost, too")
    if report.n_unreadable:
        note(f"{lost}: what {report.n_unreadable:,} segments held and no file gave again")
    _tell("may have been deleted before", report.unsure)
    if dry_run and report.problems:
        note("nothing was changed; without --dry-run it is done")
    print_fields({"index": str(location), **report.to_dict()}, form)
    if not report.is_whole:
        raise typer.Exit(ExitStatus.NOTHING)


def _tell(what: str, ids: Sequence[str]) -> None:
    for identifier in ids:
        note(f"{what}: {identifier}")
