"""``colmodern part encode``: parts of a plan, one after the other."""

from __future__ import annotations

import time
from functools import cache
from typing import Annotated

import typer

from colmodern.cli.arguments import (
    BackendOption,
    DeviceOption,
    FetchOption,
    FormatOption,
    PrecisionOption,
    SetOption,
)
from colmodern.cli.encoder import Backend, EncoderArguments
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.terminal import Format


def encode(
    *,
    index: SetOption,
    part: Annotated[
        list[int] | None,
        typer.Option("--part", min=1, help="The number of a part; may be repeated."),
    ] = None,
    task: Annotated[
        int | None, typer.Option(min=1, help="Instead: which of --tasks tasks this is, from 1.")
    ] = None,
    tasks: Annotated[
        int | None, typer.Option(min=1, help="How many tasks share the parts.")
    ] = None,
    precision: PrecisionOption = "auto",
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    fetch: FetchOption = False,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Encode parts with the model of the plan; one that is done is left as it is."""
    from colmodern.indexer.shards.encode import encode_part
    from colmodern.indexer.shards.plan import plan_folder, read_plan

    is_task = task is not None and tasks is not None and task <= tasks
    if bool(part) == is_task or (task is None) != (tasks is None):
        raise typer.BadParameter("Give either --part, or --task I --tasks N with I from 1 to N.")
    started = time.perf_counter()
    plan = read_plan(plan_folder(index))
    encoding = EncoderArguments(precision=precision, backend=backend, device=device, fetch=fetch)
    encoder = cache(lambda: encoding.load_for_plan(plan.encoder.name))
    wanted = [plan.part(number) for number in dict.fromkeys(part or ())]
    if task is not None:
        wanted = list(plan.parts[task - 1 :: tasks])
    done = [one for one in wanted if encode_part(plan, one, encoder)]
    print_fields(
        {
            "index": str(index),
            "parts": len(wanted),
            "encoded": len(done),
            "done_before": len(wanted) - len(done),
            "documents": sum(one.n_documents for one in done),
            "characters": sum(one.n_chars for one in done),
            "seconds": round(time.perf_counter() - started, 2),
        },
        form,
    )
