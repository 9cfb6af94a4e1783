"""How soon does ``colmodern mcp`` answer? Wall and processor seconds since its start.

    python -m benchmarks.mcp_start INDEX [--runs 5]

The greeting is answered before the protocol's package is imported, the list of tools after it, and
the first search opens the index and loads its encoder. The least of the runs is shown: what else
the machine does can only make it more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_CLIENT = {"name": "benchmark", "version": "1"}
_PARAMS = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": _CLIENT}
_INITIALIZED: dict[str, Any] = {"method": "notifications/initialized"}
_STEPS: dict[str, list[dict[str, Any]]] = {
    "greeting": [{"id": 1, "method": "initialize", "params": _PARAMS}],
    "list of tools": [_INITIALIZED, {"id": 2, "method": "tools/list"}],
    "first search": [
        {
            "id": 3,
            "method": "tools/call",
            "params": {"name": "search", "arguments": {"query": "who may revoke a key?"}},
        }
    ],
}


def main() -> None:
    """Print a row a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    runs = [measured(arguments.index) for _ in range(arguments.runs)]
    print(f"{'step':<14} {'wall s':>7} {'cpu s':>7}")
    for step in _STEPS:
        wall, cpu = (min(run[step][kind] for run in runs) for kind in (0, 1))
        print(f"{step:<14} {wall:7.2f} {cpu:7.2f}")


def measured(index: Path) -> dict[str, tuple[float, float]]:
    """Return the wall and processor seconds at which each step was answered, in a new process."""
    command = [sys.executable, "-m", "colmodern", "mcp", str(index)]
    started = time.perf_counter()
    found = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for step, messages in _STEPS.items():
            for message in messages:
                process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            process.stdin.flush()
            process.stdout.readline()
            found[step] = (time.perf_counter() - started, _cpu_seconds(process.pid))
        process.stdin.close()
    return found


def _cpu_seconds(pid: int) -> float:
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
