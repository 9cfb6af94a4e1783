"""The picture of README.md: commands and what they print, as SVG.

    python -m tools.site.terminal docs/pictures/terminal.svg

The commands are run, and what they print is drawn; nothing is typed by hand.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[2]
WIDTH = 92
COMMANDS = (
    ("colmodern index handbook", 3),
    ('colmodern search "what is the wind limit of the Dunlin?" -k 1', 20),
    ('colmodern search "how often must a password be changed?" -k 1', 20),
)
"""What is typed, and how many lines of the answer are shown at most."""
# As rich draws it, without a font from elsewhere.
_FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Run the commands and write the picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(ROOT / "examples" / "handbook", Path(home, "handbook"))
        for command, most in COMMANDS:
            console.print(Text.assemble(("$ ", "green"), (command, "bold")))
            lines = list(AnsiDecoder().decode(_printed(command, home)))
            for line in lines[:most]:
                line.truncate(WIDTH)
                console.print(line, soft_wrap=True)
    picture = console.export_svg(
        title="colmodern", theme=MONOKAI, code_format=_FORMAT, unique_id="colmodern"
    )
    Path(sys.argv[1]).write_text(picture, encoding="utf-8")


def _printed(command: str, home: str) -> str:
    """Return what a command prints on a terminal of the width of the picture."""
    environment = {
        **os.environ,
        "COLUMNS": str(WIDTH),
        "FORCE_COLOR": "1",
        "COLMODERN_LINKS": "none",
        "HF_HUB_OFFLINE": "1",
        "XDG_STATE_HOME": f"{home}/state",
    }
    _, *words = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "colmodern", *words],
        cwd=f"{home}/handbook" if words[0] == "search" else home,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.replace(home, "~")


if __name__ == "__main__":
    main()
