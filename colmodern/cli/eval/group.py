"""Which commands does ``colmodern eval`` have?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from colmodern.cli.eval.compare import compare_records
from colmodern.cli.eval.efficiency import measure_efficiency
from colmodern.cli.eval.measure import measure
from colmodern.cli.eval.passages import passages
from colmodern.cli.eval.repeat import repeat
from colmodern.cli.eval.show import show
from colmodern.cli.groups import Group
from colmodern.cli.log_format import with_log_format

_MEASURE = "measure"


class _MeasureByDefault(Group):
    """A group in which what is no command's name is an argument of ``measure``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [_MEASURE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_MeasureByDefault,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Measure searches on judged collections: colmodern eval DATASET...",
)

_COMMANDS: dict[str, Callable[..., None]] = {
    _MEASURE: measure,
    "show": show,
    "compare": compare_records,
    "repeat": repeat,
    "efficiency": measure_efficiency,
    "passages": passages,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(with_log_format(_command))
