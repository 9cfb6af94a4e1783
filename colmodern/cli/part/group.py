"""Which commands does ``colmodern part`` have?"""

from __future__ import annotations

import typer

from colmodern.cli.groups import Group
from colmodern.cli.log_format import with_log_format
from colmodern.cli.part.commit import commit
from colmodern.cli.part.encode import encode
from colmodern.cli.part.plan import plan

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="A shard set in parts, for an array job: plan once, encode anywhere, commit once.",
)
for _command in (plan, encode, commit):
    app.command()(with_log_format(_command))
