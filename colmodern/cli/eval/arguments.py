"""Which options do several commands of ``colmodern eval`` share?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

WorkOption = Annotated[
    Path | None, typer.Option(help="Keep the indexes in this folder and use them again.")
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write a page with tables and pictures to this file.")
]
