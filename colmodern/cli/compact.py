"""``colmodern compact``: small segments into one, or everything encoded anew."""

from __future__ import annotations

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
from colmodern.cli.jobs import change
from colmodern.cli.location import locate
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note
from colmodern.request import WriteRequest


@takes(*shown(WriteRequest), after="fetch")
def compact(
    *,
    index: IndexOption = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Encode all texts again, for a codec that fits them.")
    ] = False,
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    fetch: FetchOption = False,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Merge small segments of an index and drop what was deleted."""
    from colmodern.indexer import Indexer
    from colmodern.indexer import compact as compact_index

    asked, location = WriteRequest(**options), locate(index)
    if retrain:
        encoding = EncoderArguments(backend=backend, device=device, fetch=fetch)
        is_own = backend is Backend.NATIVE and not fetch
        encoder = None if is_own else encoding.load_named(location)
        with progress_bar() as progress:
            again = partial(Indexer(location, encoder).retrain, progress=progress)
            report = change(location, again, wait=asked.wait)
        if report.continued:
            note(f"continued: {report.continued:,} documents were done")
    else:
        report = change(location, partial(compact_index, location), wait=asked.wait)
    fields = {"documents": report.documents, "tokens": report.tokens}
    print_fields({"index": str(location), **fields, "seconds": round(report.seconds, 2)}, form)
