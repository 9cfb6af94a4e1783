"""Whoever types what the tutorials say meets no error: each block of shell, line by line."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^\n]+) -->\n+)?^```sh\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def lines(page):
    for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if found["reason"] is None:
            yield from found["code"].splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_runs_line_by_line(page, tmp_path):
    for folder in ("handbook", "judged"):
        target = tmp_path / "examples" / folder
        target.parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-r", ROOT / "examples" / folder, target], check=True)
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "HF_HUB_OFFLINE": "1"}
    typed = list(lines(page))
    assert typed
    for line in typed:
        program, *words = shlex.split(line)
        assert program == "colmodern", line
        done = subprocess.run(
            [sys.executable, "-m", "colmodern", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout.strip(), line
