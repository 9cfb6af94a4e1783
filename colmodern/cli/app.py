"""Which commands are there?

How they end: ``cli/exit_status.py``.
"""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from colmodern.cli.adapt import adapt
from colmodern.cli.compact import compact
from colmodern.cli.delete import delete
from colmodern.cli.distill import distill
from colmodern.cli.doctor import doctor
from colmodern.cli.eval import group as eval_group
from colmodern.cli.explain import explain
from colmodern.cli.export import export
from colmodern.cli.gc import gc
from colmodern.cli.import_index import import_index
from colmodern.cli.index import index
from colmodern.cli.info import info
from colmodern.cli.log_format import LogFormatOption, with_log_format
from colmodern.cli.mcp import mcp
from colmodern.cli.part import group as part_group
from colmodern.cli.printing.terminal import log_to_terminal, print_text, use_log_format
from colmodern.cli.pull import pull
from colmodern.cli.push import push
from colmodern.cli.repair import repair
from colmodern.cli.search import search
from colmodern.cli.serve import serve
from colmodern.cli.status import status
from colmodern.cli.usage import Program
from colmodern.cli.verify import verify

_COMMANDS = (
    *(index, status, search, explain, serve, mcp),
    *(info, verify, repair, delete, compact, push, pull, gc, export, doctor, adapt, distill),
)

app = typer.Typer(
    cls=Program,
    name="colmodern",
    help="Late-interaction search for long documents, on the machine you have.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

app.add_typer(eval_group.app, name="eval")
app.add_typer(part_group.app, name="part")
for _command in _COMMANDS:
    app.command()(with_log_format(_command))
app.command("import")(with_log_format(import_index))


def _print_version(wanted: bool) -> None:
    if wanted:
        from colmodern import __version__

        print_text(f"colmodern {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    log_format: LogFormatOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is done.")] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    if log_format is not None:
        use_log_format(log_format)
    log_to_terminal(logging.INFO if verbose else logging.WARNING)
