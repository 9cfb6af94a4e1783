"""``colmodern distill``: a student by a recipe."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from colmodern.cli.jobs import ends_well
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import print_text


class Layout(StrEnum):
    """How a student is written."""

    PYLATE = "pylate"
    ST = "st"


def distill(
    recipe: Annotated[str, typer.Argument(help="A TOML file, or the name of a shipped recipe.")],
    *,
    data: Annotated[Path, typer.Option(help="The folder with the files the recipe names.")],
    out: Annotated[Path, typer.Option(help="Where every stage puts its files.")],
    stage: Annotated[
        list[str] | None, typer.Option(help="Only this stage; may be given several times.")
    ] = None,
    layout: Annotated[
        Layout | None,
        typer.Option("--format", help="The layout of the student; else the recipe's."),
    ] = None,
) -> None:
    """Train a student by a recipe; the same command again goes on where it stopped."""
    from colmodern.distill import Recipe
    from colmodern.distill import distill as train

    kept = partial("the steps that are done and the last checkpoint are kept in {}".format, out)
    with ends_well(kept), progress_bar() as progress:
        folder = train(
            Recipe.load(recipe),
            data=data,
            out=out,
            stages=stage or (),
            layout=layout,
            progress=progress,
        )
    done = "student written to" if folder.is_dir() else "done; the student will be in"
    print_text(f"{done} {folder}")
