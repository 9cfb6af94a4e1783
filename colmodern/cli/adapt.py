"""``colmodern adapt``: a student adapted to a corpus, and the index made with it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from colmodern.cli.arguments import FormatOption, IndexOption
from colmodern.cli.derived import shown, taken, takes
from colmodern.cli.jobs import change, ends_well
from colmodern.cli.location import default_location, named, remember
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note, print_text
from colmodern.corpus.options import ScanOptions
from colmodern.request import SyncRequest

_KEPT = "no student is written yet; the same command goes on with a training".format


@takes(*shown(ScanOptions), *shown(SyncRequest), after="queries")
def adapt(
    paths: Annotated[
        list[Path], typer.Argument(help="Folders or files, or one index.", show_default=False)
    ],
    *,
    index: IndexOption = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Where the student goes; else beside the index.", show_default=False),
    ] = None,
    model: Annotated[
        str, typer.Option(help="The student to start from: a checkpoint folder or hub name.")
    ] = "default",
    queries: Annotated[
        Path | None,
        typer.Option(
            help="Rows of JSON with query and id (of what answers it), which decide what is kept."
        ),
    ] = None,
    train: Annotated[
        bool,
        typer.Option(
            "--train",
            help="Also train the student on texts of these documents, by its teachers: half an "
            "hour (extra distill).",
        ),
    ] = False,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            help="Train by this model, not by the student's own teachers; may be given several "
            "times.",
            show_default=False,
        ),
    ] = None,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Adapt the student to documents without any labels, and index them with it."""
    from colmodern.distill.adapt import AdaptRequest, forget_training
    from colmodern.distill.adapt import adapt as fit
    from colmodern.storage import exists

    scan, asked = taken(ScanOptions, options), taken(SyncRequest, options)
    is_index = len(paths) == 1 and exists(paths[0])
    location = named(index) or (paths[0] if is_index else default_location(paths))
    request = AdaptRequest(
        roots=paths,
        output=output or location.with_name(f"{location.name}-student"),
        model=model,
        queries=queries,
        train=train,
        teachers=teacher or (),
        scan=scan,
    )
    with ends_well(_KEPT), progress_bar() as progress:
        found = fit(request, progress=progress)
    report = {}
    if is_index:
        note(f"the index stays as it is; make one of the same files with --model {found.model}")
    else:
        report = _indexed(paths, location, scan, found.model, asked)
    forget_training(request.output)
    if form is not Format.HUMAN:
        print_fields({**found.to_dict(), **report}, form)
        return
    for line in found.lines():
        print_text(line)
    if report:
        print_fields(report, form)


def _indexed(
    paths: list[Path], location: Path, scan: ScanOptions, model: str, asked: SyncRequest
) -> dict[str, Any]:
    """Make the index, or go on with it; return what came of it."""
    from colmodern.encoder import Encoder
    from colmodern.indexer import Indexer

    indexer = Indexer(location, Encoder.load(model))
    with progress_bar() as progress:
        sync = partial(indexer.sync, paths, scan, prune=asked.prune, progress=progress)
        report = change(location, sync, wait=asked.wait)
    remember(location)
    for line in (*report.skipped_lines(), *report.unread.lines()):
        note(line)
    return {"index": str(location), **report.to_dict()}
