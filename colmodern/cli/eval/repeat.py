"""``colmodern eval repeat``: does a record's measurement give the same again?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.eval.arguments import WorkOption
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.printing.fields import print_rows
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note, print_json


def repeat(
    record: Annotated[Path, typer.Argument(help="A folder that --record has written.")],
    *,
    work: WorkOption = None,
    again: Annotated[
        Path | None, typer.Option("--record", help="Write a record of the new run there.")
    ] = None,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Run a record's measurement again and compare; exit code 1 if a mean is another."""
    from colmodern.eval import Record
    from colmodern.eval import repeat as repeat_record
    from colmodern.eval.run.record import check_is_free

    then = Record.load(record)
    if again is not None:
        check_is_free(again)
    with progress_bar() as progress:
        report, dataset = repeat_record(then, work=work, progress=progress)
    if again is not None:
        Record.write(again, report, dataset)
        note(f"record written to {again}")
    rows = [
        {"measure": name, "then": round(value, 4), "now": round(report.measures[name], 4)}
        for name, value in then.report.measures.items()
    ]
    if form in (Format.JSON, Format.JSONL):
        print_json({"measures": rows, "report": report.to_dict()})
    else:
        print_rows(rows, form)
    if any(row["then"] != row["now"] for row in rows):
        note("the means differ from the record's")
        raise typer.Exit(ExitStatus.NOTHING)
