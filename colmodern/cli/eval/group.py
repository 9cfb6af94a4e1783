"""Which commands does ``colmodern eval`` have?"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from colmodern.cli.eval.compare import compare_records
from colmodern.cli.eval.efficiency import measure_efficiency
from colmodern.cli.eval.measure import measure
from colmodern.cli.eval.passages import passages
from colmodern.cli.eval.repeat import repeat
from colmodern.cli.eval.show import show

_MEASURE = "measure"


class _MeasureByDefault(TyperGroup):
    """A group in which what is no command's name is an argument of ``measure``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [_MEASURE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_MeasureByDefault,
    no_args_is_help=True,
    help="Measure searches on judged collections: colmodern eval DATASET...",
)

app.command(_MEASURE)(measure)
app.command()(show)
app.command("compare")(compare_records)
app.command()(repeat)
app.command("efficiency")(measure_efficiency)
app.command()(passages)
