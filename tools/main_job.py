"""Does an installed colmodern do its main job? No checkout, no network, no compiler.

    python tools/main_job.py

Run from a folder without the package's source, so that what is installed is what runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TEXTS = {
    "keys.md": "# Keys\n\nA key that has leaked is withdrawn by the officer on duty.\n",
    "bread.txt": "Bread rises in the oven; the oven must be hot.\n",
    "ice.html": "<h1>Ice</h1><p>A glacier moves a metre a day.</p>",
}


def main() -> int:
    """Index three files, search them, look at the kernels, and return the exit status."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "texts")
        folder.mkdir()
        for name, text in TEXTS.items():
            (folder / name).write_text(text, encoding="utf-8")

        def run(*words: str) -> str:
            command = [sys.executable, "-m", "colmodern", *words]
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, cwd=home, env=environment
            )
            if done.returncode:
                raise SystemExit(f"{words} ended with {done.returncode}: {done.stderr}")
            return done.stdout

        run("index", "texts")
        index = ("--index", "texts", "--format", "json")
        (hit,) = json.loads(run("search", "who may revoke a leaked key?", "-k", "1", *index))[
            "hits"
        ]
        about = json.loads(run("info", *index))
        sound = json.loads(run("doctor", *index))["sound"]
    if hit["id"] != "keys.md" or "withdrawn" not in hit["passage"]["text"]:
        raise SystemExit(f"not the answer: {hit}")
    if about["documents"] != len(TEXTS) or about["kernels"] == "reference" or not sound:
        raise SystemExit(f"not as it has to be: {about}, sound: {sound}")
    print(f"main job done: Python {sys.version.split()[0]}, {sys.platform}, {about['kernels']}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
