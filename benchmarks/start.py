"""How long does the shell wait for ``colmodern``, beside the imports that it cannot do without?

    python -m benchmarks.start INDEX [--runs 7]

Processor seconds of whole processes, by turns; medians, and how many times as long as
``python -c "import numpy, pyarrow"``.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys

_ANCHOR = "numpy, pyarrow"


def main() -> None:
    """Print a row a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    program = [sys.executable, "-m", "colmodern"]
    commands = {
        _ANCHOR: [sys.executable, "-c", f"import {_ANCHOR}"],
        "search": [*program, "search", "who may revoke a key?", "--index", options.index],
        "--help": [*program, "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(options.runs):
        for name, command in commands.items():
            times[name].append(_processor_seconds(command))
    anchor = statistics.median(times[_ANCHOR])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:<16} {median * 1e3:6.0f} ms {median / anchor:5.2f}")


def _processor_seconds(command: list[str]) -> float:
    # Compiled modules are kept, as they are wherever nobody asks for something else.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
