"""``colmodern repair``: what is damaged in an index is made again, or listed as lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from colmodern.cli.arguments import (
    BackendOption,
    DeviceOption,
    FetchOption,
    FormatOption,
    IndexOption,
)
from colmodern.cli.encoder import Backend, EncoderArguments
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.location import locate
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note


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
    form: FormatOption = Format.HUMAN,
) -> None:
    """Mend a damaged index from its own files and from those it was made of."""
    from colmodern.indexer import repair as repair_index

    location = locate(index)
    encoding = EncoderArguments(backend=backend, device=device, fetch=fetch)
    encoder = None
    if model is not None:
        encoder = encoding.load(model)
    elif backend is not Backend.NATIVE or fetch:
        encoder = encoding.load_named(location)
    with progress_bar() as progress:
        report = repair_index(location, encoder, progress=progress)
    for problem in report.problems:
        note(f"problem: {problem}")
    _tell("lost", report.lost)
    if report.n_unnamed:
        note(f"lost: {report.n_unnamed:,} documents whose ids are lost, too")
    _tell("may have been deleted before", report.unsure)
    print_fields({"index": str(location), **report.to_dict()}, form)
    if not report.is_whole:
        raise typer.Exit(ExitStatus.NOTHING)


def _tell(what: str, ids: Sequence[str]) -> None:
    for identifier in ids:
        note(f"{what}: {identifier}")
