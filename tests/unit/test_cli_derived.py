"""Does a command do what its derived options say?"""

from dataclasses import dataclass
from typing import ClassVar

import typer
from typer.testing import CliRunner

from colmodern.cli.derived import shown, taken, takes
from colmodern.options import Options, option


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lamp(Options):
    WHAT: ClassVar[str] = "option of a lamp"

    shines: bool = option(True, help="Whether it shines.")
    blinks: bool = option(False, help="Whether it blinks.")


def _printed(*words):
    app = typer.Typer()

    @app.command()
    @takes(*shown(_Lamp), after="where")
    def lamp(*, where: str = "here", **options) -> None:
        found = taken(_Lamp, options)
        typer.echo(f"{found.shines} {found.blinks}")

    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output.split()


def test_a_switch_is_turned_from_what_it_is_by_default():
    assert _printed() == ["True", "False"]
    assert _printed("--no-shines") == ["False", "False"]
    assert _printed("--blinks") == ["True", "True"]
