"""``colmodern index``: make an index of files, or bring it up to date with them."""

from __future__ import annotations

import sys
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from colmodern.cli.arguments import (
    BackendOption,
    DeviceOption,
    FormatOption,
    IndexOption,
    PrecisionOption,
    ShardsOption,
)
from colmodern.cli.derived import shown, taken, takes
from colmodern.cli.encoder import Backend, EncoderArguments
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.jobs import change, done_of_change, ends_well
from colmodern.cli.location import default_location, named, remember
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note, outlive_closed_pipes
from colmodern.cli.runner import RunnerKind, runner_of
from colmodern.corpus.options import ScanOptions
from colmodern.request import IndexConfig, SyncRequest

if TYPE_CHECKING:
    from colmodern.indexer import IndexReport


@takes(*shown(IndexConfig), *shown(ScanOptions), *shown(SyncRequest), after="batch_tokens")
def index(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Folders or files.", show_default=False)],
    *,
    index: IndexOption = None,
    shards: ShardsOption = None,
    model: Annotated[
        str, typer.Option(help="A checkpoint folder or hub name; the student inside the package.")
    ] = "default",
    precision: PrecisionOption = "auto",
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="torch: compile the model first, for long runs.")
    ] = False,
    batch_tokens: Annotated[
        int | None, typer.Option(min=1, help="torch: tokens in a batch, padding included.")
    ] = None,
    runner: Annotated[
        RunnerKind, typer.Option(help="Who encodes the parts of a shard set. (extra: ray)")
    ] = RunnerKind.HERE,
    ray_address: Annotated[
        str | None, typer.Option(help="ray: a cluster that runs, as auto; else one is started.")
    ] = None,
    encoders: Annotated[
        int | None, typer.Option(min=1, help="ray: how many workers; by default one a machine.")
    ] = None,
    gpus_each: Annotated[
        float, typer.Option(min=0, max=64, help="ray: how much of a GPU each worker has.")
    ] = 0.0,
    watch: Annotated[
        bool, typer.Option("--watch", help="Then follow the files until Ctrl-C. (extra: watch)")
    ] = False,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Index folders and files, or bring an index up to date with them."""
    from colmodern.indexer import Indexer
    from colmodern.storage import exists, is_shard_set

    scan, asked = taken(ScanOptions, options), taken(SyncRequest, options)
    location = named(index) or default_location(paths)
    encoding = EncoderArguments(
        precision=precision,
        backend=backend,
        device=device,
        compiled=compiled,
        batch_tokens=batch_tokens,
    )
    config = IndexConfig(**options)
    engine = runner_of(
        runner,
        encoding,
        address=ray_address,
        encoders=encoders,
        gpus_each=gpus_each,
        is_set=shards is not None or is_shard_set(location),
    )
    indexer = Indexer(location, encoding.load(model), config=config, shards=shards, runner=engine)
    is_new = not exists(location)
    with progress_bar() as progress:
        sync = partial(indexer.sync, paths, scan, prune=asked.prune, progress=progress)
        report = change(location, sync, wait=asked.wait)
    remember(location)
    if not is_new:
        _tell_kept_options(location, indexer.config, _typed(context))
    if report.continued:
        note(f"continued: {report.continued:,} documents were done")
    _print_report(report, location, form)
    if watch:
        from colmodern.indexer import watch as watch_files

        note("watching; Ctrl-C ends it")
        with ends_well(partial(done_of_change, location)):
            watch_files(
                indexer,
                paths,
                scan,
                prune=asked.prune,
                report=lambda update: _print_report(update, location, form),
                problem=note,
            )
    status = _status(report)
    if status is not ExitStatus.DONE:
        raise typer.Exit(status)


def _typed(context: typer.Context) -> set[str]:
    """Return the names of the parameters that were given on the command line."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def _tell_kept_options(location: Path, asked: IndexConfig, names: Collection[str]) -> None:
    """Say which options were typed that an index which was there already does not follow."""
    from colmodern.indexer.kept_config import config_at

    kept = config_at(location)
    for one in shown(IndexConfig):
        typed, found = getattr(asked, one.name), getattr(kept, one.name)
        if one.name in names and typed != found:
            note(
                f"{one.typed} {typed} is for a new index; {location} keeps {found}. Index into "
                "another folder (--index) to have it.",
                level="warning",
            )


def _status(report: IndexReport) -> ExitStatus:
    """Return how the command ends."""
    if report.kept:
        return ExitStatus.PARTLY
    if report.from_roots:
        return ExitStatus.DONE
    note(f"nothing was indexed: {_why_nothing(report)}")
    return ExitStatus.NOTHING


def _why_nothing(report: IndexReport) -> str:
    from colmodern.corpus import SkipReason

    counts = sorted(report.skipped.counts.items())
    counts = [(why, n) for why, n in counts if not why.is_note and why is not SkipReason.INDEX]
    if not counts:
        return "there are no files"
    return "what there is was left out: " + ", ".join(f"{n:,} {why}" for why, n in counts)


def _print_report(report: IndexReport, location: Path, form: Format) -> None:
    for line in (*report.skipped_lines(), *report.unread.lines()):
        note(line)
    if report.excluded:
        note(f"{report.excluded:,} of the deleted documents are left out by a rule now")
    print_fields({"index": str(location), **report.to_dict()}, form)
    if sys.stdout is not None:  # closed by whoever started it
        sys.stdout.flush()  # whoever reads a watch through a pipe wants to know now
    outlive_closed_pipes()  # a watch goes on, and has pipes of its own to those that read files
