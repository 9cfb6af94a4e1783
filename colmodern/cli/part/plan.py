"""``colmodern part plan``: what is to be encoded, in parts."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from colmodern.cli.arguments import (
    BackendOption,
    DeviceOption,
    FormatOption,
    PrecisionOption,
    SetOption,
    ShardsOption,
)
from colmodern.cli.derived import shown, taken, takes
from colmodern.cli.encoder import Backend, EncoderArguments
from colmodern.cli.jobs import change
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note
from colmodern.corpus.options import ScanOptions
from colmodern.request import IndexConfig, SyncRequest


@takes(*shown(IndexConfig), *shown(ScanOptions), *shown(SyncRequest), after="part_tokens")
def plan(
    paths: Annotated[list[Path], typer.Argument(help="Folders or files.", show_default=False)],
    *,
    index: SetOption,
    shards: ShardsOption = None,
    model: Annotated[
        str, typer.Option(help="A checkpoint folder or hub name; the student inside the package.")
    ] = "default",
    codec: Annotated[
        Path | None,
        typer.Option(help="An index, or a set, whose codec a new set gets; else one is trained."),
    ] = None,
    precision: PrecisionOption = "auto",
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    part_tokens: Annotated[
        int, typer.Option(min=1, help="Tokens that a part has, about.")
    ] = 500_000,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Read what is new or changed, train the codec of a new set, and write the parts."""
    from colmodern.indexer import Indexer
    from colmodern.storage import open_reader

    scan, asked = taken(ScanOptions, options), taken(SyncRequest, options)
    encoder = EncoderArguments(precision=precision, backend=backend, device=device).load(model)
    given = None
    if codec is not None:
        with open_reader(codec) as reader:
            given = reader.codec
    indexer = Indexer(index, encoder, config=IndexConfig(**options), codec=given, shards=shards)
    with progress_bar() as progress:
        work = partial(
            indexer.plan,
            paths,
            scan,
            prune=asked.prune,
            part_tokens=part_tokens,
            progress=progress,
        )
        found, report = change(index, work, wait=asked.wait)
    for line in (*report.skipped_lines(), *report.unread.lines()):
        note(line)
    if found is None:
        note("nothing is to be done: the set is as its files are")
    print_fields(
        {
            "index": str(index),
            "plan": None if found is None else str(found.folder),
            "parts": 0 if found is None else len(found.parts),
            "characters": 0 if found is None else found.n_chars,
            "added": report.added,
            "updated": report.updated,
            "deleted": report.deleted,
            "continued": report.continued,
            "seconds": round(report.seconds, 2),
        },
        form,
    )
